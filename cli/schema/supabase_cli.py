"""The Supabase CLI, run without telemetry and without a password on its command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

from cli.local.config import ROOT, STACKS
from cli.schema.errors import CliFailed, DatabaseRefuses, MigrationFailed, WrongRole
from cli.schema.files import is_outside, refuse_halves
from cli.schema.servers import connect, is_local, ssl_mode
from edge_jobs.errors import FirmbaseError

PROGRAM = ROOT / "supabase" / "local" / "node_modules" / ".bin" / "supabase"
APPLYING = "Applying migration "
HOME = STACKS / "supabase-cli"


def migrate(db_url: str, workdir: Path = ROOT) -> list[str]:
    """Applies the migrations of `workdir`/supabase/migrations that the database lacks.

    Returns the names of the files applied. Each file is one transaction.

    Raises:
        MigrationFailed: a migration failed or might be applied in part, or the database's history
            and the folder contradict each other; what was applied before stays.
        WrongRole: the URL is not that of the role postgres.
        DatabaseRefuses: the database could not be reached.
    """
    role = urlsplit(db_url).username or ""
    if role.partition(".")[0] != "postgres":  # the pooler of a hosted project adds its reference
        raise WrongRole(role=role or "nobody")
    refuse_halves(workdir / "supabase" / "migrations")
    command = ("migration", "up", "--yes", f"--remote={bare(db_url)}")
    with connect(db_url) as connection:
        # The CLI lets two at once try the same file, and the second fail on what the first made.
        connection.execute("set statement_timeout = 0")
        connection.execute("select pg_advisory_lock(hashtext('firmbase migrate'))")
        applied = run(*command, db_url=db_url, workdir=workdir)["applied"]
    return [Path(file).name for file in applied]


def diff(from_url: str, to_url: str) -> str:
    """The SQL that leads from one database to the other, as far as the CLI's engine knows how.

    Both must be on one server and belong to one role.
    """
    answer = run("db", "diff", "--from", bare(from_url), "--to", bare(to_url), db_url=from_url)
    return str(answer["diff"])


def types(db_url: str) -> str:
    """TypeScript types of the exposed schema, not formatted."""
    return run_text(
        "gen", "types", "typescript", "--schema=public", f"--remote={bare(db_url)}", db_url=db_url
    )


def advisors(db_url: str) -> list[dict[str, Any]]:
    """What the advisors find: name, title, level, categories, detail, remediation, metadata."""
    answer = run("db", "advisors", "--level=info", f"--remote={bare(db_url)}", db_url=db_url)
    findings: list[dict[str, Any]] = answer["results"]
    return findings


def pending(db_url: str, workdir: Path = ROOT) -> list[str]:
    """The names of the files that `migrate` would apply, in order; nothing is changed.

    Raises:
        MigrationFailed: as `migrate`, as far as it can be told before.
    """
    refuse_halves(workdir / "supabase" / "migrations")
    command = ("db", "push", "--dry-run", f"--remote={bare(db_url)}")
    return [Path(file).name for file in run(*command, db_url=db_url, workdir=workdir)["migrations"]]


def bare(url: str) -> str:
    """The URL without its password, which the CLI takes from the environment instead."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    others = [option for option in parts.query.split("&") if not option.startswith("password=")]
    bared = parts._replace(netloc=f"{user.partition(':')[0]}@{host}", query="&".join(others))
    return urlunsplit(bared)


def run(
    *arguments: str,
    db_url: str = "",
    workdir: Path = ROOT,
    more: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The CLI's answer, as its JSON says. `more` is for its environment, such as a token.

    Raises:
        FirmbaseError: it failed; MigrationFailed, DatabaseRefuses or CliFailed.
    """
    said = run_text(*arguments, db_url=db_url, workdir=workdir, more=more)
    answer: dict[str, Any] = json.loads(said)
    return answer


def with_node() -> dict[str, str]:
    """An environment for Node programs; Node lies beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"PATH": path, "HOME": os.environ.get("HOME", "")}


def run_text(
    *arguments: str,
    db_url: str = "",
    workdir: Path = ROOT,
    more: Mapping[str, str] | None = None,
) -> str:
    environment = with_node() | {
        "SUPABASE_HOME": str(HOME),
        "SUPABASE_TELEMETRY_DISABLED": "1",
        "DO_NOT_TRACK": "1",
        "SUPABASE_NO_UPDATE_NOTIFIER": "1",
        "SUPABASE_NO_KEYRING": "1",
        "PGPASSWORD": str(conninfo_to_dict(db_url).get("password", "")),
        **(more or {}),
    }
    if db_url:
        environment["PGSSLMODE"] = "disable" if is_local(db_url) else ssl_mode(db_url)
    command = [str(PROGRAM), *arguments, "--workdir", str(workdir), "--output-format=json"]
    try:
        # The program is a child of the command: a session of their own, to end both together.
        running = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise CliFailed(said="it is not installed. Run `make install`.") from error
    with running:
        try:
            stdout, stderr = running.communicate()
        except BaseException:
            # It would go on with the next file, without our lock.
            os.killpg(running.pid, signal.SIGKILL)
            raise
    if running.returncode == 0:
        return stdout
    raise _failure(stdout, stderr, workdir / "supabase" / "migrations")


def _failure(stdout: str, stderr: str, migrations: Path) -> FirmbaseError:
    try:
        error = json.loads(stdout)["error"]
    except (ValueError, KeyError):
        return CliFailed(said=(stderr or stdout).strip()[-1000:])
    said = error["message"].strip().splitlines()
    match error["code"]:
        case "MigrationApplyError":
            applying = [line for line in stderr.splitlines() if line.startswith(APPLYING)]
            file = applying[-1].removeprefix(APPLYING).removesuffix("...")
            left = "Nothing of this file was applied."
            if is_outside(migrations / file):
                left = (
                    "It ran outside of a transaction: drop what it left, such as an invalid index."
                )
            return MigrationFailed(
                said=f"supabase/migrations/{file}: {said[0].removeprefix('ERROR: ')}, "
                f"near `{_statement(said)}`. {left}"
            )
        case "MigrationMissingRemoteError":
            return MigrationFailed(
                said="A migration is older than the last one applied: "
                "give its file a later timestamp."
            )
        case "MigrationMissingLocalError":
            return MigrationFailed(
                said="The database has migrations that supabase/migrations/ lacks: "
                "update this checkout, or reset the stack."
            )
        case "DbConnectError":
            return DatabaseRefuses(said=said[0])
    return CliFailed(said=said[0])


def _statement(said: list[str]) -> str:
    """The line of the statement above the CLI's mark, or its first line."""
    marks = [number for number, line in enumerate(said) if line.strip() == "^"]
    start = next((n for n, line in enumerate(said) if line.startswith("At statement:")), -1)
    return said[marks[0] - 1 if marks else min(start + 1, len(said) - 1)].strip()
