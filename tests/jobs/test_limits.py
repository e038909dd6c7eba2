"""How many jobs of a kind run at once, and how many start in a period; pauses."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.jobs.conftest import Jobs, claims
from tests.jobs.test_lanes import FIRMS, claim_all, flood


def limit(jobs: Jobs, kind: str = "test.noop", **limits: Any) -> None:
    jobs.value("select public.jobs_limit(%s, %s)", kind, Jsonb(limits))


def test_so_many_at_once_and_no_more(jobs: Jobs) -> None:
    flood(jobs, 10)
    limit(jobs, max_running=3)
    held = jobs.claim(10)
    assert len(held) == 3
    assert jobs.claim(10) == []
    jobs.ack(held[0])
    jobs.fail(held[1], after_s=3600)
    assert len(jobs.claim(10)) == 2, "one ended, one waits: two have room"


def test_the_limit_is_for_all_firms_and_queues_together(jobs: Jobs) -> None:
    for firm in FIRMS[:5]:
        jobs.enqueue(firm_id=firm)
        jobs.enqueue(firm_id=firm, priority="low")
    limit(jobs, max_running=4)
    assert len(jobs.claim(10)) == 4
    assert jobs.claim(10) == []


def test_so_many_of_each_firm(jobs: Jobs) -> None:
    flood(jobs, 10, FIRMS[0])
    flood(jobs, 10, FIRMS[1])
    limit(jobs, max_running_per_firm=2)
    assert sorted(job["firm_id"] for job in jobs.claim(20)) == [FIRMS[0]] * 2 + [FIRMS[1]] * 2
    assert jobs.claim(20) == []


def test_a_runner_that_was_lost_does_not_keep_its_place(jobs: Jobs) -> None:
    flood(jobs, 2)
    limit(jobs, max_running=1)
    (held,) = jobs.claim(5)
    assert jobs.claim(5) == []
    jobs.db.execute("update pgmq.q_jobs_default set vt = now() where read_ct = 1")
    (again,) = jobs.claim(1)
    assert len([held, again]) == 2
    assert jobs.claim(5) == [], "one runs: another's or the same"
    jobs.ack(again)
    assert len(jobs.claim(5)) == 1


def test_other_kinds_pass_by(jobs: Jobs) -> None:
    flood(jobs, 2000)
    limit(jobs, max_running=1)
    flood(jobs, 3, kind="test.other")
    assert len(jobs.claim(100)) == 4


def test_firms_share_what_a_limit_admits(jobs: Jobs) -> None:
    for firm in FIRMS[:4]:
        flood(jobs, 100, firm)
    limit(jobs, max_running=8)
    taken = [job["firm_id"] for job in jobs.claim(100)]
    assert sorted(taken) == sorted(FIRMS[:4] * 2)


def test_a_thousand_lanes_that_are_full_hide_nobody(jobs: Jobs) -> None:
    jobs.db.execute(
        "select private.enqueue('test.noop', firm_id => gen_random_uuid())"
        " from generate_series(1, 1000)"
    )
    limit(jobs, max_running=1)
    assert len(jobs.claim(10)) == 1
    jobs.enqueue("test.zebra")
    assert [job["kind"] for job in jobs.claim(10)] == ["test.zebra"]


def test_a_rate_lets_so_many_start_in_a_period(jobs: Jobs) -> None:
    flood(jobs, 100)
    limit(jobs, rate=10, rate_period="1 hour")
    assert len(jobs.claim(50)) == 10
    assert jobs.claim(50) == []
    # Half an hour later half of it has come back.
    jobs.db.execute("update private.job_buckets set filled_at = filled_at - interval '30 min'")
    assert len(jobs.claim(50)) == 5
    jobs.db.execute("update private.job_buckets set filled_at = filled_at - interval '9 hours'")
    assert len(jobs.claim(50)) == 10, "a bucket holds no more than one period's"


def test_a_rate_of_each_firm(jobs: Jobs) -> None:
    flood(jobs, 10, FIRMS[0])
    flood(jobs, 10, FIRMS[1])
    limit(jobs, firm_rate=3, firm_rate_period="1 day")
    assert len(claim_all(jobs, 4)) == 2
    assert jobs.value("select count(*) from pgmq.q_jobs_default where read_ct > 0") == 6


def test_a_limit_can_be_lifted_while_jobs_wait(jobs: Jobs) -> None:
    flood(jobs, 5)
    limit(jobs, max_running=1)
    assert len(jobs.claim(10)) == 1
    limit(jobs)
    assert len(jobs.claim(10)) == 4


def test_two_runners_never_overstep_together(jobs: Jobs, other_jobs: Jobs) -> None:
    """The first has claimed and not yet committed: the second must not count without it."""
    flood(jobs, 10)
    limit(jobs, max_running=3)
    with jobs.db.transaction():
        assert len(jobs.claim(10)) == 3
        answer = other_jobs.step(qty=10)
        assert claims(answer) == []
        assert answer["busy"], "so it looks again soon, and does not take this for the end"
    assert other_jobs.claim(10) == []


def test_many_runners_at_once_keep_the_limit(jobs: Jobs, other_jobs: Jobs) -> None:
    flood(jobs, 200)
    limit(jobs, max_running=7)
    taken: list[int] = []

    def take(queue: Jobs) -> None:
        for _ in range(30):
            taken.extend(job["id"] for job in queue.claim(2))

    threads = [threading.Thread(target=take, args=(queue,)) for queue in (jobs, other_jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 7


@pytest.mark.parametrize(
    "limits",
    [
        {"max_running": 0},
        {"max_running_per_firm": -1},
        {"rate": 5},
        {"rate": 5, "rate_period": "1 ms"},
        {"rate": 5, "rate_period": "soon"},
        {"firm_rate": 10**12, "firm_rate_period": "1 s"},
        {"max_running": "many"},
    ],
)
def test_impossible_limits(jobs: Jobs, limits: dict[str, Any]) -> None:
    limit(jobs, max_running=2)
    with pytest.raises(psycopg.Error) as refused:
        limit(jobs, **limits)
    assert refused.value.diag.sqlstate == "PT400"
    assert refused.value.diag.message_detail == "impossible_limit"
    assert jobs.value("select max_running from private.job_limits") == 2, "the old one stays"


def test_limits_of_no_kind(jobs: Jobs) -> None:
    with pytest.raises(psycopg.Error, match="not a kind of job"):
        limit(jobs, kind="everything", max_running=2)


@pytest.mark.parametrize(("target", "left"), [("test.noop", {"test.other"}), ("default", set())])
def test_a_pause(jobs: Jobs, target: str, left: set[str]) -> None:
    jobs.enqueue()
    jobs.enqueue("test.other")
    jobs.value("select public.jobs_pause(%s)", target)
    jobs.value("select public.jobs_pause(%s)", target)
    assert {job["kind"] for job in jobs.claim()} == left
    jobs.value("select public.jobs_pause(%s, false)", target)
    assert {job["kind"] for job in jobs.claim()} == {"test.noop", "test.other"} - left


def test_what_runs_goes_on_through_a_pause(jobs: Jobs) -> None:
    jobs.enqueue()
    (held,) = jobs.claim()
    jobs.value("select public.jobs_pause('test.noop')")
    assert jobs.step(extend={held["queue"]: [[held["id"], held["read"]]]})["lost"] == []
    jobs.ack(held)
    assert jobs.list() == []


def test_a_pause_of_nothing(jobs: Jobs) -> None:
    for target in ("everything", None, "Test.Noop", "jobs_default; drop"):
        with pytest.raises(psycopg.Error, match="neither a kind of job nor a queue"):
            jobs.value("select public.jobs_pause(%s)", target)
