"""`firmbase jobs dead`: many dead jobs at a time."""

import pytest
from psycopg.types.json import Jsonb

from tests.jobs.commands import Firmbase, Terminal
from tests.jobs.conftest import Jobs
from tests.people import Firm


def bury(jobs: Jobs, count: int = 1, kind: str = "test.a", code: str = "broken") -> None:
    """Jobs that died, each a second after the next."""
    jobs.db.execute(
        "insert into private.dead_jobs (queue, msg_id, kind, payload, code, error, attempts,"
        " history, enqueued_at, died_at)"
        " select 'jobs_low', nextval('pgmq.q_jobs_low_msg_id_seq'), %s, '{}', %s, 'It broke.', 8,"
        " '[]', now(), now() - n * interval '1 s' from generate_series(1, %s) as n",
        [kind, code, count],
    )


def left(jobs: Jobs, state: str = "dead") -> list[str]:
    return sorted(job["kind"] for job in jobs.list(state=state))


@pytest.fixture
def chosen(jobs: Jobs, firm: Firm) -> list[tuple[list[str], list[str]]]:
    """Dead jobs, and for each filter the kinds it chooses."""
    bury(jobs, kind="test.a")
    bury(jobs, kind="test.b", code="timeout")
    bury(jobs, kind="test.firm")
    bury(jobs, kind="test.old")
    jobs.db.execute("update private.dead_jobs set firm_id = %s where kind = 'test.firm'", [firm.id])
    jobs.db.execute("update private.dead_jobs set died_at = '2026-01-31' where kind = 'test.old'")
    return [
        (["--kind", "test.a"], ["test.a"]),
        (["--code", "timeout"], ["test.b"]),
        (["--firm", firm.slug], ["test.firm"]),
        (["--before", "2026-02-01"], ["test.old"]),
    ]


def test_they_are_listed(
    jobs: Jobs, firmbase: Firmbase, chosen: list[tuple[list[str], list[str]]]
) -> None:
    for filters, kinds in chosen:
        assert [job["kind"] for job in firmbase.json("dead", "list", *filters)] == kinds
    shown = firmbase("dead", "list", "--limit", "3", columns=80)
    assert "timeout" in shown.stdout
    assert "test.old" not in shown.stdout
    assert shown.stderr == "1 more: choose fewer, or raise --limit.\n"
    assert max(map(len, shown.stdout.splitlines())) <= 80
    nothing = firmbase("dead", "list", "--kind", "test.none")
    assert (nothing.stdout, nothing.stderr) == ("", "There are no such dead jobs.\n")


def test_they_are_sent_back(
    jobs: Jobs, firmbase: Firmbase, chosen: list[tuple[list[str], list[str]]]
) -> None:
    for filters, kinds in chosen[:2]:
        outcome = firmbase.json("dead", "redrive", *filters)
        assert outcome == {"queued": 1, "queued_already": 0, "left": 0}, kinds
    assert left(jobs, "ready") == ["test.a", "test.b"]
    assert firmbase("dead", "redrive").stderr.endswith("Queued 2 jobs again.\n")
    assert left(jobs) == []


def test_they_are_forgotten(
    jobs: Jobs, firmbase: Firmbase, chosen: list[tuple[list[str], list[str]]]
) -> None:
    for filters, kinds in chosen[2:]:
        assert firmbase.json("dead", "purge", *filters, "--yes") == {"purged": 1}, kinds
    assert left(jobs) == ["test.a", "test.b"]
    assert firmbase("dead", "purge", "--yes").stderr.endswith("Forgot 2 jobs.\n")
    assert left(jobs) == left(jobs, "ready") == []


def test_more_than_one_bite(jobs: Jobs, firmbase: Firmbase) -> None:
    bury(jobs, 2300)
    assert "Queued 2,300 jobs again." in firmbase("dead", "redrive").stderr
    assert len(left(jobs, "ready")) == 2300
    jobs.db.execute("delete from pgmq.q_jobs_low")
    bury(jobs, 1001)
    assert firmbase.json("dead", "purge", "--yes") == {"purged": 1001}


def test_what_never_was_a_job_stays_and_keeps_nothing_back(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.db.execute("select pgmq.send('jobs_default', %s)", [Jsonb({"kind": "test.a"})])
    jobs.db.execute("select pgmq.send('jobs_default', %s)", [Jsonb({"payload": {}})])
    for claim in jobs.claim():
        jobs.fail(claim, "dead", code="unknown_kind", error="No handler.")
    bury(jobs)
    done = firmbase("dead", "redrive").stderr
    assert "Queued 1 job again.\n2 jobs left: `firmbase jobs dead list` shows which." in done
    assert left(jobs, "ready") == ["test.a"]


def test_work_that_another_job_does_is_dropped(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.a", unique_key="k")
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead")
    jobs.enqueue("test.a", unique_key="k")
    done = firmbase("dead", "redrive").stderr
    assert "Queued 0 jobs again.\n1 job of unique keys that are taken: dropped." in done
    assert left(jobs) == []


def test_forgetting_asks(jobs: Jobs, firmbase: Firmbase) -> None:
    bury(jobs, 3)
    assert "say --yes where nobody can be asked" in firmbase.refused("dead", "purge", code=2)
    for answer, code, remain in (("n", 1, 3), ("y", 0, 0)):
        terminal = Terminal(firmbase.env, "dead", "purge")
        terminal.wait_for("This forgets 3 jobs. Go on?")
        terminal.type(f"{answer}\n")
        assert terminal.finish() == code
        assert len(left(jobs)) == remain


def test_what_cannot_be_a_filter(jobs: Jobs, firmbase: Firmbase) -> None:
    assert "does not match the formats" in firmbase.refused(
        "dead", "list", "--before", "yesterday", code=2
    )
    assert "There is no firm nobody." in firmbase.refused("dead", "redrive", "--firm", "nobody")
