"""A job that hands work to others and goes on when they have ended."""

import threading
from typing import Any

import pytest

from tests.jobs.conftest import Jobs
from tests.jobs.model import LOST_LIMIT

Children = list[dict[str, Any]]


def fan_out(jobs: Jobs, children: Children, state: Any = None) -> dict[str, Any]:
    """A job that waits for its children; returns its claim."""
    jobs.enqueue("test.parent", priority="high")
    (parent,) = jobs.claim(queues=["jobs_high"])
    jobs.fail(parent, "wait", children=children, state=state)
    return parent


def some(count: int, **facts: Any) -> Children:
    return [{"kind": "test.child", "payload": {"n": n}, **facts} for n in range(count)]


def parent_of(jobs: Jobs) -> dict[str, Any]:
    (parent,) = jobs.list(kind="test.parent")
    return parent


def test_it_goes_on_when_the_last_child_has_ended(jobs: Jobs) -> None:
    fan_out(jobs, some(3), state={"page": 2})
    children = jobs.claim()
    assert [child["payload"]["n"] for child in children] == [0, 1, 2]
    jobs.ack(*children[:2])
    assert jobs.claim() == []
    assert parent_of(jobs)["state"] == "waiting"
    jobs.ack(children[2])
    (parent,) = jobs.claim()
    assert parent["state"] == {"page": 2}
    assert parent["children"] == {"done": 3, "dead": 0}
    assert parent["attempt"] == 1, "waiting costs no attempt"
    jobs.ack(parent)
    assert jobs.list() == []
    assert jobs.value("select count(*) from private.job_parents") == 0


def test_a_child_that_dies_has_ended_too(jobs: Jobs) -> None:
    fan_out(jobs, some(2))
    first, second = jobs.claim()
    jobs.fail(first, "dead", code="broken", error="It broke.")
    jobs.fail(second, "retry", after_s=0)
    assert [job["kind"] for job in jobs.claim()] == ["test.child"], "a retry is no end"
    jobs.make_due()
    jobs.ack(*jobs.claim())
    (parent,) = jobs.claim()
    assert parent["children"] == {"done": 1, "dead": 1}


def test_what_came_of_each_can_be_read(jobs: Jobs) -> None:
    parent = fan_out(jobs, some(2))
    first, second = jobs.claim()
    done = {first["queue"]: [[first["id"], first["read"], 12.5, {"pages": 4}]]}
    jobs.step(qty=0, done=done)
    jobs.fail(second, "dead", code="broken", error="It broke.")
    found = jobs.db.execute(
        "select state, result, code, error from public.jobs_children(%s) order by 1",
        [f"high:{parent['id']}"],
    ).fetchall()
    assert found == [("dead", None, "broken", "It broke."), ("done", {"pages": 4}, None, None)]


def test_children_of_many_kinds_and_queues(jobs: Jobs) -> None:
    firm = "00000000-0000-4000-8000-000000000001"
    fan_out(
        jobs,
        [
            {"kind": "test.a", "firm_id": firm},
            {"kind": "test.b", "priority": "low"},
            {"kind": "test.b", "priority": "high", "payload": {"x": 1}},
        ],
    )
    children = {(c["queue"], c["kind"], c.get("firm_id")): c for c in jobs.claim()}
    assert set(children) == {
        ("jobs_default", "test.a", firm),
        ("jobs_low", "test.b", None),
        ("jobs_high", "test.b", None),
    }
    jobs.ack(*children.values())
    assert [job["kind"] for job in jobs.claim()] == ["test.parent"]


def test_without_children_it_goes_on_at_once(jobs: Jobs) -> None:
    fan_out(jobs, [], state=7)
    (parent,) = jobs.claim()
    assert (parent["state"], parent["children"]) == (7, {"done": 0, "dead": 0})


def test_it_can_hand_out_work_again(jobs: Jobs) -> None:
    fan_out(jobs, some(1), state=1)
    jobs.ack(*jobs.claim())
    (parent,) = jobs.claim()
    jobs.fail(parent, "wait", children=some(2), state=2)
    jobs.ack(*jobs.claim())
    (parent,) = jobs.claim()
    assert (parent["state"], parent["children"]) == (2, {"done": 2, "dead": 0})


@pytest.mark.parametrize(
    "children",
    [
        [{"kind": "nonsense"}],
        [{"kind": "test.child", "payload": 7}],
        [{"kind": "test.child", "priority": "urgent"}],
        [{"kind": "test.child", "firm_id": "nobody"}],
        [*some(1), {"payload": {}}],
    ],
)
def test_children_that_cannot_be_queued(jobs: Jobs, children: Children) -> None:
    """The handler's fault: its job is dead, the others of the step are not touched."""
    jobs.enqueue("test.other")
    (other,) = jobs.claim()
    jobs.enqueue("test.parent")
    (parent,) = jobs.claim()
    outcome = {"id": parent["id"], "read": parent["read"], "outcome": "wait", "children": children}
    done = {"jobs_default": [[other["id"], other["read"]]]}
    jobs.step(qty=0, done=done, fail={"jobs_default": [outcome]})
    job = jobs.only()
    assert (job["kind"], job["state"]) == ("test.parent", "dead")
    assert job["history"][-1]["code"] == "bad_children"
    assert jobs.value("select count(*) from private.job_parents") == 0


def test_a_parent_that_is_cancelled_waits_for_nobody(jobs: Jobs) -> None:
    parent = fan_out(jobs, some(1))
    jobs.value("select public.jobs_cancel(%s)", f"high:{parent['id']}")
    jobs.ack(*jobs.claim())
    assert [job["state"] for job in jobs.list()] == ["dead"]
    assert jobs.value("select count(*) from private.job_parents") == 0


def test_a_child_that_is_cancelled_has_ended(jobs: Jobs) -> None:
    fan_out(jobs, some(1))
    (child,) = jobs.list(kind="test.child")
    jobs.value("select public.jobs_cancel(%s)", child["id"])
    assert [job["children"] for job in jobs.claim()] == [{"done": 0, "dead": 1}]


def test_a_child_in_a_crash_loop_has_ended(jobs: Jobs) -> None:
    fan_out(jobs, some(1))
    for _ in range(LOST_LIMIT + 2):
        jobs.make_due()
        if found := [job for job in jobs.claim() if job["kind"] == "test.parent"]:
            break
    assert [job["children"] for job in found] == [{"done": 0, "dead": 1}]


def test_a_late_outcome_queues_no_children(jobs: Jobs) -> None:
    jobs.enqueue("test.parent")
    (late,) = jobs.claim()
    jobs.make_due()
    (current,) = jobs.claim()
    jobs.fail(late, "wait", children=some(3))
    assert jobs.list(kind="test.child") == []
    jobs.ack(current)
    assert jobs.list() == []


def test_runners_that_end_the_same_families_at_once(jobs: Jobs, other_jobs: Jobs) -> None:
    """Crosswise: each settles children of every parent, in another order."""
    for _ in range(20):
        fan_out(jobs, some(2))
    children = jobs.claim(100)
    assert len(children) == 40
    halves = [children[::2], children[1::2][::-1]]

    def settle(queue: Jobs, claims: list[dict[str, Any]]) -> None:
        for n in range(0, len(claims), 4):
            queue.ack(*claims[n : n + 4])

    threads = [
        threading.Thread(target=settle, args=pair)
        for pair in zip((jobs, other_jobs), halves, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parents = jobs.claim(100)
    assert len(parents) == 20
    assert all(parent["children"] == {"done": 2, "dead": 0} for parent in parents)
