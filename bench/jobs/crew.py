"""Programs at work: what they say, put together, and the moments the measurements need."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.jobs.systems import System

PATIENCE_S = 180.0


def tell(system: System, verb: str, *numbers: int) -> float:
    """Runs the program to its end; returns the seconds it measured, 0 where it measured none.

    Raises:
        RuntimeError: it failed; with its last words.
    """
    command = [*system.program, verb, *map(str, numbers)]
    done = subprocess.run(command, env=environment(system), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{system.name}, {verb}: {done.stderr[-2000:]}")
    return float(json.loads(done.stdout)["seconds"]) if done.stdout else 0.0


def environment(system: System) -> dict[str, str]:
    return os.environ | dict(system.env)


class Worker:
    """One process of a system that handles jobs; `tally` is the last it said."""

    def __init__(self, system: System) -> None:
        self.ready = threading.Event()
        self.tally: dict[str, Any] = {"count": 0}
        self.waited: list[float] = []
        self.process = subprocess.Popen(
            [*system.program, "work"],
            env=environment(system),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101
        with self.process.stdout as lines:
            for line in lines:
                if not line.startswith("{"):
                    continue  # a peer's greeting
                facts = json.loads(line)
                if "ready" in facts:
                    self.ready.set()
                else:
                    # In this order: who sees the count must find the samples too.
                    self.waited += facts["waited"]
                    self.tally = facts

    def megabytes(self) -> float:
        """What it holds in memory now."""
        asked = ["ps", "-o", "rss=", "-p", str(self.process.pid)]
        return int(subprocess.check_output(asked)) / 1024

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()


class Crew:
    """The workers of one system that are at work together."""

    def __init__(self, system: System, size: int) -> None:
        self.system = system
        self.workers = [Worker(system) for _ in range(size)]

    @property
    def count(self) -> int:
        return sum(worker.tally["count"] for worker in self.workers)

    @property
    def first(self) -> float:
        return float(min(w.tally["first"] for w in self.workers if w.tally["count"]))

    @property
    def last(self) -> float:
        return float(max(w.tally["last"] for w in self.workers if w.tally["count"]))

    @property
    def waited(self) -> list[float]:
        return [ms for worker in self.workers for ms in worker.waited]

    def wait_until_ready(self) -> None:
        for worker in self.workers:
            if not worker.ready.wait(PATIENCE_S):
                raise RuntimeError(f"A worker of {self.system.name} did not start.")

    def wait_for(self, jobs: int) -> None:
        """Returns when so many have begun."""
        deadline = time.monotonic() + PATIENCE_S
        while self.count < jobs:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.system.name}: {self.count} of {jobs} jobs were done.")
            time.sleep(0.005)

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()


@contextmanager
def at_work(system: System, size: int) -> Iterator[Crew]:
    crew = Crew(system, size)
    try:
        yield crew
    finally:
        crew.stop()
