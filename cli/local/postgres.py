"""The PostgreSQL server of a local stack, and its first state: that of a new hosted project."""

import fcntl
import hashlib
import json
import os
import platform
import pwd
import shutil
import stat
import subprocess
import sys
import tarfile
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cli.errors import StackError
from cli.local.config import LOOPBACK, ROOT, Config

LOCAL = ROOT / "supabase" / "local"
BOOTSTRAP = LOCAL / "postgres"
PACKAGES = LOCAL / "node_modules"
TEMPLATE = "firmbase_template"  # every new database starts as a copy of this one
PGMQ_VERSION = "1.13.0"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "wal_level": "logical",
    "max_connections": "120",
    "random_page_cost": "1.1",  # as on hosted, or the planner would choose other indexes there
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
# Survives the death of the server, not that of the machine.
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


def package() -> Path:
    """The folder of the npm package with the server for this machine.

    Raises:
        StackError: no such package is installed here.
    """
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform, sys.platform)
    cpu = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    native = PACKAGES / "@embedded-postgres" / f"{system}-{cpu}" / "native"
    if not native.is_dir():
        raise StackError(f"PostgreSQL for {system}-{cpu} is not installed: run `make install`.")
    return native


def run_as() -> dict[str, Any]:
    """Arguments for subprocess: as root, PostgreSQL must run as somebody else."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def home(config: Config) -> Path:
    """Where the server's files lie: in the stack's folder, unless only root can get there."""
    if os.geteuid() != 0 or is_open_to_all(config.directory):
        return config.directory
    digest = hashlib.sha256(str(config.directory).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"firmbase-{digest}"  # noqa: S108


def is_open_to_all(path: Path) -> bool:
    return all(
        parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents) if parent.exists()
    )


def data(config: Config) -> Path:
    return home(config) / "data"


def server(config: Config) -> Path:
    """The server's programs, with links and extensions in place, where its user can get to them."""
    native = package()
    prepare(native)
    if os.geteuid() != 0 or is_open_to_all(native):
        return native
    version = json.loads((native.parent / "package.json").read_text())["version"]
    copy = home(config) / f"server-{version}-pgmq-{PGMQ_VERSION}"
    if not copy.exists():
        draft = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(native, draft, symlinks=True)
        draft.replace(copy)
    return copy


def prepare(native: Path) -> None:
    """Completes the npm package: npm drops symbolic links; pgmq and pgTAP come from elsewhere."""
    extensions = native / "share" / "postgresql" / "extension"
    if (extensions / "pgmq.control").exists():
        return  # the folder may be another user's, who has done it
    with (native / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two stacks may start at once
        if not (extensions / "pgmq.control").exists():
            add_links(native)
            add_pgtap(extensions)
            add_pgmq(extensions)


def add_links(native: Path) -> None:
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        target = native.parent / link["target"]
        source = os.path.relpath(native.parent / link["source"], target.parent)
        if not target.is_symlink():
            target.symlink_to(source)


def add_pgtap(extensions: Path) -> None:
    with tarfile.open(PACKAGES / "@electric-sql" / "pglite" / "dist" / "pgtap.tar.gz") as archive:
        for member in archive:
            if content := archive.extractfile(member):
                (extensions / Path(member.name).name).write_bytes(content.read())


def add_pgmq(extensions: Path) -> None:
    pgmq = resources.files("pgmq") / "sql" / "pgmq.sql"
    (extensions / f"pgmq--{PGMQ_VERSION}.sql").write_text(pgmq.read_text())
    (extensions / "pgmq.control").write_text(
        "comment = 'A lightweight message queue, the engine of Supabase Queues'\n"
        f"default_version = '{PGMQ_VERSION}'\n"
        "schema = 'pgmq'\nrelocatable = false\nsuperuser = false\n"
    )


def initialise(config: Config) -> None:
    """Makes an empty cluster; its only role is the superuser supabase_admin, as on hosted."""
    place = home(config)
    place.mkdir(parents=True, exist_ok=True)
    directory = data(config)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    if owner := run_as():
        shutil.chown(directory, owner["user"], owner["group"])
        place.chmod(0o711)
    password = directory.parent / "password"
    password.touch(mode=0o600)
    password.write_text(config.keys.superuser_password)
    if owner:
        shutil.chown(password, owner["user"], owner["group"])
    made = subprocess.run(
        [
            *(server(config) / "bin" / "initdb", "--pgdata", directory),
            *("--username", "supabase_admin", "--pwfile", password),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        cwd="/",
        **owner,
    )
    password.unlink()
    if made.returncode != 0:
        raise StackError(f"The database could not be made: {made.stderr.strip()}")


def command(config: Config) -> list[str]:
    settings = SETTINGS | {"port": str(config.ports.db)}
    if config.throwaway:
        settings |= THROWAWAY_SETTINGS
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return [str(server(config) / "bin" / "postgres"), "-D", str(data(config)), *options]


def is_bootstrapped(config: Config) -> bool:
    return (home(config) / "bootstrapped").exists()


def bootstrap(config: Config) -> None:
    """Brings a fresh cluster into the state in which a hosted project starts.

    Builds the template database, then makes `postgres`, the project's database, a copy of it.
    Runs again from the start if it was cut off.
    """
    with connect(config, "template1") as admin:
        for name in ("postgres", TEMPLATE):
            admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
        run_file(admin, BOOTSTRAP / "00_roles.sql")
        for role in ("postgres", "authenticator"):
            admin.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(role), sql.Literal(config.keys.database_password)
                )
            )
        admin.execute(sql.SQL("create database {} owner postgres").format(sql.Identifier(TEMPLATE)))
    with connect(config, TEMPLATE) as admin:
        for file in sorted(BOOTSTRAP.glob("[1-5]*.sql")):
            run_file(admin, file)
    auth = subprocess.run(
        [ROOT / ".venv" / "bin" / "node", "services/auth/bootstrap.mjs"],
        cwd=LOCAL,
        env={
            "PATH": os.environ.get("PATH", ""),
            "DATABASE_URL": config.database_url("supabase_admin", TEMPLATE),
        },
        capture_output=True,
        text=True,
    )
    if auth.returncode != 0:
        raise StackError(f"The auth schema could not be made: {auth.stderr.strip()[-2000:]}")
    with connect(config, TEMPLATE) as admin:
        for file in sorted(BOOTSTRAP.glob("[7-9]*.sql")):
            run_file(admin, file)
    with connect(config, "template1") as admin:
        admin.execute(
            sql.SQL("create database postgres owner postgres template {}").format(
                sql.Identifier(TEMPLATE)
            )
        )
    (home(config) / "bootstrapped").touch()


def connect(config: Config, database: str = "postgres") -> psycopg.Connection[Any]:
    url = config.database_url("supabase_admin", database)
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def run_file(connection: psycopg.Connection[Any], file: Path) -> None:
    try:
        connection.execute(file.read_text().encode())
    except psycopg.Error as error:
        raise StackError(f"{file.name}: {error}") from error
