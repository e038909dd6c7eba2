"""What an operator does to jobs: cancel, send back, forget; and what they can see."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.jobs.conftest import Jobs
from tests.jobs.runners import wait_for
from tests.jobs.test_lanes import FIRMS, flood


def die(jobs: Jobs, count: int = 1, code: str = "broken", **options: Any) -> list[str]:
    """So many dead jobs; returns their ids."""
    ids = []
    for _ in range(count):
        jobs.enqueue(**options)
    for claim in jobs.claim(500):
        jobs.fail(claim, "dead", code=code, error="It broke.")
        ids.append(f"default:{claim['id']}")
    return ids


def states(jobs: Jobs) -> list[str]:
    return sorted(job["state"] for job in jobs.list())


@pytest.mark.parametrize("state", ["ready", "waiting", "running"])
def test_cancel(jobs: Jobs, state: str) -> None:
    number = jobs.enqueue(unique_key="k", delay="1 hour" if state == "waiting" else "0")
    held = jobs.claim() if state == "running" else []
    assert states(jobs) == [state]
    jobs.value("select public.jobs_cancel(%s)", f"default:{number}")
    job = jobs.only()
    assert (job["state"], job["history"][-1]["code"]) == ("dead", "cancelled")
    for claim in held:
        lease = [[claim["id"], claim["read"]]]
        assert jobs.step(extend={"jobs_default": lease})["lost"] == [["jobs_default", *lease[0]]]
        jobs.ack(claim)
    assert states(jobs) == ["dead"], "the outcome of a job that was cancelled does not count"
    assert jobs.enqueue(unique_key="k") is not None, "its key is free"


@pytest.mark.parametrize(
    "id", ["default:999999", "default:x", "other:1", "", "default:1;drop", "1"]
)
def test_cancel_what_is_not_there(jobs: Jobs, id: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        jobs.value("select public.jobs_cancel(%s)", id)
    assert refused.value.diag.message_detail == "job_not_found"


def test_cancel_waits_for_the_step_that_settles_the_job(jobs: Jobs, other_jobs: Jobs) -> None:
    """It is done in a transaction that has not ended: then there is nothing to cancel."""
    number = jobs.enqueue()
    (claim,) = jobs.claim()
    with jobs.db.transaction():
        jobs.ack(claim)
        other_jobs.db.execute("set lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other_jobs.value("select public.jobs_cancel(%s)", f"default:{number}")
    with pytest.raises(psycopg.Error, match="no job"):
        other_jobs.value("select public.jobs_cancel(%s)", f"default:{number}")


def test_redrive_sends_back_what_was_chosen(jobs: Jobs) -> None:
    die(jobs, 2, kind="test.a")
    die(jobs, 3, kind="test.b", code="other")
    die(jobs, 1, kind="test.b", firm_id=FIRMS[0])
    ask = "select public.jobs_redrive(kind => %s, code => %s, firm_id => %s)"
    assert jobs.value(ask, "test.c", None, None) == {"queued": 0, "queued_already": 0}
    assert jobs.value(ask, "test.b", "other", None) == {"queued": 3, "queued_already": 0}
    assert jobs.value(ask, None, None, FIRMS[0]) == {"queued": 1, "queued_already": 0}
    assert jobs.value(ask, None, None, None) == {"queued": 2, "queued_already": 0}
    found = jobs.list()
    assert {job["state"] for job in found} == {"ready"}
    assert {job["attempts"] for job in found} == {0}
    assert [job["firm_id"] for job in found if job["firm_id"]] == [FIRMS[0]]


def test_redrive_in_bites_the_oldest_first(jobs: Jobs) -> None:
    die(jobs, 5)
    jobs.db.execute("update private.dead_jobs set died_at = died_at - interval '1 day' * msg_id")
    oldest = jobs.value("select max(msg_id) from private.dead_jobs")
    assert jobs.value("select public.jobs_redrive(max_jobs => 2)")["queued"] == 2
    assert jobs.value("select count(*) from private.dead_jobs where msg_id = %s", oldest) == 0
    assert states(jobs) == ["dead"] * 3 + ["ready"] * 2


def test_redrive_of_a_job_whose_work_is_queued_already(jobs: Jobs) -> None:
    die(jobs, 1, unique_key="k")
    jobs.enqueue(unique_key="k")
    expected = {"queued": 0, "queued_already": 1}
    assert jobs.value("select public.jobs_redrive()") == expected
    assert states(jobs) == ["ready"]


def test_only_what_died_before(jobs: Jobs) -> None:
    die(jobs, 2)
    jobs.db.execute(
        "update private.dead_jobs set died_at = now() - interval '10 days'"
        " where msg_id = (select min(msg_id) from private.dead_jobs)"
    )
    before = "now() - interval '1 day'"
    assert jobs.value(f"select public.jobs_purge(died_before => {before})") == 1
    assert jobs.value(f"select public.jobs_redrive(died_before => {before})")["queued"] == 0
    assert states(jobs) == ["dead"]


def test_purge_forgets(jobs: Jobs) -> None:
    die(jobs, 3, kind="test.a")
    die(jobs, 1, kind="test.b")
    assert jobs.value("select public.jobs_purge(kind => 'test.a', max_jobs => 2)") == 2
    assert jobs.value("select public.jobs_purge(kind => 'test.a')") == 1
    assert [job["kind"] for job in jobs.list()] == ["test.b"]


def test_what_was_done_is_counted_though_it_is_gone(jobs: Jobs) -> None:
    flood(jobs, 5)
    claims = jobs.claim(5)
    jobs.ack(*claims[:3])
    jobs.fail(claims[3], "retry")
    jobs.fail(claims[4], "snooze", after_s=60)
    die(jobs, 1)
    (row,) = jobs.db.execute(
        "select sum(done), sum(retried), sum(snoozed), sum(dead) from public.jobs_rates(5)"
    ).fetchall()
    assert row == (3, 1, 1, 1)
    (row,) = jobs.db.execute(
        "select waiting, dead, done_1h, failed_1h from public.jobs_stats()"
    ).fetchall()
    assert row == (2, 1, 3, 2)


def test_a_late_outcome_is_not_counted(jobs: Jobs) -> None:
    jobs.enqueue()
    (late,) = jobs.claim()
    jobs.make_due()
    (current,) = jobs.claim()
    jobs.ack(late)
    jobs.ack(current)
    jobs.ack(current)
    assert jobs.value("select sum(done) from private.job_stats") == 1


def test_statistics_do_not_count_what_is_kept(jobs: Jobs) -> None:
    """With many finished jobs the numbers come from elsewhere, and the list from an index."""
    with jobs.db.transaction(force_rollback=True):
        jobs.db.execute(
            "insert into private.finished_jobs (queue, msg_id, kind, attempts, enqueued_at,"
            " finished_at) select 'jobs_low', n, 'test.kind' || n % 20, 1, now(),"
            " now() - n * interval '1 s' from generate_series(1, 200000) as n"
        )
        jobs.db.execute("analyze private.finished_jobs")
        jobs.enqueue()
        for query in (
            "select * from public.jobs_stats()",
            "select * from public.jobs_rates()",
            "select * from public.jobs_list('done', 'test.kind7')",
            "select * from public.jobs_list('done')",
            "select * from public.jobs_list()",
            "select public.jobs_show('low:1500')",
        ):
            before = jobs.value(
                "select pg_stat_get_xact_tuples_returned('private.finished_jobs'::regclass)"
            )
            jobs.db.execute(query)
            after = jobs.value(
                "select pg_stat_get_xact_tuples_returned('private.finished_jobs'::regclass)"
            )
            assert after == before, f"{query} reads the whole table"


def test_the_clock_prunes_in_bites(jobs: Jobs) -> None:
    jobs.db.execute(
        "insert into private.job_stats (minute, kind, slot, done)"
        " select now() - interval '8 days' - n * interval '1 min', 'test.a', 0, 1"
        " from generate_series(1, 1500) as n"
    )
    jobs.db.execute(
        "insert into private.job_stats (minute, kind, slot) values (now(), 'test.a', 1)"
    )
    assert [jobs.value("select private.prune_jobs()") for _ in range(3)] == [1000, 500, 0]
    assert jobs.value("select count(*) from private.job_stats") == 1


def schedule(jobs: Jobs, **columns: Any) -> None:
    wanted = {"name": "daily", "kind": "test.noop", "cron": "0 9 * * *", **columns}
    jobs.value("select public.jobs_schedule_set(%s)", Jsonb(wanted))


FIRE = "select public.jobs_schedule_fire('daily', %s, %s::timestamptz[], %s::timestamptz)"


def test_a_time_is_used_once(jobs: Jobs, other_jobs: Jobs) -> None:
    at, later = "2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"
    schedule(jobs, next_at=at, payload={"a": 1}, firm_id=None)
    assert jobs.value(FIRE, at, [at], later) == 1
    assert other_jobs.value(FIRE, at, [at], later) == 0
    (claim,) = jobs.claim()
    assert claim["payload"]["a"] == 1
    assert claim["payload"]["scheduled_at"].startswith("2026-03-01T09:00:00")


@pytest.mark.parametrize(("if_running", "queued"), [("skip", 1), ("queue", 3)])
def test_what_becomes_of_a_time_while_the_last_run_goes_on(
    jobs: Jobs, if_running: str, queued: int
) -> None:
    times = [f"2026-03-0{n}T09:00:00Z" for n in (1, 2, 3)]
    schedule(jobs, next_at=times[0], if_running=if_running)
    assert jobs.value(FIRE, times[0], times, "2026-03-04T09:00:00Z") == queued


def test_a_schedule_that_is_due_is_told_to_runners(jobs: Jobs) -> None:
    schedule(jobs, next_at="2026-03-01T09:00:00Z")
    (due,) = jobs.step(qty=1)["schedules"]
    assert (due["name"], due["cron"], due["if_missed"]) == ("daily", "0 9 * * *", "once")
    jobs.value("select public.jobs_schedule_pause('daily')")
    assert jobs.step(qty=1)["schedules"] == []
    jobs.value("select public.jobs_schedule_pause('daily', false)")
    (due,) = jobs.step(qty=1)["schedules"]
    assert due["next_at"] is None, "what passed during the pause is not made up for"
    jobs.value("select public.jobs_schedule_remove('daily')")
    assert jobs.step(qty=1)["schedules"] == []


def test_a_schedule_that_was_mended_goes_on(jobs: Jobs) -> None:
    schedule(jobs, cron="61 9 * * *")
    jobs.value("select public.jobs_schedule_fire('daily', null, '{}', null, 'No such minute.')")
    assert jobs.step(qty=1)["schedules"] == []
    schedule(jobs)
    assert [due["cron"] for due in jobs.step(qty=1)["schedules"]] == ["0 9 * * *"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"time_zone": "Europe/Atlantis"}, "unknown_time_zone"),
        ({"kind": "nonsense"}, "invalid_kind"),
        ({"priority": "urgent"}, "invalid_priority"),
        ({"payload": [1]}, "invalid_payload"),
        ({"name": "Not A Name"}, "impossible_schedule"),
        ({"cron": "x"}, "impossible_schedule"),
        ({"if_missed": "cry"}, "impossible_schedule"),
        ({"jitter": "2 days"}, "impossible_schedule"),
        ({"jitter": "soon"}, "impossible_schedule"),
        ({"firm_id": FIRMS[0]}, "impossible_schedule"),
    ],
)
def test_a_schedule_that_cannot_be(jobs: Jobs, columns: dict[str, Any], code: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        schedule(jobs, **columns)
    assert refused.value.diag.message_detail == code


def test_no_such_schedule(jobs: Jobs) -> None:
    for act in ("jobs_schedule_pause", "jobs_schedule_remove"):
        with pytest.raises(psycopg.Error) as refused:
            jobs.value(f"select public.{act}('nightly')")
        assert refused.value.diag.message_detail == "schedule_not_found"


def test_the_list_takes_its_filters(jobs: Jobs) -> None:
    flood(jobs, 3, FIRMS[0])
    flood(jobs, 2, FIRMS[1], kind="test.other")
    die(jobs, 0)

    def ids(**filters: Any) -> int:
        named = ", ".join(f"{name} => %s" for name in filters)
        return len(
            jobs.db.execute(
                f"select * from public.jobs_list({named})", list(filters.values())
            ).fetchall()
        )

    assert ids(state="ready") == 0, "they were claimed and died"
    assert ids(state="dead") == 5
    assert ids(kind="test.other") == 2
    assert ids(firm_id=FIRMS[0]) == 3
    assert ids(max_rows=4) == 4


def test_a_cancel_that_fails_says_so(jobs: Jobs) -> None:
    number = jobs.enqueue()
    with jobs.db.transaction(force_rollback=True):
        jobs.db.execute(
            "create function pg_temp.refuse() returns trigger language plpgsql"
            " as $$ begin raise 'no grave free'; end $$;"
            "create trigger refuse before insert on private.dead_jobs"
            " for each row execute function pg_temp.refuse()"
        )
        with pytest.raises(psycopg.Error, match="no grave free"), jobs.db.transaction():
            jobs.value("select public.jobs_cancel(%s)", f"default:{number}")
        assert (jobs.only()["state"], jobs.only()["history"]) == ("ready", [])


def test_a_cancel_while_the_last_child_ends(jobs: Jobs, other_jobs: Jobs) -> None:
    """Both take the locks of the family in one order: neither loses its work to a deadlock."""
    number = jobs.enqueue("test.parent")
    jobs.fail(jobs.claim()[0], "wait", children=[{"kind": "test.child"}])
    (child,) = jobs.claim()
    cancel = "select public.jobs_cancel(%s)"
    with ThreadPoolExecutor() as pool:
        with jobs.db.transaction():
            jobs.db.execute("select from private.job_parents for update")
            cancelled = pool.submit(other_jobs.value, cancel, f"default:{number}")
            wait_for(lambda: waits_for_a_lock(jobs, other_jobs), "the cancel")
            jobs.ack(child)
        cancelled.result()
    assert [job["state"] for job in jobs.list()] == ["dead"]


def waits_for_a_lock(jobs: Jobs, other_jobs: Jobs) -> bool:
    pid = other_jobs.db.info.backend_pid
    blocked: bool = jobs.value("select pg_blocking_pids(%s) <> '{}'", pid)
    return blocked
