"""Runners as processes of their own, as cron or a service would start them."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


class Runner:
    """A running runner; `log` has its lines as they come."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **env},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            self.lines.extend(iter(stream.readline, ""))

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def events(self) -> list[str]:
        return [line["event"] for line in self.log]

    def wait_for(self, event: str, times: int = 1) -> None:
        try:
            wait_for(lambda: self.events().count(event) >= times, event)
        except AssertionError as error:
            raise AssertionError(f"{error}; the runner said:\n{''.join(self.lines)}") from None

    def finish(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return code

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.finish()


class Runners:
    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.started: list[Runner] = []

    def start(self, *options: str, **env: str) -> Runner:
        """A runner with the kinds of some_handlers."""
        return self._start(["-m", "tests.jobs.some_handlers", *options], env)

    def start_more(self, *options: str, **env: str) -> Runner:
        """A runner with the kinds of more_handlers."""
        return self._start(["-m", "tests.jobs.more_handlers", *options], env)

    def start_script(self, script: Path) -> Runner:
        """A runner that a script starts, with kinds of its own."""
        return self._start([str(script)], {"PYTHONPATH": str(ROOT)})

    def start_real(self, *arguments: str, **env: str) -> Runner:
        """`python -m edge_jobs …` itself."""
        return self._start(["-m", "edge_jobs", *arguments], env)

    def _start(self, arguments: list[str], env: dict[str, str]) -> Runner:
        self.started.append(Runner(arguments, {**self.env, **env}))
        return self.started[-1]
