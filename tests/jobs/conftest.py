"""Empty queues for each test, and the queue as its callers see it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from edge_jobs import SCHEMA_VERSION
from tests.conftest import RunningStack
from tests.jobs.commands import Firmbase
from tests.jobs.proxy import Proxy
from tests.jobs.runners import Runners, wait_for

QUEUES = ("jobs_high", "jobs_default", "jobs_low")


class Jobs:
    """The queue over one connection. A claim is `{queue, id, read, attempt, kind, payload, …}`."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self.db = db

    def value(self, query: str, *arguments: Any) -> Any:
        row = self.db.execute(query, arguments).fetchone()
        return row[0] if row else None

    def enqueue(
        self, kind: str = "test.noop", payload: dict[str, Any] | None = None, **options: Any
    ) -> int | None:
        named = "".join(f", {name} => %s" for name in options)
        id: int | None = self.value(
            f"select private.enqueue(%s, %s{named})",
            kind,
            json.dumps(payload or {}),
            *options.values(),
        )
        return id

    def step(self, **arguments: Any) -> dict[str, Any]:
        arguments = {"worker": "test", "version": SCHEMA_VERSION, **arguments}
        named = ", ".join(f"{name} => %s" for name in arguments)
        values = [json.dumps(v) if isinstance(v, dict) else v for v in arguments.values()]
        answer: dict[str, Any] = self.value(f"select public.jobs_step({named})", *values)
        return answer

    def claim(self, qty: int = 10, **arguments: Any) -> list[dict[str, Any]]:
        return claims(self.step(qty=qty, **arguments))

    def ack(self, *claims: dict[str, Any]) -> None:
        done: dict[str, list[list[int]]] = {}
        for claim in claims:
            done.setdefault(claim["queue"], []).append([claim["id"], claim["read"]])
        self.step(qty=0, done=done)

    def fail(self, claim: dict[str, Any], outcome: str = "retry", **facts: Any) -> None:
        item = {"id": claim["id"], "read": claim["read"], "outcome": outcome, **facts}
        self.step(qty=0, fail={claim["queue"]: [item]})

    def make_due(self) -> None:
        """What waits for its time or is leased is due now: time passes without a wait."""
        for queue in QUEUES:
            self.db.execute(
                f"update pgmq.q_{queue} set vt = now() where vt > now() and vt < 'infinity'"
            )

    def list(self, **filters: Any) -> list[dict[str, Any]]:
        """`private.jobs` as dicts, oldest first."""
        cursor = self.db.execute("select to_jsonb(j) from private.jobs as j order by enqueued_at")
        jobs = [row[0] for row in cursor]
        return [j for j in jobs if all(j[name] == value for name, value in filters.items())]

    def only(self) -> dict[str, Any]:
        (job,) = self.list()
        return job


def claims(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims in an answer of jobs_step, each with its queue and what its message says."""
    return [
        {
            "queue": batch["queue"],
            "id": id,
            "read": read,
            "attempt": read - message.get("settled", 0) + message.get("failures", 0),
            **message,
        }
        for batch in answer["jobs"]
        for id, read, message in batch["claims"]
    ]


@pytest.fixture
def jobs(db: psycopg.Connection[Any]) -> Jobs:
    """Empty queues, and a clock that has just ticked: no other work comes in between."""
    # The wait of a runner that was killed goes on in the database, and would take a job with it.
    waiting = (
        "select count(*) from pg_stat_activity where query like '%jobs_step%'"
        " and state = 'active' and pid <> pg_backend_pid()"
    )
    wait_for(lambda: db.execute(waiting).fetchone() == (0,), "the last runner's wait to end")
    for queue in QUEUES:
        db.execute(f"delete from pgmq.q_{queue}")
    for table in (
        "job_keys",
        "dead_jobs",
        "finished_jobs",
        "job_parents",
        "job_limits",
        "job_buckets",
        "job_pauses",
        "job_stats",
        "job_schedules",
    ):
        db.execute(f"delete from private.{table}")
    db.execute(
        "insert into private.job_clock (ticked_at) values (now())"
        " on conflict (only_row) do update set ticked_at = excluded.ticked_at"
    )
    return Jobs(db)


@pytest.fixture
def other_jobs(stack: RunningStack, jobs: Jobs) -> Iterator[Jobs]:
    """The same queue over a second connection."""
    with psycopg.connect(stack.superuser_url, autocommit=True) as connection:
        yield Jobs(connection)


@pytest.fixture(scope="session")
def api_ready(stack: RunningStack) -> None:
    """The API has read the schema that was just made."""
    url, headers = f"{stack.url}/rest/v1/rpc/schema_version", {"apikey": stack.secret_key}
    wait_for(lambda: httpx.post(url, headers=headers).is_success, "the API to see the schema")


@pytest.fixture
def runners(stack: RunningStack, api_ready: None) -> Iterator[Runners]:
    settings = ("SUPABASE_URL", "SUPABASE_SECRET_KEY")
    runners = Runners({name: stack.env[name] for name in settings})
    yield runners
    for runner in runners.started:
        runner.process.kill()
        runner.finish()


@pytest.fixture
def firmbase(stack: RunningStack, api_ready: None) -> Firmbase:
    return Firmbase(stack.env)


@pytest.fixture
def proxy(stack: RunningStack) -> Iterator[Proxy]:
    proxy = Proxy(stack.url)
    yield proxy
    proxy.stop()
