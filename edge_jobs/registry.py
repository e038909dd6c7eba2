"""Which code does which kind of job. A handler's module is imported when its kind first comes."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from pydantic import BaseModel

from edge_jobs.api import Api
from edge_jobs.errors import JobLost
from edge_jobs.log import Log

MODULES = {
    "contract.remind": "edge_jobs.notifications.contract_reminder",
    "email.send": "edge_jobs.notifications.email",
    "file.process": "edge_jobs.files.process",
    "firm.export": "edge_jobs.exports.export",
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
    # Set by the runner when an outcome of this attempt would no longer count.
    lost: bool = False

    def heartbeat(self) -> None:
        """For long loops: raises JobLost when the attempt's time is up or its lease is gone.

        The lease itself is renewed by the runner for as long as the handler runs."""
        if self.lost:
            raise JobLost


P = TypeVar("P", bound=BaseModel)
Run = Callable[[Job, P], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Handler:
    run: Run[Any]
    payload: type[BaseModel]
    max_attempts: int
    timeout_s: float


_handlers: dict[str, Handler] = {}


def handler(
    kind: str, *, payload: type[P], max_attempts: int = MAX_ATTEMPTS, timeout_s: float = 120
) -> Callable[[Run[P]], Run[P]]:
    """Registers a function for a kind. It may run twice for one job (a crash after its effect):
    make the effect idempotent. What it returns is logged.

    Raise PermanentError to give up, RetryLater or Snooze to choose the time of the next run;
    any other exception is retried with the backoff, `max_attempts` times in all."""

    def register(run: Run[P]) -> Run[P]:
        _handlers[kind] = Handler(run, payload, max_attempts, timeout_s)
        return run

    return register


def find(kind: str) -> Handler | None:
    """The handler of a kind, None where this program has none."""
    if kind not in _handlers and kind in MODULES:
        import_module(MODULES[kind])
    return _handlers.get(kind)
