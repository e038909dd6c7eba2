"""Runs claimed jobs in threads and turns whatever comes of each into an outcome.

Imported with the first job, so that a look at empty queues stays cheap."""

import threading
import time
import traceback
from collections import deque
from queue import SimpleQueue
from typing import Any

from pydantic import BaseModel, ValidationError

from edge_jobs import registry
from edge_jobs.api import Api
from edge_jobs.errors import FirmbaseError, JobLost, PermanentError, RetryLater, Snooze
from edge_jobs.log import Log, mask
from edge_jobs.registry import Handler, Job

MAX_WAIT_S = 30 * 86_400.0

Claim = dict[str, Any]
Key = tuple[str, int, int]
# What public.jobs_step takes in `fail`, without the claim it is about; None is a success.
Outcome = dict[str, Any] | None


class Attempt:
    """A claim on its way through the pool. Times are monotonic seconds."""

    def __init__(self, claim: Claim, job: Job) -> None:
        self.claim = claim
        self.job = job
        self.handler: Handler | None = None
        self.started_at: float | None = None
        self.ends_at: float | None = None
        self.finished = False
        self.abandoned = False

    @property
    def key(self) -> Key:
        return self.claim["queue"], self.claim["id"], self.claim["read"]


class Pool:
    """`size` threads, and the attempts that wait for them or run in them.

    The runner's thread calls the methods, the pool's own run `_work`. A thread cannot be ended
    from outside: one whose job ran out of time is replaced, and what it returns counts no more."""

    def __init__(self, size: int, api: Api, log: Log, wake: threading.Event) -> None:
        self.size = size
        # Threads whose job ran out of time and that have not come back.
        self.stuck = 0
        # Seconds a job takes, a moving average: how far ahead it is worth claiming.
        self.pace = 60.0
        self._api = api
        self._log = log
        self._wake = wake
        self._held: dict[Key, Attempt] = {}
        self._waiting: SimpleQueue[Attempt] = SimpleQueue()
        self._ended: deque[tuple[Attempt, Outcome, float]] = deque()
        # Guards the moments where both sides decide what becomes of one attempt.
        self._lock = threading.Lock()
        for _ in range(size):
            self._start_thread()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, claim: Claim) -> None:
        job_id = f"{claim['queue'].removeprefix('jobs_')}:{claim['id']}"
        kind, firm_id, number = claim["kind"], claim["firm_id"], claim["attempt"]
        log = self._log.bind(job=job_id, kind=kind, firm=firm_id, attempt=number)
        attempt = Attempt(claim, Job(job_id, kind, number, firm_id, self._api, log))
        if attempt.key in self._held:
            # Claims do not wait for the disk: a server that crashed knew nothing of this one any
            # more, and made it again.
            return
        self._held[attempt.key] = attempt
        self._waiting.put(attempt)

    def leases(self) -> list[Key]:
        return [attempt.key for attempt in self._held.values() if not attempt.job.lost]

    def collect(self) -> list[tuple[Claim, Outcome]]:
        """The outcomes since the last call that count, timeouts among them."""
        outcomes: list[tuple[Claim, Outcome]] = []
        while self._ended:
            attempt, outcome, seconds = self._ended.popleft()
            self.pace += (seconds - self.pace) * (0.5 if seconds > self.pace else 0.2)
            if attempt.abandoned:
                self.stuck -= 1
                continue
            del self._held[attempt.key]
            if not attempt.job.lost:
                outcomes.append((attempt.claim, outcome))
        now = time.monotonic()
        for attempt in [a for a in self._held.values() if (a.ends_at or now) < now]:
            counts = not attempt.job.lost
            if self._abandon(attempt) and counts:
                outcome = _failure(attempt, "timeout", "The handler ran past its time limit.")
                attempt.job.log.warning("timeout", outcome=outcome and outcome["outcome"])
                outcomes.append((attempt.claim, outcome))
        return outcomes

    def lose(self, key: Key) -> None:
        """Another runner has this job by now: what comes of it here does not count."""
        if attempt := self._held.get(key):
            attempt.job.log.warning("lost")
            if not self._withdraw(attempt):
                attempt.job.lost = True

    def give_back(self, *, running: bool) -> list[Claim]:
        """Withdraws the attempts that have not started; with `running`, those that have too."""
        given: list[Claim] = []
        for attempt in list(self._held.values()):
            if self._withdraw(attempt) or (running and not attempt.job.lost):
                attempt.job.lost = True
                attempt.job.log.info("returned")
                given.append(attempt.claim)
        return given

    def _withdraw(self, attempt: Attempt) -> bool:
        with self._lock:
            if attempt.started_at is not None:
                return False
            attempt.job.lost = True
        del self._held[attempt.key]
        return True

    def _abandon(self, attempt: Attempt) -> bool:
        with self._lock:
            if attempt.finished:
                return False
            attempt.job.lost = attempt.abandoned = True
        del self._held[attempt.key]
        self.stuck += 1
        self._start_thread()
        return True

    def _start_thread(self) -> None:
        # A daemon: a handler that never comes back must not keep the process alive.
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            attempt = self._waiting.get()
            with self._lock:
                if attempt.job.lost:
                    continue
                attempt.started_at = time.monotonic()
            outcome = _execute(attempt)
            seconds = time.monotonic() - attempt.started_at
            with self._lock:
                attempt.finished = True
                self._ended.append((attempt, outcome, seconds))
            self._wake.set()
            if attempt.abandoned:
                return


def _execute(attempt: Attempt) -> Outcome:
    job, claim = attempt.job, attempt.claim
    start = time.monotonic()
    result: dict[str, Any] | None = None
    trace: str | None = None
    outcome: Outcome = None
    try:
        attempt.handler = registry.find(job.kind)
        if attempt.handler is None:
            raise PermanentError("unknown_kind", f"This runner has no handler for {job.kind}.")
        payload = _validate(attempt.handler, claim["payload"])
        attempt.ends_at = time.monotonic() + attempt.handler.timeout_s
        result = attempt.handler.run(job, payload)
    except PermanentError as error:
        outcome = _dead(error.code, str(error))
    except Snooze as error:
        outcome = {"outcome": "snooze", "after_s": _bounded(error.seconds)}
    except RetryLater as error:
        outcome = _failure(attempt, "retry_later", str(error), _bounded(error.after_s))
    except JobLost:
        outcome = _failure(attempt, "job_lost", "The handler stopped: the job was lost.")
    except BaseException as error:
        code = error.code if isinstance(error, FirmbaseError) else "exception"
        outcome = _failure(attempt, code, f"{type(error).__name__}: {error}")
        trace = traceback.format_exc()
    finally:
        attempt.ends_at = None
    _report(attempt, outcome, time.monotonic() - start, result, trace)
    return outcome


def _failure(attempt: Attempt, code: str, error: str, after_s: float | None = None) -> Outcome:
    """Another attempt, or the dead letters where this one was the last."""
    limit = attempt.handler.max_attempts if attempt.handler else registry.MAX_ATTEMPTS
    if attempt.job.attempt >= limit:
        return _dead(code, error)
    return {"outcome": "retry", "code": code, "error": _storable(error), "after_s": after_s}


def _dead(code: str, error: str) -> Outcome:
    return {"outcome": "dead", "code": code, "error": _storable(error)}


def _storable(error: str) -> str:
    """What PostgreSQL takes as text: one bad character would have every outcome refused."""
    return mask(error).replace("\0", "�").encode(errors="replace").decode()


def _bounded(seconds: float) -> float:
    """A wait between nothing and a month, whatever a handler came up with."""
    return min(max(0.0, seconds), MAX_WAIT_S)


def _validate(handler: Handler, payload: object) -> BaseModel:
    """Names each field that does not fit; never its value, which may be a secret."""
    try:
        return handler.payload.model_validate(payload)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        fields = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in faults)
        described = "; ".join(f"{field or 'payload'}: {fault}" for field, fault in fields)
        raise PermanentError("bad_payload", described) from None


def _report(
    attempt: Attempt, outcome: Outcome, seconds: float, result: object, trace: str | None
) -> None:
    log, took = attempt.job.log, round(seconds, 3)
    if attempt.job.lost:
        log.warning("ended too late", seconds=took)
    elif outcome is None:
        log.info("done", seconds=took, result=result)
    else:
        event = outcome["outcome"]
        level = {"snooze": log.info, "retry": log.warning, "dead": log.error}[event]
        facts = {name: fact for name, fact in outcome.items() if name != "outcome"}
        level(event, seconds=took, **facts, trace=trace)
