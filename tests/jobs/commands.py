"""`firmbase jobs`, or another noun, as a process with the environment of a project."""

import contextlib
import json
import os
import pty
import shlex
import subprocess
import sys
import termios
import time
from typing import Any

import typer

from cli.main import app
from tests.jobs.runners import PATIENCE_S, ROOT

START = [sys.executable, "-c", "from cli.main import main; main()"]


def understood(line: str) -> None:
    """Fails unless a line of the docs is a command, with options that it has."""
    command: Any = typer.main.get_command(app)
    _, *words = shlex.split(line, comments=True)
    while hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(typer.Context(command), words)
    command.make_context(command.name, words)


class Firmbase:
    """Each call is one command; `code` is the exit code it must have."""

    def __init__(self, env: dict[str, str], noun: str = "jobs") -> None:
        self.env = env
        self.noun = noun

    def __call__(
        self, *arguments: str, code: int = 0, columns: int = 200
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*START, self.noun, *arguments],
            env={**self.env, "COLUMNS": str(columns)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def refused(self, *arguments: str, code: int = 10) -> str:
        """What standard error says, in one line without a frame."""
        done = self(*arguments, code=code)
        assert done.stdout == ""
        return " ".join(word for word in done.stderr.split() if word not in "╭─╮│╰╯")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One that goes on; with its output as it comes."""
        return subprocess.Popen(
            [*START, self.noun, *arguments],
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Terminal:
    """A command in a terminal of 80 columns, with somebody before it."""

    def __init__(self, env: dict[str, str], *arguments: str, noun: str = "jobs") -> None:
        self.shown = ""
        self._end, its_end = pty.openpty()
        termios.tcsetwinsize(its_end, (24, 80))
        self.process = subprocess.Popen(
            [*START, noun, *arguments],
            env={**env, "TERM": "xterm"},
            cwd=ROOT,
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
        )
        os.close(its_end)

    def wait_for(self, words: str) -> None:
        """Until it has shown them, after what was waited for before."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.shown:
            assert time.monotonic() < end, f"waited in vain for {words!r} in {self.shown!r}"
            self.shown += os.read(self._end, 65536).decode(errors="replace")
        self.shown = self.shown.partition(words)[2]

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def finish(self) -> int:
        """Its exit code."""
        # Linux says so where nobody holds the other side any more.
        with contextlib.suppress(OSError):
            while chunk := os.read(self._end, 65536):
                self.shown += chunk.decode(errors="replace")
        os.close(self._end)
        return self.process.wait(PATIENCE_S)
