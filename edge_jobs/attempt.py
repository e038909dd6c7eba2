"""One attempt at a job: from a claim to an outcome the database takes."""

import asyncio
import inspect
import json
import re
import time
import traceback
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from edge_jobs import registry
from edge_jobs.errors import FirmbaseError, JobLost, PermanentError, RetryLater, Snooze
from edge_jobs.log import storable
from edge_jobs.registry import FanOut, Handler, Job

if TYPE_CHECKING:
    from edge_jobs.processes import Process

MAX_WAIT_S = 30 * 86_400.0
MAX_RESULT_BYTES = 256 * 1024
# A NUL as json.dumps writes it, not the text of that escape.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

# [queue, msg_id, read_ct]: the claim itself, and what an outcome is about.
Key = tuple[str, int, int]
# What public.jobs_step takes in `fail` without the claim it is about, or, where `outcome` is done,
# `ms` and `result` for `done`.
Outcome = dict[str, Any]


class Attempt:
    """A claim on its way through the pool. Times are monotonic seconds."""

    __slots__ = (
        "abandoned",
        "ends_at",
        "handler",
        "job",
        "key",
        "message",
        "process",
        "started_at",
        "suspect",
        "told",
    )

    def __init__(self, key: Key, message: dict[str, Any], job: Job, suspect: bool = False) -> None:
        """`suspect`: a runner was lost with this job, perhaps because of it, or a process was."""
        self.suspect = suspect
        self.key = key
        self.message = message
        self.job = job
        self.handler: Handler | None = None
        self.started_at = 0.0
        self.ends_at: float | None = None
        self.abandoned = False
        # The progress the database knows.
        self.told: dict[str, Any] | None = None
        # The process it runs in, if it is not this one.
        self.process: Process | None = None

    def begin(self) -> tuple[Handler, BaseModel]:
        """The handler and its payload. Raises PermanentError where there is none, or it does not
        fit."""
        handler = self.handler = self.handler or registry.find(self.job.kind)
        if handler is None:
            raise PermanentError("unknown_kind", f"This runner has no handler for {self.job.kind}.")
        try:
            # What model_validate calls, in half the time.
            validator = handler.payload.__pydantic_validator__
            return handler, validator.validate_python(self.message.get("payload"))
        except ValidationError as error:
            raise PermanentError("bad_payload", _faults(error)) from None

    def run(self) -> Outcome:
        """Runs the handler here and now."""
        start = time.monotonic()
        try:
            handler, payload = self.begin()
            self.ends_at = start + handler.timeout_s
            result = handler.run(self.job, payload)
            if result is not None and inspect.iscoroutine(result):
                result = asyncio.run(result)
            outcome = self.success(result)
        except BaseException as error:
            outcome = self.failure(error)
        self.ends_at = None
        return self.report(outcome, time.monotonic() - start)

    def success(self, result: Any) -> Outcome:
        """Raises PermanentError where the database would not take the result."""
        if result is None:
            return {"outcome": "done"}
        if isinstance(result, FanOut):
            children = [
                {"kind": c.kind, "payload": c.payload, "firm_id": c.firm_id, "priority": c.priority}
                for c in result.children
            ]
            for child in children:
                _check_json("child", child)
            _check_json("state", result.state)
            return {"outcome": "wait", "children": children, "state": result.state}
        _check_json("result", result)
        return {"outcome": "done", "result": result}

    def failure(self, error: BaseException) -> Outcome:
        """The outcome of an attempt that ended with this exception."""
        try:
            return self._failure(error)
        except Exception as fault:
            # A wait that is no number, a message that is no text.
            what = f"{type(error).__name__}, and in it {type(fault).__name__}: {fault}"
            return self.again("exception", what)

    def _failure(self, error: BaseException) -> Outcome:
        if isinstance(error, PermanentError):
            return _dead(error.code, str(error))
        if isinstance(error, Snooze):
            return {"outcome": "snooze", "after_s": _bounded(error.seconds)}
        if isinstance(error, RetryLater):
            return self.again("retry_later", str(error), _bounded(error.after_s))
        if isinstance(error, JobLost):
            return self.again("job_lost", "The handler stopped: the job was lost.")
        code = error.code if isinstance(error, FirmbaseError) else "exception"
        outcome = self.again(code, f"{type(error).__name__}: {error}")
        return {**outcome, "trace": "".join(traceback.format_exception(error))}

    def again(self, code: str, error: str, after_s: float | None = None) -> Outcome:
        """Another attempt, or the dead letters where this one was the last."""
        limit = self.handler.max_attempts if self.handler else registry.MAX_ATTEMPTS
        if self.job.attempt >= limit:
            return _dead(code, error)
        if after_s is None and self.handler:
            after_s = self.handler.backoff.wait_s(self.job.attempt)
        return {"outcome": "retry", "code": code, "error": storable(error), "after_s": after_s}

    def report(self, outcome: Outcome, seconds: float) -> Outcome:
        """Logs the outcome and returns it without what only the log wants."""
        log, event = self.job.log, outcome["outcome"]
        facts: Outcome = {"seconds": round(seconds * 1000) / 1000}
        if event == "done":
            outcome["ms"] = round(seconds * 10_000) / 10
        if self.job.lost:
            log.warning("ended too late", **facts)
        elif event == "done":
            if "result" in outcome:
                facts["result"] = outcome["result"]
            log.info_later(event, facts)
        elif event == "wait":
            log.info_later(event, {**facts, "children": len(outcome["children"])})
        elif event == "snooze":
            log.info_later(event, {**facts, "after_s": outcome["after_s"]})
        else:
            facts.update(outcome)
            del facts["outcome"]
            (log.warning if event == "retry" else log.error)(event, **facts)
            outcome.pop("trace", None)
        return outcome


def _dead(code: str, error: str) -> Outcome:
    return {"outcome": "dead", "code": storable(str(code))[:200], "error": storable(error)}


def _bounded(seconds: float) -> float:
    """A wait between nothing and a month, whatever a handler came up with."""
    return min(max(0.0, seconds), MAX_WAIT_S)


def _check_json(what: str, value: Any) -> None:
    """Refuses what jsonb cannot hold, and what is too large for a queue."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
        fits = not _NUL.search(text) and (what != "result" or isinstance(value, dict))
    except (TypeError, ValueError, RecursionError) as error:
        raise PermanentError(f"bad_{what}", f"The {what} is not JSON: {error}") from error
    if not fits:
        raise PermanentError(f"bad_{what}", f"The {what} is not a JSON object PostgreSQL can hold.")
    if size > MAX_RESULT_BYTES:
        raise PermanentError(f"{what}_too_large", f"The {what} has {size} bytes; 256 kB may be.")


def _faults(error: ValidationError) -> str:
    """Names each field that does not fit; never its value, which may be a secret."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    fields = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in faults)
    return "; ".join(f"{field or 'payload'}: {fault}" for field, fault in fields)
