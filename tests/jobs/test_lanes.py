"""Kinds and firms take turns: nobody waits behind another's flood."""

from collections import Counter
from typing import Any

import pytest

from edge_jobs import SCHEMA_VERSION
from tests.jobs.conftest import Jobs, claims

FIRMS = [f"00000000-0000-4000-8000-{n:012}" for n in range(400)]


def flood(jobs: Jobs, count: int, firm: str = FIRMS[0], kind: str = "test.noop") -> None:
    jobs.value(
        "select private.enqueue_many(%s, array_fill('{}'::jsonb, array[%s]), %s)", kind, count, firm
    )


def claim_all(jobs: Jobs, qty: int, **arguments: Any) -> list[list[dict[str, Any]]]:
    """Claims until nothing is left; each step goes on where the last one ended."""
    found: list[list[dict[str, Any]]] = []
    places: dict[str, Any] = {}
    while True:
        answer = jobs.step(qty=qty, places=places, **arguments)
        places = answer["places"]
        if not (batch := claims(answer)):
            return found
        found.append(batch)


def test_one_job_does_not_wait_behind_a_flood(jobs: Jobs) -> None:
    flood(jobs, 20_000)
    for firm in FIRMS[1:4]:
        jobs.enqueue(firm_id=firm)
    first = jobs.claim(10)
    assert Counter(job["firm_id"] for job in first) == {FIRMS[0]: 7, **dict.fromkeys(FIRMS[1:4], 1)}


def test_with_one_job_at_a_time_everybody_has_a_turn(jobs: Jobs) -> None:
    for firm in FIRMS[:5]:
        flood(jobs, 4, firm)
    order = [job["firm_id"] for batch in claim_all(jobs, 1) for job in batch]
    assert len(order) == 20
    for n in range(0, 20, 5):
        assert len(set(order[n : n + 5])) == 5, "each firm once before any has another turn"


def test_more_lanes_than_one_look_sees(jobs: Jobs) -> None:
    """A walk ends after 256 lanes, a claim does not."""
    for firm in FIRMS:
        jobs.enqueue(firm_id=firm, delay="1 hour")
    jobs.enqueue(firm_id=FIRMS[-1], kind="test.last")
    assert [job["kind"] for job in jobs.claim(5)] == ["test.last"]
    jobs.make_due()
    batches = claim_all(jobs, 500)
    assert sum(map(len, batches)) == 401
    assert len(batches) == 1, "one claim goes through all of them"


def test_the_longest_due_of_a_lane_come_first(jobs: Jobs) -> None:
    late, early = jobs.enqueue(), jobs.enqueue()
    jobs.db.execute(
        "update pgmq.q_jobs_default set vt = now() - interval '1 hour' where msg_id = %s", [early]
    )
    assert [job["id"] for job in jobs.claim(1)] == [early]
    assert [job["id"] for job in jobs.claim(1)] == [late]


def test_kinds_take_turns_too(jobs: Jobs) -> None:
    flood(jobs, 1000)
    flood(jobs, 1, kind="test.other")
    assert Counter(job["kind"] for job in jobs.claim(4)) == {"test.noop": 3, "test.other": 1}


def test_a_message_that_came_by_itself_is_a_job(jobs: Jobs) -> None:
    """Sent from a dashboard, say: without a lane."""
    jobs.value("select pgmq.send('jobs_default', '{\"kind\": \"test.noop\"}')")
    assert [job["kind"] for job in jobs.claim()] == ["test.noop"]


def test_urgent_jobs_first_but_not_only(jobs: Jobs) -> None:
    """Once in ten claims the order is turned round."""
    for priority in ("high", "low"):
        jobs.value(
            "select private.enqueue_many('test.noop', array_fill('{}'::jsonb, array[400]),"
            " priority => %s)",
            priority,
        )
    taken = Counter(job["queue"] for _ in range(300) for job in jobs.claim(1))
    assert taken["jobs_high"] > 200
    assert taken["jobs_low"] > 5


@pytest.mark.parametrize("skip", [["test.noop"], ["test.noop", "test.unheard_of"]])
def test_a_kind_a_runner_wants_none_of_now(jobs: Jobs, skip: list[str]) -> None:
    flood(jobs, 600)
    jobs.enqueue("test.other")
    assert [job["kind"] for job in jobs.claim(10, skip=skip)] == ["test.other"]
    assert jobs.claim(10, skip=skip) == []


def test_what_is_due_is_found_behind_what_is_not(jobs: Jobs) -> None:
    """100 jobs of a lane are held, one is due."""
    flood(jobs, 101)
    assert len(jobs.claim(100)) == 100
    assert len(jobs.claim(100)) == 1


def test_the_version_of_the_schema_is_asked(jobs: Jobs) -> None:
    jobs.enqueue()
    assert jobs.step(qty=5, version=SCHEMA_VERSION + 1)["jobs"] == []
    assert len(jobs.claim()) == 1
