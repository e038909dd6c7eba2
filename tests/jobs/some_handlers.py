"""A runner with kinds of its own: `python -m tests.jobs.some_handlers [watch] [name=seconds …]`."""

import sys
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge_jobs import runner
from edge_jobs.errors import JobLost, PermanentError, RetryLater, Snooze
from edge_jobs.registry import Job, handler


class Nothing(BaseModel):
    pass


class Note(BaseModel):
    """Writes `text` to the end of `file`; the test counts the lines."""

    file: Path
    text: str = "done"


class Held(Note):
    """Says that it has started and goes on when it is let go."""

    started: Path
    let_go: Path


class Amount(BaseModel):
    amount: int


@handler("test.note", payload=Note)
def note(job: Job, payload: Note) -> dict[str, Any]:
    with payload.file.open("a") as file:
        file.write(f"{payload.text}\n")
    return {"attempt": job.attempt}


@handler("test.held", payload=Held)
def held(job: Job, payload: Held) -> dict[str, Any]:
    payload.started.touch()
    while not payload.let_go.exists():
        time.sleep(0.01)
    return note(job, payload)


@handler("test.endless", payload=Held, timeout_s=0.2)
def endless(job: Job, payload: Held) -> None:
    """Runs past its limit and notices at its next heartbeat."""
    try:
        while True:
            job.heartbeat()
            time.sleep(0.01)
    except JobLost:
        payload.started.touch()
        raise


@handler("test.deaf", payload=Nothing, timeout_s=0.2)
def deaf(job: Job, payload: Nothing) -> None:
    """Runs past its limit and never looks up."""
    while True:
        time.sleep(0.01)


@handler("test.amount", payload=Amount)
def amount(job: Job, payload: Amount) -> None:
    pass


@handler("test.fault", payload=Nothing, max_attempts=2)
def fault(job: Job, payload: Nothing) -> None:
    raise RuntimeError("no good: sb_secret_abc123")


@handler("test.hopeless", payload=Nothing)
def hopeless(job: Job, payload: Nothing) -> None:
    raise PermanentError("encrypted", "The file has a password.")


@handler("test.later", payload=Nothing)
def later(job: Job, payload: Nothing) -> None:
    raise RetryLater(900, "The scanner is away.")


@handler("test.snooze", payload=Nothing)
def snooze(job: Job, payload: Nothing) -> None:
    raise Snooze(900)


@handler("test.garbled", payload=Nothing)
def garbled(job: Job, payload: Nothing) -> None:
    raise RuntimeError("nul \0, half a character \ud83d")


@handler("test.never", payload=Nothing)
def never(job: Job, payload: Nothing) -> None:
    raise Snooze(float("inf"))


if __name__ == "__main__":
    options = dict(argument.split("=") for argument in sys.argv[1:] if "=" in argument)
    sys.exit(runner.main(watch="watch" in sys.argv, **{k: int(v) for k, v in options.items()}))
