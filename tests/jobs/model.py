"""What the queue has to do, said once more in plain Python, to hold the SQL against.

Each method is one thing that SQL does: `may_run` who comes first, `claim` what a claim does to a
job, `_holds` whose outcome counts, and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PRIORITIES = ("high", "default", "low")
LOST_LIMIT = 20

# Seconds that were made to pass, then the number of the step: between two steps too little real
# time goes by to matter, but it decides who comes first.
Moment = tuple[int, int]


@dataclass
class ModelJob:
    id: str
    kind: str
    payload: dict[str, Any]
    firm_id: str | None
    key: str | None
    due: Moment
    read: int = 0
    settled: int = 0
    failures: int = 0
    # The code of each failed attempt, and who ran it.
    history: list[tuple[str, str]] = field(default_factory=list)

    @property
    def priority(self) -> str:
        return self.id.split(":")[0]

    @property
    def attempt(self) -> int:
        return self.failures + self.read - self.settled


class Model:
    def __init__(self) -> None:
        self.now: Moment = (0, 0)
        self.queued: dict[str, ModelJob] = {}
        self.dead: dict[str, ModelJob] = {}

    def next_step(self) -> None:
        self.now = (self.now[0], self.now[1] + 1)

    def pass_time(self, seconds: int) -> None:
        self.now = (self.now[0] + seconds, self.now[1])

    def later(self, seconds: int) -> Moment:
        return self.now[0] + seconds, self.now[1]

    def holder(self, kind: str, key: str | None) -> ModelJob | None:
        """The job that stands in the way of another one with its unique key."""
        same = (job for job in self.queued.values() if (job.kind, job.key) == (kind, key))
        return None if key is None else next(same, None)

    def enqueue(self, job: ModelJob) -> None:
        assert self.holder(job.kind, job.key) is None
        assert job.id not in self.queued | self.dead, "an id is given out twice"
        self.queued[job.id] = job

    def may_run(self, priority: str) -> list[ModelJob]:
        """What is due, the longest first; jobs with the same due moment in any order."""
        jobs = (job for job in self.queued.values() if job.priority == priority)
        return sorted((job for job in jobs if job.due <= self.now), key=lambda job: job.due)

    def claim(self, job: ModelJob, lease: int, worker: str) -> bool:
        """Whether the job goes to the worker; else too many runners were lost with it: it dies."""
        job.read += 1
        job.due = self.later(lease)
        if job.read - job.settled <= LOST_LIMIT:
            return True
        self._settle(job, worker, "dead", "crash_loop", 0)
        return False

    def done(self, id: str, read: int) -> None:
        if self._holds(id, read):
            del self.queued[id]

    def fail(self, id: str, read: int, worker: str, outcome: str, code: str, wait: int) -> bool:
        if counts := self._holds(id, read):
            self._settle(self.queued[id], worker, outcome, code, wait)
        return counts

    def extend(self, id: str, read: int, lease: int) -> bool:
        """Whether the claim is renewed; else it counts no more."""
        if counts := self._holds(id, read):
            self.queued[id].due = self.later(lease)
        return counts

    def states(self) -> Iterator[tuple[Any, ...]]:
        """What `private.jobs` has to show."""
        for job in (*self.queued.values(), *self.dead.values()):
            if job.id in self.dead:
                state = "dead"
            elif job.due <= self.now:
                state = "ready"
            else:
                state = "running" if job.read > job.settled else "waiting"
            yield job.id, job.kind, state, job.attempt, job.firm_id, job.payload, job.history

    def keys(self) -> Iterator[tuple[str, str, str]]:
        """What `private.job_keys` has to hold."""
        for job in self.queued.values():
            if job.key is not None:
                yield job.kind, job.key, job.id

    def _holds(self, id: str, read: int) -> bool:
        """The claim is the job's last, and nothing was said of it yet."""
        job = self.queued.get(id)
        return job is not None and job.read == read and job.settled < read

    def _settle(self, job: ModelJob, worker: str, outcome: str, code: str, wait: int) -> None:
        if outcome == "snooze":
            job.failures = job.attempt - 1
        else:
            job.failures = job.attempt
            job.history.append((code, worker))
        job.settled = job.read
        job.due = self.later(wait)
        if outcome == "dead":
            self.dead[job.id] = self.queued.pop(job.id)
