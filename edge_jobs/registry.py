"""Which code does which kind of job. A handler's module is imported when its kind first comes."""

import inspect
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

from pydantic import BaseModel

from edge_jobs.api import Api
from edge_jobs.errors import JobLost
from edge_jobs.log import Log, storable

MODULES = {
    "contract.remind": "edge_jobs.notifications.contract_reminder",
    "email.send": "edge_jobs.notifications.email",
    "file.process": "edge_jobs.files.process",
    "file.rescan": "edge_jobs.files.rescan",
    "firm.export": "edge_jobs.exports.export",
    "import.run": "edge_jobs.imports.run",
    "objects.remove": "edge_jobs.storage.remove",
    "report.render": "edge_jobs.reports.render",
}

MAX_ATTEMPTS = 8


@dataclass(slots=True)
class Job:
    """One attempt at a job, as its handler sees it. The payload is a claim, not a fact: a handler
    reads the rows it names, and their firm, from the database."""

    id: str
    kind: str
    attempt: int
    firm_id: str | None
    api: Api
    log: Log
    # What the last FanOut of this job handed on; None at its first run.
    state: Any = None
    # How the children of that FanOut ended: {"done": 3, "dead": 1}.
    children: dict[str, int] | None = None
    # Set by the runner when an outcome of this attempt would no longer count.
    lost: bool = False
    # What `progress` said last, for the runner to pass on.
    told: dict[str, Any] | None = None

    def heartbeat(self) -> None:
        """For long loops: raises JobLost when the attempt's time is up or its lease is gone.

        The lease itself is renewed by the runner for as long as the handler runs."""
        if self.lost:
            raise JobLost

    def progress(self, fraction: float, note: str | None = None) -> None:
        """Says how far it is, from 0 to 1; shown by `firmbase jobs show`. A heartbeat, too."""
        self.heartbeat()
        # In this order what is no number is 0.
        told: dict[str, Any] = {"fraction": round(min(max(0.0, fraction), 1.0), 4)}
        if note:
            told["note"] = storable(note)[:200]
        self.told = told

    def child_results(self) -> list[dict[str, Any]]:
        """One for each child that has ended: id, kind, state (done or dead), result, code, error.

        Results are kept for a week."""
        found: list[dict[str, Any]] = self.api.rpc("jobs_children", parent=self.id)
        return found


@dataclass(frozen=True, slots=True)
class Child:
    """A job that another waits for. `priority` is high, default or low."""

    kind: str
    payload: dict[str, Any] = field(default_factory=dict)
    firm_id: str | None = None
    priority: str = "default"


@dataclass(frozen=True, slots=True)
class FanOut:
    """What a handler returns to be called again when all these jobs have ended, done or dead.

    `state` (JSON) comes back as `job.state`, the outcome of the children as `job.children`."""

    children: Sequence[Child]
    state: Any = None


@dataclass(frozen=True, slots=True)
class Backoff:
    """The wait after a failed attempt: `first_s`, multiplied by `factor` each time, at most
    `limit_s` seconds, more or less by the share `jitter` at random."""

    first_s: float = 5
    factor: float = 3
    limit_s: float = 3600
    jitter: float = 0.25

    def wait_s(self, attempt: int) -> float:
        """Seconds to wait after this attempt, counted from 1."""
        wait = min(self.first_s * self.factor ** min(attempt - 1, 50), self.limit_s)
        return wait * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311


P = TypeVar("P", bound=BaseModel)
Result = dict[str, Any] | FanOut | None
Run = Callable[[Job, P], Result | Awaitable[Result]]
R = TypeVar("R", bound=Result | Awaitable[Result])


@dataclass(frozen=True, slots=True)
class Handler:
    run: Run[Any]
    payload: type[BaseModel]
    max_attempts: int
    timeout_s: float
    backoff: Backoff
    concurrency: int | None
    process: bool
    is_async: bool


_handlers: dict[str, Handler] = {}


def handler(
    kind: str,
    *,
    payload: type[P],
    max_attempts: int = MAX_ATTEMPTS,
    timeout_s: float = 120,
    backoff: Backoff | None = None,
    concurrency: int | None = None,
    process: bool = False,
) -> Callable[[Callable[[Job, P], R]], Callable[[Job, P], R]]:
    """Registers a function for a kind. It may run twice for one job (a crash after its effect):
    make the effect idempotent. What it returns, a JSON object of at most 256 kB, is kept for a
    week; a FanOut makes it wait for other jobs.

    A plain function runs in a thread, an `async` one beside many others in one loop, and with
    `process` it runs in a process of its own, with bounded memory, which is killed when its time
    is up: for work on the processor. `concurrency` is how many of the kind one runner runs at
    once; limits over all runners are set with `firmbase jobs limits set`.

    Raise PermanentError to give up, RetryLater or Snooze to choose the time of the next run;
    any other exception is retried with the backoff, `max_attempts` times in all."""

    def register(run: Callable[[Job, P], R]) -> Callable[[Job, P], R]:
        _handlers[kind] = Handler(
            run=run,
            payload=payload,
            max_attempts=max_attempts,
            timeout_s=timeout_s,
            backoff=backoff or Backoff(),
            concurrency=concurrency,
            process=process,
            is_async=inspect.iscoroutinefunction(run),
        )
        return run

    return register


def find(kind: str) -> Handler | None:
    """The handler of a kind, None where this program has none."""
    if kind not in _handlers and kind in MODULES:
        import_module(MODULES[kind])
    return _handlers.get(kind)
