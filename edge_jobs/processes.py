"""Handlers in processes of their own: for work on the processor, and for jobs a runner was lost
with. What crashes or does not stop there takes nothing else with it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from edge_jobs.attempt import Attempt, Outcome
from edge_jobs.registry import Handler

# A process is replaced after so many jobs: what handlers leak does not add up over days.
JOBS_EACH = 100


class Processes:
    """Starts processes as they are needed and keeps up to `size` for the next attempts."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Process] = []
        self._lock = threading.Lock()

    def run(self, attempt: Attempt, handler: Handler | None) -> Outcome:
        """What became of the attempt; also when its process was killed by `stop`, or crashed."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or Process()
        attempt.process = process
        outcome = process.run(attempt, handler)
        with self._lock:
            attempt.process = None
            if process.usable and len(self._idle) < self._size:
                self._idle.append(process)
                return outcome
        process.kill()
        return outcome

    def kill(self, attempt: Attempt, because: str) -> bool:
        """Ends the process that runs the attempt. False where there is none, or none any more."""
        with self._lock:
            if attempt.process is None:
                return False
            attempt.process.kill(because)
        return True


class Process:
    def __init__(self) -> None:
        self._jobs = 0
        self._killed_because: str | None = None
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "edge_jobs.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def usable(self) -> bool:
        return self._killed_because is None and self._jobs < JOBS_EACH

    def run(self, attempt: Attempt, handler: Handler | None) -> Outcome:
        self._jobs += 1
        request = {
            "id": attempt.job.id,
            "key": attempt.key,
            "attempt": attempt.job.attempt,
            "message": attempt.message,
            "module": _module(handler),
        }
        assert self._popen.stdin is not None  # noqa: S101 - both are pipes
        assert self._popen.stdout is not None  # noqa: S101
        # It may end in the middle of a line.
        with contextlib.suppress(OSError, ValueError):
            self._popen.stdin.write(json.dumps(request) + "\n")
            self._popen.stdin.flush()
            for line in self._popen.stdout:
                if outcome := self._take(attempt, json.loads(line)):
                    return outcome
        return self._ended(attempt)

    def kill(self, because: str = "stopped") -> None:
        """Ends the process and whatever it has started."""
        self._killed_because = self._killed_because or because
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def _take(self, attempt: Attempt, event: dict[str, Any]) -> Outcome | None:
        if "log" in event:
            level, name, facts = event["log"]
            log = attempt.job.log
            {"info": log.info, "warning": log.warning, "error": log.error}[level](name, **facts)
        elif "progress" in event:
            attempt.job.told = event["progress"]
        outcome: Outcome | None = event.get("outcome")
        return outcome

    def _ended(self, attempt: Attempt) -> Outcome:
        if self._killed_because == "timeout":
            outcome = attempt.again("timeout", "The handler ran past its time limit.")
        elif self._killed_because:
            outcome = attempt.again("job_lost", "The handler was stopped: the job was lost.")
        else:
            self.kill("crashed")
            how = self._popen.returncode
            reason = signal.Signals(-how).name if how < 0 else f"exit code {how}"
            outcome = attempt.again("crashed", f"The process of the handler ended: {reason}.")
        return attempt.report(outcome, 0)


def _module(handler: Handler | None) -> str | None:
    """Where the child finds the handler, if its kind does not say so."""
    module = handler.run.__module__ if handler else None
    if module == "__main__":
        spec = sys.modules["__main__"].__spec__
        module = spec.name if spec else None
    return module
