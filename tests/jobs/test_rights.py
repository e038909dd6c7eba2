"""Nobody but the secret key reaches the queue, and it only through the functions."""

from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from edge_jobs import SCHEMA_VERSION
from tests.conftest import RunningStack
from tests.jobs.conftest import QUEUES, Jobs
from tests.people import Firm

FUNCTIONS: dict[str, dict[str, Any]] = {
    "jobs_step": {"worker": "w", "version": SCHEMA_VERSION},
    "jobs_enqueue": {"kind": "test.noop"},
    "jobs_stats": {},
    "jobs_rates": {},
    "jobs_clock": {},
    "jobs_list": {},
    "jobs_dead": {},
    "jobs_show": {"id": "default:1"},
    "jobs_children": {"parent": "default:1"},
    "jobs_retry": {"id": "default:1"},
    "jobs_cancel": {"id": "default:1"},
    "jobs_redrive": {},
    "jobs_purge": {},
    "jobs_pause": {"target": "test.noop"},
    "jobs_limit": {"kind": "test.noop", "limits": {}},
    "jobs_controls": {},
    "jobs_schedules": {},
    "jobs_schedule_set": {"schedule": {"name": "s", "kind": "test.noop", "cron": "0 9 * * *"}},
    "jobs_schedule_pause": {"name": "s"},
    "jobs_schedule_remove": {"name": "s"},
    "jobs_schedule_fire": {"name": "s", "expected_at": None, "run_at": [], "next_at": None},
    "jobs_tick": {},
    "schema_version": {},
}
TABLES = [f"pgmq.{prefix}_{queue}" for queue in QUEUES for prefix in ("q", "a")] + [
    "private.job_keys",
    "private.dead_jobs",
    "private.finished_jobs",
    "private.job_limits",
    "private.job_buckets",
    "private.job_pauses",
    "private.job_parents",
    "private.job_schedules",
    "private.job_stats",
    "private.job_clock",
    "private.clock_faults",
    "private.jobs",
    "private.job_numbers",
]


def call(stack: RunningStack, key: str, function: str, **arguments: Any) -> httpx.Response:
    url = f"{stack.url}/rest/v1/rpc/{function}"
    return httpx.post(url, headers={"apikey": key}, json=arguments)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_attack_40_the_queue_by_a_signed_in_owner(firm: Firm, function: str) -> None:
    answer = firm.owner.rpc(function, **FUNCTIONS[function])
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_attack_40_the_queue_by_the_publishable_key(stack: RunningStack, function: str) -> None:
    answer = call(stack, stack.publishable_key, function, **FUNCTIONS[function])
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")


def test_every_function_was_asked_and_the_secret_key_may(jobs: Jobs, stack: RunningStack) -> None:
    granted = jobs.db.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        " and (proname like 'jobs%' or proname = 'schema_version')"
    ).fetchall()
    assert {name for (name,) in granted} == set(FUNCTIONS)

    def ask(function: str, **arguments: Any) -> Any:
        return call(stack, stack.secret_key, function, **arguments).json()

    number = jobs.enqueue("test.noop", {"a": 1})
    (batch,) = ask("jobs_step", **FUNCTIONS["jobs_step"])["jobs"]
    assert batch["claims"][0][0] == number
    assert ask("jobs_stats") == [
        {
            "priority": "default",
            "kind": "test.noop",
            "ready": 0,
            "running": 1,
            "waiting": 0,
            "dead": 0,
            "done_1h": 0,
            "failed_1h": 0,
            "seconds_1h": 0,
            "oldest_ready_at": None,
            "paused": False,
        }
    ]
    (listed,) = ask("jobs_list", state="running")
    assert ask("jobs_show", id=listed["id"])["payload"] == {"a": 1}
    assert ask("jobs_list", kind="test.other") == []
    assert ask("jobs_show", id="default:0") is None
    assert ask("jobs_retry", id="default:0")["details"] == "job_not_dead"
    assert ask("schema_version") == SCHEMA_VERSION


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
@pytest.mark.parametrize("table", TABLES)
def test_attack_40_tables_of_the_queue(db: psycopg.Connection[Any], role: str, table: str) -> None:
    for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
        answer = db.execute("select has_table_privilege(%s, %s, %s)", [role, table, privilege])
        assert answer.fetchone() == (False,), privilege


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_attack_40_enqueue_by_hand(db: psycopg.Connection[Any], role: str) -> None:
    with db.transaction(force_rollback=True):
        db.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("select private.enqueue('file.process', '{}')")


def test_every_table_of_the_queue_has_row_security(db: psycopg.Connection[Any]) -> None:
    open_tables = db.execute(
        "select oid::regclass::text from pg_class where relkind = 'r' and not relrowsecurity"
        " and oid = any (%s::regclass[])",
        [TABLES],
    ).fetchall()
    assert open_tables == []
