"""A local stack as the commands and the tests see it: up, down, status, reset."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from cli.errors import BadStackName, NoStack, StackError
from cli.local import postgres
from cli.local.config import ROOT, STACKS, Config, Ports, default_bases, first_free
from cli.local.processes import end_with_parent

Report = Callable[[str], None]
START_SECONDS = 180.0
STOP_SECONDS = 60.0


class Stack:
    """One local Supabase with its own data, ports and keys, in a folder of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.supervisor: subprocess.Popen[bytes] | None = None  # when this process started it

    @classmethod
    def named(cls, name: str | None = None) -> "Stack":
        """The stack of that name; without one, that of FIRMBASE_STACK or the default one.

        Raises:
            BadStackName: it could lead out of the folder of the stacks, or upset a program.
        """
        name = name or os.environ.get("FIRMBASE_STACK") or "default"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name):
            raise BadStackName(name=name)
        return cls(STACKS / name)

    @property
    def config(self) -> Config:
        config = Config.load(self.directory)
        if config is None:
            raise NoStack
        return config

    @contextlib.contextmanager
    def exclusively(self, report: Report = lambda _line: None) -> Iterator[None]:
        """One command at a time starts, stops or deletes a stack; the others wait for it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "command").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report("Another command is at work on this stack: waiting for it …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def is_up(self) -> bool:
        """Whether the supervisor lives, known by the lock it holds."""
        try:
            with (self.directory / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def up(
        self,
        *,
        port: int | None = None,
        bases: Iterable[int] | None = None,
        throwaway: bool = False,
        report: Report = lambda _line: None,
    ) -> Config:
        """Starts the stack, makes it first if need be, and waits until every part answers.

        Args:
            port: the API's port; the other parts take the ones after it.
            bases: where to look for free ports when no port is asked for.
            throwaway: for tests: no fsync, and the stack ends with this process.
            report: gets a line for each step.

        Raises:
            StackError: a port is taken, or a part did not start; nothing is left running.
        """
        with self.exclusively(report):
            if self.is_up():
                report("The stack is already running.")
                config = self.config
                if port not in (None, config.ports.api):
                    raise StackError(
                        f"The stack runs on port {config.ports.api}: "
                        "stop it with `firmbase stack down` before it moves."
                    )
                config.save()
                return config
            config = self.choose_ports(port, bases or default_bases(), throwaway, report)
            config.save()
            for folder in ("logs", "mail", "storage"):
                (self.directory / folder).mkdir(exist_ok=True)
            if not postgres.is_bootstrapped(config):
                report("Making the database …")
                postgres.initialise(config)
            supervisor = self.start_supervisor(config)
            try:
                self.wait_until_running(supervisor, report)
            except BaseException:
                supervisor.terminate()
                supervisor.wait()
                raise
            return config

    def choose_ports(
        self, port: int | None, bases: Iterable[int], throwaway: bool, report: Report
    ) -> Config:
        known = Config.load(self.directory)
        if port is not None:
            ports = Ports.from_base(port)
            if taken := ports.taken():
                raise StackError(
                    f"Port {taken[0]} is taken by another program: "
                    "choose another with --port, or leave --port out to use free ones."
                )
        elif known and not known.ports.taken():
            return known
        else:
            ports = first_free(bases)
            if known:
                report(f"A port of this stack is taken: it moves to {ports.api} and the next.")
        if known:
            known.ports = ports
            return known
        return Config(self.directory, ports, throwaway=throwaway)

    def start_supervisor(self, config: Config) -> "subprocess.Popen[bytes]":
        if self.supervisor:
            self.supervisor.wait()  # it has ended, or this stack would be up
        # What the last one said of itself must not be taken for the new one's.
        (self.directory / "state.json").unlink(missing_ok=True)
        (self.directory / "lock").write_text("")
        with (self.directory / "logs" / "supervisor.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "cli.local.supervisor", str(self.directory)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent if config.throwaway else None,
            )
        return self.supervisor

    def wait_until_running(self, supervisor: "subprocess.Popen[bytes]", report: Report) -> None:
        seen: set[str] = set()
        begun = time.monotonic()
        while True:
            code = supervisor.poll()
            state = self.state()
            running = [n for n, s in state["services"].items() if s["state"] == "running"]
            for name in running:
                if name not in seen:
                    seen.add(name)
                    report(f"{name} is ready ({time.monotonic() - begun:.1f} s)")
            if state["services"] and len(running) == len(state["services"]):
                return
            if code is not None:
                raise StackError(
                    state["error"]
                    or "The stack did not start: `firmbase stack logs supervisor` shows the reason."
                )
            if time.monotonic() - begun > START_SECONDS:
                raise StackError(f"The stack did not start within {START_SECONDS:.0f} s.")
            time.sleep(0.05)

    def state(self) -> dict[str, Any]:
        """What the supervisor last wrote: `{error, services: {name: Status}}`.

        Raises:
            StackError: the file is damaged.
        """
        file = self.directory / "state.json"
        try:
            state: dict[str, Any] = json.loads(file.read_text())
            return {"error": state["error"], "services": dict(state["services"])}
        except FileNotFoundError:
            return {"error": None, "services": {}}
        except (ValueError, TypeError, KeyError) as error:
            raise StackError(
                f"{file} is damaged: `firmbase stack down`, then `firmbase stack up` makes it anew."
            ) from error

    def supervisor_id(self) -> int | None:
        """The supervisor's process id, once it has said so in the lock it holds."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.directory / "lock").read_text())
        return None

    def status(self) -> dict[str, Any]:
        """The state of each part; everything is stopped if the supervisor is gone."""
        up = self.is_up()
        parts = self.state()["services"]
        if not up:
            for part in parts.values():
                part.update(state="stopped", pid=None)
        healthy = up and all(part["state"] == "running" for part in parts.values())
        return {"running": up, "healthy": healthy, "services": parts}

    def down(self) -> bool:
        """Stops every process of the stack; True if there was something to stop.

        An `up` that is at work is cut short where it waits for the parts; else it is waited for.
        """
        if not self.directory.exists():
            return False
        early = self.stop()
        with self.exclusively():
            return self.stop() or early

    def stop(self) -> bool:
        if not self.is_up():
            return False
        pid: int | None = None
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_up():
            # A supervisor that begins has the lock before it says who it is.
            if pid is None and (pid := self.supervisor_id()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            if time.monotonic() > deadline:
                raise StackError(f"The stack did not stop: end the process {pid} by hand.")
            time.sleep(0.05)
        if self.supervisor:
            self.supervisor.wait()
        return True

    def remove(self) -> None:
        """Stops the stack and deletes all its data, ports and keys."""
        self.down()
        with contextlib.suppress(StackError):
            shutil.rmtree(postgres.home(self.config), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def clear(self) -> None:
        """Stops the stack and deletes its data; ports and keys stay as they are."""
        config = self.config
        self.down()
        with self.exclusively():
            self.stop()
            (postgres.home(config) / "bootstrapped").unlink(missing_ok=True)
            shutil.rmtree(postgres.data(config), ignore_errors=True)
            for folder in ("storage", "mail", "logs"):
                shutil.rmtree(self.directory / folder, ignore_errors=True)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the superuser supabase_admin, with autocommit."""
        return postgres.connect(self.config)
