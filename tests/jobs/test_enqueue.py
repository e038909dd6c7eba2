"""private.enqueue: what is let in, when it is due, and what a unique key promises."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.jobs.conftest import Jobs

FIRM = "00000000-0000-4000-8000-000000000001"


def test_a_job_carries_what_it_was_given(jobs: Jobs) -> None:
    number = jobs.enqueue("file.process", {"file_id": "f", "gap": None}, firm_id=FIRM)
    (claim,) = jobs.claim()
    assert claim == {
        "queue": "jobs_default",
        "id": number,
        "read": 1,
        "attempt": 1,
        "kind": "file.process",
        "payload": {"file_id": "f", "gap": None},
        "firm_id": FIRM,
        "lane": f"file.process:{FIRM}",
    }


def test_many_jobs_each_of_its_own_firm(jobs: Jobs) -> None:
    other = FIRM.replace("1", "2")
    numbers = jobs.value(
        "select public.jobs_enqueue('test.noop', %s, firm_ids => %s::uuid[])",
        Jsonb([{"n": n} for n in range(4)]),
        [FIRM, other, None, FIRM],
    )
    found = [
        (claim["id"], claim["payload"]["n"], claim.get("firm_id"), claim["lane"])
        for claim in sorted(jobs.claim(qty=4), key=lambda claim: int(claim["id"]))
    ]
    assert found == [
        (numbers[0], 0, FIRM, f"test.noop:{FIRM}"),
        (numbers[1], 1, other, f"test.noop:{other}"),
        (numbers[2], 2, None, "test.noop:"),
        (numbers[3], 3, FIRM, f"test.noop:{FIRM}"),
    ]


def test_a_firm_for_each_job(jobs: Jobs) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        jobs.value(
            "select public.jobs_enqueue('test.noop', '[{}, {}]', firm_ids => %s::uuid[])", [FIRM]
        )
    assert refusal.value.diag.message_detail == "firm_for_each_job"
    assert jobs.claim() == []


def test_a_job_belongs_to_the_transaction_that_queues_it(jobs: Jobs, other_jobs: Jobs) -> None:
    with jobs.db.transaction(force_rollback=True):
        jobs.enqueue(unique_key="k")
        assert other_jobs.claim() == []
    assert jobs.claim() == []
    assert jobs.enqueue(unique_key="k") is not None


def test_a_delayed_job_is_not_due_yet(jobs: Jobs) -> None:
    jobs.enqueue(delay="1 hour")
    assert jobs.claim() == []
    assert jobs.only()["state"] == "waiting"
    jobs.make_due()
    assert len(jobs.claim()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        ({"kind": "no dots"}, "invalid_kind", "PT400"),
        ({"kind": None}, "invalid_kind", "PT400"),
        ({"priority": "urgent"}, "invalid_priority", "PT400"),
        ({"priority": None}, "invalid_priority", "PT400"),
        ({"payload": {"text": "x" * 262_144}}, "payload_too_large", "PT413"),
    ],
)
def test_nonsense_is_refused(jobs: Jobs, arguments: dict[str, Any], code: str, status: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        jobs.enqueue(**arguments)
    assert refusal.value.sqlstate == status
    assert refusal.value.diag.message_detail == code
    assert jobs.list() == []


def test_the_largest_payload_fits(jobs: Jobs) -> None:
    jobs.enqueue(payload={"text": "x" * (262_144 - len('{"text": ""}'))})
    assert len(jobs.claim()) == 1


@pytest.mark.parametrize("payload", ["[]", "1", "null"])
def test_a_payload_is_an_object(jobs: Jobs, payload: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        jobs.value("select private.enqueue('test.noop', %s)", payload)
    assert refusal.value.diag.message_detail == "invalid_payload"


def test_a_unique_key_admits_one_job_at_a_time(jobs: Jobs) -> None:
    assert jobs.enqueue(unique_key="k") is not None
    assert jobs.enqueue(unique_key="k") is None
    assert jobs.enqueue(unique_key="k", priority="high") is None
    assert jobs.enqueue(unique_key="another") is not None
    assert jobs.enqueue("test.other", unique_key="k") is not None
    claims = jobs.claim()
    assert len(claims) == 3
    assert jobs.enqueue(unique_key="k") is None, "a running job holds its key"


@pytest.mark.parametrize("end", ["ack", "dead"])
def test_the_key_is_free_when_the_job_has_ended(jobs: Jobs, end: str) -> None:
    jobs.enqueue(unique_key="k")
    (claim,) = jobs.claim()
    if end == "ack":
        jobs.ack(claim)
    else:
        jobs.fail(claim, "dead", code="c", error="e")
    assert jobs.enqueue(unique_key="k") is not None


def test_the_key_stays_taken_through_a_retry(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k")
    (claim,) = jobs.claim()
    jobs.fail(claim, code="c", error="e")
    assert jobs.enqueue(unique_key="k") is None


def test_a_key_does_not_outlive_a_message_that_vanished(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k")
    jobs.db.execute("delete from pgmq.q_jobs_default")
    assert jobs.enqueue(unique_key="k") is not None
    assert jobs.enqueue(unique_key="k") is None


def test_two_at_once_with_one_key_queue_one_job(jobs: Jobs, other_jobs: Jobs) -> None:
    results: list[int | None] = []
    with jobs.db.transaction():
        results.append(jobs.enqueue(unique_key="k"))
        rival = threading.Thread(target=lambda: results.append(other_jobs.enqueue(unique_key="k")))
        rival.start()
        while not jobs.value("select count(*) from pg_locks where not granted"):
            assert rival.is_alive(), "the rival did not wait for the first one's transaction"
    rival.join()
    assert results[0] is not None
    assert results[1] is None
    assert len(jobs.list()) == 1
