"""A runner with every kind of handler there is: `python -m tests.jobs.more_handlers [watch] …`."""

import asyncio
import ctypes
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge_jobs import runner
from edge_jobs.errors import PermanentError, RetryLater
from edge_jobs.registry import Backoff, Child, FanOut, Job, handler


class Nothing(BaseModel):
    pass


class Mark(BaseModel):
    """A line in `file` for each run."""

    file: Path
    text: str = "ran"
    seconds: float = 0

    def make(self) -> None:
        with self.file.open("a") as file:
            file.write(f"{self.text} {os.getpid()}\n")


class Result(BaseModel):
    value: Any = None
    size: int = 0
    what: str = ""


class Pages(BaseModel):
    file: Path
    pages: int


class Together(BaseModel):
    count: int


_arrived: list[str] = []
_all_here = asyncio.Event()


@handler("test.together", payload=Together, timeout_s=60, max_attempts=1)
async def together(job: Job, payload: Together) -> None:
    """Ends when so many of them run at once."""
    _arrived.append(job.id)
    if len(_arrived) == payload.count:
        _all_here.set()
    await _all_here.wait()


@handler("test.async_slow", payload=Nothing, timeout_s=0.2, max_attempts=1)
async def waits_too_long(job: Job, payload: Nothing) -> None:
    await asyncio.sleep(60)


@handler("test.async_fault", payload=Nothing, max_attempts=1)
async def does_not_wait(job: Job, payload: Nothing) -> None:
    raise TimeoutError("the other side was slow")


@handler("test.mark", payload=Mark)
def mark(job: Job, payload: Mark) -> None:
    time.sleep(payload.seconds)
    payload.make()


@handler("test.one", payload=Mark, concurrency=1)
def one_at_a_time(job: Job, payload: Mark) -> None:
    payload.text = "begin"
    payload.make()
    time.sleep(0.05)
    payload.text = "end"
    payload.make()


@handler("test.deaf_one", payload=Nothing, concurrency=1, timeout_s=0.2, max_attempts=1)
def deaf_one(job: Job, payload: Nothing) -> None:
    """Runs past its limit and never looks up."""
    time.sleep(60)


@handler("test.process", payload=Mark, process=True)
def in_a_process(job: Job, payload: Mark) -> dict[str, Any]:
    print("what a handler prints does no harm")
    job.log.info("working", pages=3)
    job.progress(0.5, "half of it")
    payload.make()
    return {"pid": os.getpid()}


@handler("test.process_endless", payload=Mark, process=True, timeout_s=1, max_attempts=1)
def endless(job: Job, payload: Mark) -> None:
    payload.make()
    while True:
        pass


@handler("test.greedy", payload=Nothing, process=True, max_attempts=1)
def greedy(job: Job, payload: Nothing) -> None:
    bytearray(8 * 1024**3)


@handler("test.crash", payload=Mark, max_attempts=3, backoff=Backoff(first_s=0.1, factor=1))
def crash(job: Job, payload: Mark) -> None:
    payload.make()
    ctypes.string_at(0)


@handler("test.result", payload=Result)
def result(job: Job, payload: Result) -> Any:
    return {
        "": {"value": payload.value},
        "large": {"value": "x" * payload.size},
        "list": [1, 2],
        "object": {"value": object()},
        "nan": {"value": float("nan")},
        "nul": {"value": "a\0b"},
        "half": {"value": "\ud83d"},
    }[payload.what]


@handler("test.deep", payload=Nothing)
def deep(job: Job, payload: Nothing) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for _ in range(300):
        result = {"in": result}
    return result


class Told(BaseModel):
    what: str


@handler("test.told", payload=Told, max_attempts=1)
def told(job: Job, payload: Told) -> None:
    fraction, note = {
        "nul": (0.5, "a\0b"),
        "half": (0.5, "\udcff.pdf"),
        "nan": (float("nan"), "of nothing"),
    }[payload.what]
    job.progress(fraction, note)
    # Longer than the runner waits with what it was told.
    time.sleep(2)


@handler("test.odd_code", payload=Nothing)
def odd_code(job: Job, payload: Nothing) -> None:
    raise PermanentError("sb_secret_abc\0\ud83d", "What the other side called it.")


@handler("test.odd_wait", payload=Nothing, max_attempts=2)
def odd_wait(job: Job, payload: Nothing) -> None:
    raise RetryLater(timedelta(minutes=5))  # type: ignore[arg-type]


@handler("test.async_odd_wait", payload=Nothing, max_attempts=2)
async def async_odd_wait(job: Job, payload: Nothing) -> None:
    raise RetryLater(timedelta(minutes=5))  # type: ignore[arg-type]


@handler("test.async_deaf", payload=Nothing, timeout_s=0.2, max_attempts=1)
async def async_deaf(job: Job, payload: Nothing) -> None:
    """Does not give the loop back."""
    time.sleep(3600)


@handler("test.killed_in_a_line", payload=Nothing, process=True, timeout_s=20, max_attempts=1)
def killed_in_a_line(job: Job, payload: Nothing) -> None:
    """As by the kernel, for want of memory, while it writes a long one."""
    os.write(job.events._out.fileno(), b'{"log": ["info", "begun')  # type: ignore[attr-defined]
    os.kill(os.getpid(), signal.SIGKILL)


@handler("test.book", payload=Pages)
def book(job: Job, payload: Pages) -> FanOut | dict[str, Any]:
    """Hands each page to another job, and then counts what they found."""
    if job.children is None:
        pages = [
            Child("test.page", {"file": str(payload.file), "text": str(n)})
            for n in range(payload.pages)
        ]
        return FanOut(pages, state={"asked": payload.pages})
    words = sum(child["result"]["words"] for child in job.child_results())
    return {"asked": job.state["asked"], **job.children, "words": words}


@handler("test.page", payload=Mark)
def page(job: Job, payload: Mark) -> dict[str, Any]:
    payload.make()
    return {"words": 10}


@handler("test.scheduled", payload=Nothing)
def scheduled(job: Job, payload: Nothing) -> None:
    pass


@handler("test.step", payload=Mark)
def step_by_step(job: Job, payload: Mark) -> None:
    for n in range(200):
        job.progress(n / 200, f"page {n}")
        time.sleep(0.02)
        if payload.file.exists():
            return


if __name__ == "__main__":
    options = dict(argument.split("=") for argument in sys.argv[1:] if "=" in argument)
    sys.exit(runner.main(watch="watch" in sys.argv, **{k: int(v) for k, v in options.items()}))
