"""A key that is taken: for how long, and what becomes of the next job that has it."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.jobs.conftest import Jobs


def expire(jobs: Jobs) -> None:
    jobs.db.execute("update private.job_keys set expires_at = now() where expires_at is not null")


def test_ignore_changes_nothing(jobs: Jobs) -> None:
    jobs.enqueue(payload={"n": 1}, unique_key="k")
    assert jobs.enqueue(payload={"n": 2}, unique_key="k") is None
    assert jobs.only()["payload"] == {"n": 1}


def test_replace_puts_the_new_job_in_the_place_of_the_old(jobs: Jobs) -> None:
    jobs.enqueue(payload={"n": 1}, unique_key="k", delay="1 hour", priority="low")
    new = jobs.enqueue(payload={"n": 2}, unique_key="k", if_queued="replace")
    job = jobs.only()
    assert (job["payload"], job["id"], job["state"]) == ({"n": 2}, f"default:{new}", "ready")


def test_extend_lets_the_old_job_wait_on(jobs: Jobs) -> None:
    old = jobs.enqueue(payload={"n": 1}, unique_key="k", delay="1 minute")
    assert jobs.enqueue(unique_key="k", delay="1 hour", if_queued="extend") == old
    job = jobs.only()
    assert job["payload"] == {"n": 1}
    assert jobs.value("select vt > now() + '59 min' from pgmq.q_jobs_default")


@pytest.mark.parametrize("policy", ["replace", "extend"])
def test_behind_a_job_that_runs_a_new_one_is_queued(jobs: Jobs, policy: str) -> None:
    """What it has read already may be out of date: the change must not be lost."""
    jobs.enqueue(payload={"n": 1}, unique_key="k")
    (running,) = jobs.claim()
    second = jobs.enqueue(payload={"n": 2}, unique_key="k", if_queued=policy)
    assert second is not None
    jobs.ack(running)
    assert jobs.only()["payload"] == {"n": 2}
    assert jobs.enqueue(unique_key="k") is None, "the key is the second one's now"


@pytest.mark.parametrize("policy", ["replace", "extend"])
def test_a_job_that_waits_for_its_retry_does_not_run(jobs: Jobs, policy: str) -> None:
    jobs.enqueue(payload={"n": 1}, unique_key="k")
    jobs.fail(jobs.claim()[0], after_s=60)
    jobs.enqueue(payload={"n": 2}, unique_key="k", if_queued=policy)
    assert len(jobs.list()) == 1


def test_a_key_outlives_its_job_for_as_long_as_was_said(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k", unique_for="1 hour")
    jobs.ack(*jobs.claim())
    assert jobs.enqueue(unique_key="k") is None
    expire(jobs)
    assert jobs.enqueue(unique_key="k") is not None


def test_a_job_outlives_the_time_of_its_key(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k", unique_for="1 s")
    expire(jobs)
    jobs.value("select private.prune_jobs()")
    assert jobs.enqueue(unique_key="k") is None, "it is queued still"


def test_expired_keys_are_pruned(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k", unique_for="1 hour")
    jobs.ack(*jobs.claim())
    jobs.value("select private.prune_jobs()")
    assert jobs.value("select count(*) from private.job_keys") == 1
    expire(jobs)
    assert jobs.value("select private.prune_jobs()") == 1
    assert jobs.value("select count(*) from private.job_keys") == 0


def test_the_same_key_of_another_kind_is_another(jobs: Jobs) -> None:
    assert jobs.enqueue("test.noop", unique_key="k") is not None
    assert jobs.enqueue("test.other", unique_key="k") is not None


@pytest.mark.parametrize("policy", ["ignore", "replace", "extend"])
def test_many_at_once_leave_one_job(jobs: Jobs, other_jobs: Jobs, policy: str) -> None:
    def press(queue: Jobs) -> None:
        for n in range(40):
            queue.enqueue(payload={"n": n}, unique_key="k", if_queued=policy)

    threads = [threading.Thread(target=press, args=(queue,)) for queue in (jobs, other_jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(jobs.list()) == 1


def enqueue_over_the_api(jobs: Jobs, **arguments: Any) -> Any:
    named = ", ".join(f"{name} => %s" for name in arguments)
    return jobs.value(f"select public.jobs_enqueue('test.noop', {named})", *arguments.values())


def test_many_jobs_in_one_call_keep_their_order(jobs: Jobs) -> None:
    payloads = Jsonb([{"n": n} for n in range(1000)])
    ids = enqueue_over_the_api(jobs, payloads=payloads)
    assert ids == sorted(ids)
    assert [job["payload"]["n"] for job in jobs.claim(500)] == list(range(500))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"unique_key": "k", "if_queued": "drop"}, "invalid_unique_policy"),
        ({"unique_key": "k" * 201}, "invalid_unique_key"),
        ({"unique_key": ""}, "invalid_unique_key"),
        ({"unique_key": "k", "payloads": [{}, {}]}, "one_key_many_jobs"),
        ({"payloads": [{}, 1]}, "invalid_payload"),
        ({"payloads": [{}, {"x": "x" * 262_144}]}, "payload_too_large"),
        ({"payloads": None}, "invalid_payload"),
        ({"priority": "urgent"}, "invalid_priority"),
    ],
)
def test_what_is_refused(jobs: Jobs, arguments: dict[str, Any], code: str) -> None:
    if "payloads" in arguments:
        arguments = {**arguments, "payloads": Jsonb(arguments["payloads"])}
    with pytest.raises(psycopg.Error) as refused:
        enqueue_over_the_api(jobs, **arguments)
    assert refused.value.diag.message_detail == code
    assert jobs.list() == [], "nothing of it is queued"


@pytest.mark.parametrize("policy", ["replace", "extend"])
def test_behind_a_job_that_waits_for_its_children_a_new_one_is_queued(
    jobs: Jobs, policy: str
) -> None:
    """It has started, and so have they."""
    jobs.enqueue(payload={"n": 1}, unique_key="k")
    (parent,) = jobs.claim()
    jobs.fail(parent, "wait", children=[{"kind": "test.child"}])
    new = jobs.enqueue(payload={"n": 2}, unique_key="k", if_queued=policy)
    first, second = jobs.claim()
    assert {first["kind"], second["id"]} == {"test.child", new}
    jobs.ack(first, second)
    (parent,) = jobs.claim()
    assert (parent["payload"], parent["children"]) == ({"n": 1}, {"done": 1, "dead": 0})


def test_a_job_whose_runner_was_lost_waits_on_like_others(jobs: Jobs) -> None:
    id = jobs.enqueue(unique_key="k")
    (lost,) = jobs.claim()
    jobs.make_due()
    for _ in range(2):
        assert jobs.enqueue(unique_key="k", delay="1 hour", if_queued="extend") == id
    assert (jobs.only()["state"], jobs.only()["attempts"]) == ("waiting", 1)
    jobs.ack(lost)
    assert jobs.only()["state"] == "waiting", "what it missed is still to be done"
