"""The jobs of the chaos, and a runner that has their kinds: `python -m tests.chaos.workload`.

What a job is meant to come to stands in its payload; `plan.py` deals the payloads out."""

import ctypes
import os
import resource
import signal
import sys
import time
from typing import Any, Literal

from pydantic import BaseModel

from edge_jobs import runner
from edge_jobs.errors import FirmbaseError, PermanentError, RetryLater
from edge_jobs.registry import Backoff, Job, handler
from tests.chaos import clock

# The worker's name as the queue has it, also for a process that a runner starts for one job.
WORKER = "CHAOS_WORKER"
AGAIN_S = 0.3


class Task(BaseModel):
    number: int
    # So many attempts fail before one succeeds.
    fails: int = 0
    seconds: float = 0


class Crash(Task):
    how: Literal["signal", "pointer"]


def note(job: Job, task: Task, *, effect: bool) -> None:
    try:
        job.api.rpc(
            "chaos_run",
            number=task.number,
            job=job.id,
            attempt=job.attempt,
            worker=os.environ[WORKER],
            effect=effect,
        )
    except FirmbaseError as error:
        raise RetryLater(AGAIN_S, str(error)) from error


# Outages cost attempts, too: what is meant to come to an end of its own may not run out of them.
@handler("chaos.work", payload=Task, max_attempts=10_000)
def work(job: Job, task: Task) -> None:
    if job.attempt <= task.fails:
        note(job, task, effect=False)
        raise RetryLater(AGAIN_S)
    if task.seconds:
        note(job, task, effect=False)
    end = time.monotonic() + task.seconds
    while time.monotonic() < end:
        job.heartbeat()
        time.sleep(0.02)
    note(job, task, effect=True)


@handler("chaos.refuse", payload=Task, max_attempts=10_000)
def refuse(job: Job, task: Task) -> None:
    note(job, task, effect=False)
    raise PermanentError("refused", "This job is meant to be refused.")


@handler("chaos.exhaust", payload=Task, max_attempts=3)
def exhaust(job: Job, task: Task) -> None:
    note(job, task, effect=False)
    raise RetryLater(AGAIN_S)


@handler("chaos.crash", payload=Crash, max_attempts=3, backoff=Backoff(first_s=AGAIN_S, factor=1))
def crash(job: Job, task: Crash) -> None:
    note(job, task, effect=False)
    if task.how == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    ctypes.string_at(0)


@handler("chaos.flood", payload=Task, max_attempts=10_000)
def flood(job: Job, task: Task) -> dict[str, Any]:
    note(job, task, effect=False)
    return {"text": "x" * 200_000_000}


def main() -> int:
    """Watches until it is stopped. Arguments: name=number, as Runner takes them."""
    # A crash is meant to happen and leaves nothing to look into.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    clock.follow()
    os.environ[WORKER] = f"{os.uname().nodename}:{os.getpid()}"
    options = dict(argument.split("=") for argument in sys.argv[1:])
    return runner.main(watch=True, **{name: int(value) for name, value in options.items()})


if __name__ == "__main__":
    sys.exit(main())
