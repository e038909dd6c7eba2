"""public.jobs_step: claims, fences, retries, dead letters, leases, the clock."""

import threading
from collections import Counter
from typing import Any

import psycopg
import pytest

from edge_jobs import SCHEMA_VERSION
from tests.jobs.conftest import QUEUES, Jobs
from tests.jobs.model import LOST_LIMIT
from tests.people import Firm


def ids(claims: list[dict[str, Any]]) -> list[int]:
    return [claim["id"] for claim in claims]


def test_the_longest_due_come_first(jobs: Jobs) -> None:
    first, second, third = (jobs.enqueue() for _ in range(3))
    jobs.db.execute(
        "update pgmq.q_jobs_default set vt = now() - interval '1 hour' where msg_id = %s", [third]
    )
    assert ids(jobs.claim(1)) == [third]
    assert ids(jobs.claim(5)) == [first, second]


def test_high_comes_before_default_before_low(jobs: Jobs) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for _ in range(40):
        for priority in ("low", "default", "high"):
            jobs.enqueue(priority=priority)
        claimed = jobs.claim(3)
        seen[tuple(claim["queue"] for claim in claimed)] += 1
        jobs.ack(*claimed)
    # Once in ten the other way round, so that a flood of urgent jobs does not stop the others.
    assert set(seen) <= {QUEUES, QUEUES[::-1]}
    assert seen[QUEUES] > seen[QUEUES[::-1]]


def test_a_batch_is_at_most_2000(jobs: Jobs) -> None:
    jobs.db.execute("select private.enqueue('test.noop') from generate_series(1, 2001)")
    assert len(jobs.claim(10_000)) == 2000
    assert len(jobs.claim(10_000)) == 1


def test_a_batch_holds_at_most_16_mib_however_its_jobs_lie(jobs: Jobs) -> None:
    jobs.value("select public.jobs_limit('test.limited', '{\"max_running\": 1000}')")
    # Of one firm and of many, in two queues, and all of it compresses well.
    for kind, firm, priority in (
        ("test.noop", "null", "high"),
        ("test.noop", "gen_random_uuid()", "default"),
        ("test.limited", "gen_random_uuid()", "default"),
    ):
        jobs.db.execute(
            f"select private.enqueue('{kind}', jsonb_build_object('text', repeat('x', 250000)),"
            f" {firm}, priority => '{priority}') from generate_series(1, 40)"
        )
    sizes = [len(jobs.claim(10_000)) for _ in range(3)]
    assert sizes == [68, 52, 0]


def test_an_open_claim_blocks_nobody_and_is_shared_with_nobody(
    jobs: Jobs, other_jobs: Jobs
) -> None:
    for _ in range(4):
        jobs.enqueue()
    with jobs.db.transaction():
        mine = jobs.claim(2)
        theirs = other_jobs.claim(4)
    assert len(mine) == len(theirs) == 2
    assert not set(ids(mine)) & set(ids(theirs))


def test_two_workers_at_once_never_share_a_job(jobs: Jobs, other_jobs: Jobs) -> None:
    jobs.db.execute("select private.enqueue('test.noop') from generate_series(1, 400)")
    seen: list[int] = []

    def drain(queue: Jobs) -> None:
        while claims := queue.claim(7):
            seen.extend(ids(claims))
            queue.ack(*claims)

    threads = [threading.Thread(target=drain, args=[queue]) for queue in (jobs, other_jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 400
    assert jobs.list() == []


@pytest.mark.parametrize("outcome", ["done", "retry", "snooze", "dead"])
def test_a_late_outcome_counts_for_nothing(jobs: Jobs, outcome: str) -> None:
    jobs.enqueue()
    (late,) = jobs.claim()
    jobs.make_due()
    (current,) = jobs.claim()
    if outcome == "done":
        jobs.ack(late)
    else:
        jobs.fail(late, outcome, code="c", error="e", after_s=0)
    job = jobs.only()
    assert (job["state"], job["history"]) == ("running", [])
    jobs.ack(current)
    assert jobs.list() == []


def test_an_outcome_that_is_sent_twice_counts_once(jobs: Jobs) -> None:
    jobs.enqueue()
    (claim,) = jobs.claim()
    jobs.fail(claim, code="first", error="e")
    jobs.fail(claim, code="again", error="e")
    jobs.ack(claim)
    job = jobs.only()
    assert job["state"] == "waiting"
    assert [entry["code"] for entry in job["history"]] == ["first"]


def test_a_returned_job_cannot_be_returned_from_its_next_runner(jobs: Jobs) -> None:
    jobs.enqueue()
    (claim,) = jobs.claim()
    jobs.fail(claim, "snooze", after_s=0)
    assert len(jobs.claim()) == 1
    jobs.fail(claim, "snooze", after_s=0)
    assert jobs.only()["state"] == "running"


def test_waits_grow_and_attempts_count(jobs: Jobs) -> None:
    jobs.enqueue()
    waits = []
    for attempt in (1, 2, 3):
        jobs.make_due()
        (claim,) = jobs.claim()
        assert claim["attempt"] == attempt
        jobs.fail(claim, code="boom", error=f"no {attempt}")
        waits.append(jobs.value("select extract(epoch from vt - now()) from pgmq.q_jobs_default"))
    assert waits[0] < waits[1] < waits[2]
    history = jobs.only()["history"]
    assert [(h["attempt"], h["code"], h["error"], h["worker"]) for h in history] == [
        (1, "boom", "no 1", "test"),
        (2, "boom", "no 2", "test"),
        (3, "boom", "no 3", "test"),
    ]


def test_the_backoff_triples_up_to_an_hour_with_jitter(jobs: Jobs) -> None:
    for attempt, seconds in [(1, 5), (2, 15), (4, 135), (8, 3600), (1000, 3600)]:
        low, high, different = jobs.db.execute(
            "select min(w), max(w), count(distinct w) from (select extract(epoch from "
            "private.jobs_backoff(%s)) as w from generate_series(1, 100)) as waits",
            [attempt],
        ).fetchone() or (0, 0, 0)
        assert seconds * 0.75 <= low < seconds < high <= seconds * 1.25
        assert different > 90


def test_a_handler_may_choose_the_wait(jobs: Jobs) -> None:
    jobs.enqueue()
    (claim,) = jobs.claim()
    jobs.fail(claim, code="busy", error="e", after_s=0)
    (again,) = jobs.claim()
    assert again["attempt"] == 2


def test_a_snooze_costs_no_attempt(jobs: Jobs) -> None:
    jobs.enqueue()
    for _ in range(20):
        (claim,) = jobs.claim()
        assert claim["attempt"] == 1
        jobs.fail(claim, "snooze", after_s=0)
    job = jobs.only()
    assert (job["state"], job["history"]) == ("ready", [])


def test_a_snooze_keeps_the_failures_before_it(jobs: Jobs) -> None:
    jobs.enqueue()
    (claim,) = jobs.claim()
    jobs.fail(claim, code="c", error="e", after_s=0)
    (claim,) = jobs.claim()
    jobs.fail(claim, "snooze", after_s=0)
    (claim,) = jobs.claim()
    assert claim["attempt"] == 2


def test_dead_letters_keep_everything(jobs: Jobs) -> None:
    jobs.enqueue("test.fragile", {"a": 1}, priority="low", unique_key="k")
    (claim,) = jobs.claim()
    jobs.fail(claim, code="busy", error="first", after_s=0)
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead", code="broken", error="second")
    job = jobs.only()
    assert job["id"] == f"low:{claim['id']}"
    assert (job["state"], job["kind"], job["payload"]) == ("dead", "test.fragile", {"a": 1})
    assert job["attempts"] == 2
    assert [entry["error"] for entry in job["history"]] == ["first", "second"]


def test_a_burial_that_fails_takes_no_other_outcome_with_it(jobs: Jobs) -> None:
    for _ in range(2):
        jobs.enqueue()
    done, dead = jobs.claim()
    with jobs.db.transaction(force_rollback=True):
        jobs.db.execute(
            "create function pg_temp.refuse() returns trigger language plpgsql"
            " as $$ begin raise 'no grave free'; end $$;"
            "create trigger refuse before insert on private.dead_jobs"
            " for each row execute function pg_temp.refuse()"
        )
        jobs.step(
            qty=0,
            done={done["queue"]: [[done["id"], done["read"]]]},
            fail={dead["queue"]: [{"id": dead["id"], "read": dead["read"], "outcome": "dead"}]},
        )
        job = jobs.only()
        assert (job["state"], job["id"]) == ("waiting", f"default:{dead['id']}")
        assert job["history"][-1]["code"] == "burial_failed"
        assert job["history"][-1]["error"] == "no grave free"
        jobs.db.execute("drop trigger refuse on private.dead_jobs")
        jobs.make_due()
        (again,) = jobs.claim()
        jobs.fail(again, "dead", code="c", error="e")
        assert jobs.only()["state"] == "dead"


def test_a_job_that_takes_its_runners_down_dies(jobs: Jobs) -> None:
    jobs.enqueue()
    reads = 0
    while jobs.claim():
        reads += 1
        jobs.make_due()
    assert reads == LOST_LIMIT
    dead = jobs.only()
    assert dead["state"] == "dead"
    assert dead["history"][-1]["code"] == "crash_loop"
    assert jobs.value("select sum(dead) from private.job_stats") == 1


def test_a_failure_between_crashes_is_a_sign_of_life(jobs: Jobs) -> None:
    jobs.enqueue()
    for _ in range(3):
        for _ in range(3):
            jobs.make_due()
            (claim,) = jobs.claim()
        jobs.fail(claim, code="c", error="e", after_s=0)
    assert jobs.only()["state"] == "ready"
    assert jobs.claim()[0]["attempt"] == 10, "lost runs are attempts"


def test_a_lease_is_renewed_for_its_holder_only(jobs: Jobs) -> None:
    jobs.enqueue()
    (claim,) = jobs.claim(vt=1)
    held = {claim["queue"]: [[claim["id"], claim["read"]]]}
    due = "select vt from pgmq.q_jobs_default"
    before = jobs.value(due)
    assert jobs.step(qty=0, vt=600, extend=held)["lost"] == []
    assert jobs.value(due) > before
    jobs.make_due()
    jobs.claim()
    before = jobs.value(due)
    lost = [claim["queue"], claim["id"], claim["read"]]
    assert jobs.step(qty=0, vt=600, extend=held)["lost"] == [lost]
    assert jobs.value(due) == before


def test_of_two_leases_on_one_job_the_older_is_lost(jobs: Jobs) -> None:
    """A runner may get a job again that it lost and still runs: the first run has to hear of it."""
    jobs.enqueue()
    (old,) = jobs.claim()
    jobs.make_due()
    (new,) = jobs.claim()
    held = {old["queue"]: [[claim["id"], claim["read"]] for claim in (old, new)]}
    assert jobs.step(qty=0, extend=held)["lost"] == [[old["queue"], old["id"], old["read"]]]


def test_one_step_settles_renews_and_claims(jobs: Jobs) -> None:
    for _ in range(3):
        jobs.enqueue()
    done, failed = jobs.claim(2)
    answer = jobs.step(
        qty=5,
        done={done["queue"]: [[done["id"], done["read"]]]},
        fail={failed["queue"]: [{"id": failed["id"], "read": failed["read"], "outcome": "dead"}]},
        extend={"jobs_low": [[1, 1]]},
        # There is something to settle, so it must not wait for more.
        wait_ms=5000,
    )
    assert len(answer["jobs"]) == 1
    assert answer["lost"] == [["jobs_low", 1, 1]]
    assert sorted(job["state"] for job in jobs.list()) == ["dead", "running"]


def test_a_wait_sees_what_comes_meanwhile(jobs: Jobs, other_jobs: Jobs) -> None:
    answers: list[list[dict[str, Any]]] = []
    waiter = threading.Thread(target=lambda: answers.append(other_jobs.claim(wait_ms=5000)))
    waiter.start()
    while not jobs.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
        assert waiter.is_alive(), "it did not wait"
    number = jobs.enqueue()
    waiter.join()
    assert ids(answers[0]) == [number]


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_a_runner_of_another_schema_may_finish_but_gets_nothing_new(
    jobs: Jobs, version: int
) -> None:
    jobs.enqueue()
    jobs.enqueue()
    (claim,) = jobs.claim(1)
    done = {claim["queue"]: [[claim["id"], claim["read"]]]}
    answer = jobs.step(version=version, qty=5, done=done)
    assert answer["schema"] == SCHEMA_VERSION == jobs.value("select public.schema_version()")
    assert answer["jobs"] == []
    assert jobs.only()["state"] == "ready"


def test_the_clock_ticks_once_a_minute(jobs: Jobs) -> None:
    jobs.db.execute("update private.job_clock set ticked_at = now() - interval '2 minutes'")
    assert jobs.step()["tick"] == {}
    assert jobs.step()["tick"] is None


def test_a_broken_rule_stops_no_job(jobs: Jobs) -> None:
    """The fault is made in a transaction that is rolled back, so no other test meets it."""
    jobs.enqueue()
    with jobs.db.transaction(force_rollback=True):
        jobs.db.execute("update private.job_clock set ticked_at = '-infinity'")
        jobs.db.execute("alter table public.contracts rename to contracts_lost")
        answer = jobs.step(qty=1)
        assert "public.contracts" in answer["tick"]["faults"]["advance_contracts"]
        assert "sweep_uploads" not in answer["tick"]["faults"], "the others run all the same"
        assert len(answer["jobs"]) == 1
        assert jobs.step()["tick"] is None, "it does not come back before the next minute"
        faults = jobs.value("select faults from public.jobs_clock()")
        assert "public.contracts" in faults["advance_contracts"], "an operator sees it"

        jobs.db.execute("alter table public.contracts_lost rename to contracts")
        assert jobs.value("select public.jobs_tick()") == {}
        assert jobs.value("select faults from public.jobs_clock()") == {}


def test_what_an_outage_piled_up_is_done_in_bites(jobs: Jobs, firm: Firm) -> None:
    """A rule that is not done comes back at once, and the runner's jobs go on in between."""
    jobs.db.execute(
        "insert into public.files (id, firm_id, path, name, mime, size_bytes, upload_expires_at)"
        " select id, %s, %s || '/' || id || '/x.pdf', 'x.pdf', 'application/pdf', 1,"
        " now() - interval '1 day'"
        " from (select gen_random_uuid() as id from generate_series(1, 1200)) as new",
        [firm.id, firm.id],
    )
    left = "select count(*) from public.files where firm_id = %s and status = 'pending'"
    jobs.db.execute("update private.job_clock set ticked_at = '-infinity'")
    assert jobs.step()["tick"] == {"more": True}
    assert jobs.value(left, firm.id) == 200
    assert jobs.step()["tick"] == {}
    assert jobs.value(left, firm.id) == 0


def test_a_dead_job_can_be_sent_back(jobs: Jobs) -> None:
    jobs.enqueue("test.fragile", {"a": 1}, unique_key="k", priority="high")
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead", code="c", error="e")
    new_id = jobs.value("select public.jobs_retry(%s)", f"high:{claim['id']}")
    (again,) = jobs.claim()
    assert new_id == f"high:{again['id']}"
    assert (again["attempt"], again["payload"]) == (1, {"a": 1})
    with pytest.raises(psycopg.Error, match="no dead job"):
        jobs.value("select public.jobs_retry(%s)", f"high:{claim['id']}")


def test_a_dead_job_stays_while_its_like_is_queued(jobs: Jobs) -> None:
    jobs.enqueue(unique_key="k")
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead", code="c", error="e")
    jobs.enqueue(unique_key="k")
    with pytest.raises(psycopg.Error) as refusal:
        jobs.value("select public.jobs_retry(%s)", f"default:{claim['id']}")
    assert refusal.value.diag.message_detail == "job_queued_already"
    assert len(jobs.list(state="dead")) == 1


def test_only_columns_every_version_of_pgmq_has(jobs: Jobs) -> None:
    """1.4 has no headers and no last_read_at, and the order of the rest differs."""
    bodies = jobs.db.execute(
        "select p.proname, p.prosrc from pg_proc p where p.pronamespace = 'private'::regnamespace"
        " and p.prosrc ~ 'pgmq[.]'"
    ).fetchall()
    own = {f"{queue}_{part}" for queue in QUEUES for part in ("walk", "take", "ack")}
    assert own | {"jobs_fail", "jobs_bury", "jobs_extend"} <= {name for name, _ in bodies}
    for name, body in bodies:
        for word in ("headers", "last_read_at", "q.*", "select *", "returning *"):
            assert word not in body, f"{name} uses {word}"
        calls = {part.split("(")[0] for part in body.split("pgmq.")[1:] if "(" in part[:20]}
        assert calls <= {"send", "send_batch"}, f"{name} calls {calls}"
