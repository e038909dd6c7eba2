"""The runner as a process: drains, waits, keeps leases, stops, is killed, loses the network."""

import signal
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import Jobs
from tests.jobs.proxy import Proxy
from tests.jobs.runners import Runners, wait_for


class Hold:
    """A job that stands still until it is let go, and the lines it has written."""

    def __init__(self, jobs: Jobs, folder: Path, name: str = "held") -> None:
        self.started, self.let_go = folder / f"{name}-started", folder / f"{name}-let-go"
        self.file = folder / f"{name}.txt"
        names = ("started", "let_go", "file")
        jobs.enqueue("test.held", {each: str(getattr(self, each)) for each in names})

    def wait(self) -> None:
        wait_for(self.started.exists, "the job to start")

    def lines(self) -> int:
        return len(self.file.read_text().splitlines()) if self.file.exists() else 0


def test_it_drains_and_exits(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    jobs.db.execute(
        "select private.enqueue('test.note', jsonb_build_object('file', %s::text, 'text', n::text))"
        " from generate_series(1, 300) as n",
        [str(file)],
    )
    jobs.enqueue("test.note", {"file": str(file)}, delay="1 hour")
    runner = runners.start()
    assert runner.finish() == 0
    assert sorted(map(int, file.read_text().split())) == list(range(1, 301))
    assert jobs.only()["state"] == "waiting"
    assert runner.log[-1]["event"] == "drained"
    assert runner.log[-1]["done"] == 300


def test_a_log_line_says_who_what_and_how_long(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    firm = "00000000-0000-4000-8000-000000000001"
    number = jobs.enqueue("test.note", {"file": str(tmp_path / "notes")}, firm_id=firm)
    runner = runners.start()
    runner.finish()
    line = runner.log[0]
    assert line.pop("at").endswith("Z")
    assert line.pop("seconds") >= 0
    assert line == {
        "level": "info",
        "event": "done",
        "job": f"default:{number}",
        "kind": "test.note",
        "firm": firm,
        "attempt": 1,
        "result": {"attempt": 1},
    }


@pytest.mark.parametrize(
    ("kind", "payload", "state", "code", "words"),
    [
        ("test.hopeless", {}, "dead", "encrypted", "The file has a password."),
        ("test.amount", {"amount": "many"}, "dead", "bad_payload", "amount: Input should be"),
        ("test.amount", {}, "dead", "bad_payload", "amount: Field required"),
        ("test.unheard_of", {}, "dead", "unknown_kind", "no handler for test.unheard_of"),
        ("test.fault", {}, "waiting", "exception", "RuntimeError: no good: sb_secret_***"),
        ("test.garbled", {}, "waiting", "exception", "nul �, half a character ?"),
        ("test.later", {}, "waiting", "retry_later", "The scanner is away."),
    ],
)
def test_what_becomes_of_a_job_that_fails(
    jobs: Jobs,
    runners: Runners,
    kind: str,
    payload: dict[str, Any],
    state: str,
    code: str,
    words: str,
) -> None:
    jobs.enqueue(kind, payload)
    runner = runners.start()
    assert runner.finish() == 0
    job = jobs.only()
    assert (job["state"], job["attempts"]) == (state, 1)
    (entry,) = job["history"]
    assert entry["code"] == code
    assert words in entry["error"]
    assert "abc123" not in "".join(runner.lines)


def test_the_last_attempt_is_the_last(jobs: Jobs, runners: Runners) -> None:
    jobs.enqueue("test.fault")
    for _ in range(2):
        jobs.make_due()
        assert runners.start().finish() == 0
    job = jobs.only()
    assert (job["state"], job["attempts"]) == ("dead", 2)


@pytest.mark.parametrize("kind", ["test.snooze", "test.never"])
def test_a_snooze_is_no_attempt(jobs: Jobs, runners: Runners, kind: str) -> None:
    jobs.enqueue(kind)
    for _ in range(2):
        jobs.make_due()
        assert runners.start().finish() == 0
    job = jobs.only()
    assert (job["state"], job["attempts"], job["history"]) == ("waiting", 0, [])


def test_a_job_that_runs_too_long_is_given_up_and_told(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    jobs.enqueue("test.endless", {"file": "-", "started": str(told), "let_go": "-"})
    jobs.enqueue("test.deaf")
    runner = runners.start("watch", "slots=3")
    wait_for(told.exists, "the handler to be told")
    runner.wait_for("timeout", times=2)
    assert runner.stop(signal.SIGTERM) == 0
    assert [(j["state"], j["history"][0]["code"]) for j in jobs.list()] == [
        ("waiting", "timeout"),
        ("waiting", "timeout"),
    ]


def test_a_runner_full_of_deaf_jobs_asks_for_a_new_one(jobs: Jobs, runners: Runners) -> None:
    jobs.enqueue("test.deaf")
    runner = runners.start("watch", "slots=1")
    assert runner.finish() == 1
    assert "start the runner again" in runner.lines[-1]
    assert jobs.only()["state"] == "waiting"


def test_watch_stays_and_takes_what_comes(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    runner = runners.start("watch")
    for round_trip in range(1, 3):
        jobs.enqueue("test.note", {"file": str(tmp_path / "notes")})
        runner.wait_for("done", times=round_trip)
    assert runner.stop(signal.SIGTERM) == 0
    assert runner.events()[-1] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_jobs_finish_and_returns_the_rest(
    jobs: Jobs, runners: Runners, tmp_path: Path, number: int
) -> None:
    holds = [Hold(jobs, tmp_path, name) for name in ("a", "b")]
    runner = runners.start("watch", "slots=1")
    holds[0].wait()
    runner.process.send_signal(number)
    wait_for(lambda: [j["state"] for j in jobs.list()] == ["running", "ready"], "the return")
    holds[0].let_go.touch()
    assert runner.finish() == 0
    assert holds[0].lines() == 1
    left = jobs.only()
    assert (left["state"], left["attempts"]) == ("ready", 0)


def test_what_does_not_finish_in_time_is_returned(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    hold = Hold(jobs, tmp_path)
    runner = runners.start("grace_s=1")
    hold.wait()
    assert runner.stop(signal.SIGTERM) == 0
    assert hold.lines() == 0
    hold.let_go.touch()
    assert runners.start().finish() == 0
    assert hold.lines() == 1
    assert jobs.list() == []


def test_a_second_signal_does_not_wait(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    hold = Hold(jobs, tmp_path)
    waits = Hold(jobs, tmp_path, "waits")
    runner = runners.start("slots=1", "grace_s=600")
    hold.wait()

    def insist() -> bool:
        # Again and again: two that come at once are one.
        runner.process.send_signal(signal.SIGTERM)
        return runner.process.poll() is not None

    wait_for(insist, "the second signal to count")
    assert runner.finish() == 0
    assert [job["state"] for job in jobs.list()] == ["ready", "ready"]
    assert not waits.started.exists()


def test_killed_in_mid_job_it_loses_nothing(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    hold = Hold(jobs, tmp_path)
    victim = runners.start()
    hold.wait()
    assert victim.stop(signal.SIGKILL) == -signal.SIGKILL
    assert jobs.only()["state"] == "running"
    assert runners.start().finish() == 0, "the lease of the dead one is respected"
    assert hold.lines() == 0
    jobs.make_due()
    hold.let_go.touch()
    second = runners.start()
    assert second.finish() == 0
    assert second.log[0]["attempt"] == 2
    assert hold.lines() == 1
    assert jobs.list() == []


def test_a_lease_is_kept_while_the_handler_runs(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    hold = Hold(jobs, tmp_path)
    runner = runners.start("lease_s=1")
    hold.wait()
    ends = "select max(vt) from pgmq.q_jobs_default"

    def renewed(before: datetime) -> bool:
        return bool(jobs.value(ends) > before)

    for _ in range(4):
        wait_for(partial(renewed, jobs.value(ends)), "the lease to be renewed")
    assert jobs.claim() == []
    hold.let_go.touch()
    assert runner.finish() == 0
    assert runner.log[0]["attempt"] == 1


def test_a_job_that_was_taken_over_is_not_settled_by_the_late_one(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    hold = Hold(jobs, tmp_path)
    runner = runners.start("lease_s=1")
    hold.wait()

    def take_over() -> list[dict[str, Any]]:
        jobs.make_due()
        return jobs.claim(vt=600)

    claims = wait_for(take_over, "the takeover")
    runner.wait_for("lost")
    hold.let_go.touch()
    assert runner.finish() == 0
    assert jobs.only()["state"] == "running"
    jobs.ack(*claims)
    assert jobs.list() == []


def test_a_claim_that_a_crash_took_back_and_made_again_is_still_one(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    """Claims do not wait for the disk: a server that crashes may give the same one out twice."""
    hold = Hold(jobs, tmp_path)
    runner = runners.start("watch", "slots=2")
    hold.wait()
    jobs.db.execute("update pgmq.q_jobs_default set read_ct = 0, vt = now()")
    wait_for(lambda: jobs.value("select read_ct from pgmq.q_jobs_default"), "the second claim")
    hold.let_go.touch()
    wait_for(lambda: jobs.list() == [], "the job to end")
    assert runner.stop(signal.SIGTERM) == 0
    assert hold.lines() == 1


def test_two_runners_share_the_work(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    jobs.db.execute(
        "select private.enqueue('test.note', jsonb_build_object('file', %s::text, 'text', n::text))"
        " from generate_series(1, 500) as n",
        [str(file)],
    )
    pair = [runners.start(), runners.start()]
    assert [runner.finish() for runner in pair] == [0, 0]
    assert sorted(map(int, file.read_text().split())) == list(range(1, 501))


@pytest.mark.parametrize("length", [0, 1, 200])
def test_an_answer_that_is_lost_is_asked_for_again(
    jobs: Jobs, runners: Runners, proxy: Proxy, tmp_path: Path, length: int
) -> None:
    """The database has settled the job; the runner has not heard of it and says it again."""
    hold = Hold(jobs, tmp_path)
    runner = runners.start(SUPABASE_URL=proxy.url)
    hold.wait()
    proxy.cut_answers(length)
    hold.let_go.touch()
    runner.wait_for("no answer")
    assert jobs.list() == []
    proxy.mend()
    assert runner.finish() == 0
    assert runner.log[-1]["done"] == 1
    assert hold.lines() == 1


def test_a_network_that_goes_and_comes_back(
    jobs: Jobs, runners: Runners, proxy: Proxy, tmp_path: Path
) -> None:
    hold = Hold(jobs, tmp_path)
    runner = runners.start("watch", SUPABASE_URL=proxy.url)
    hold.wait()
    proxy.refuse()
    hold.let_go.touch()
    runner.wait_for("no answer")
    assert jobs.only()["state"] == "running"
    proxy.mend()
    wait_for(lambda: jobs.list() == [], "the outcome to arrive")
    runner.wait_for("database is back")
    assert runner.stop(signal.SIGTERM) == 0
    assert hold.lines() == 1


def test_a_connection_closed_in_silence_is_no_trouble(
    jobs: Jobs, runners: Runners, proxy: Proxy, tmp_path: Path
) -> None:
    hold = Hold(jobs, tmp_path)
    runner = runners.start("slots=1", SUPABASE_URL=proxy.url)
    hold.wait()
    proxy.close_connections()
    hold.let_go.touch()
    assert runner.finish() == 0
    assert runner.events() == ["done", "drained"]


@pytest.mark.parametrize("message", ["[]", "null", "3", '"text"', "{}", '{"kind": 7}'])
def test_a_message_that_is_no_job_is_dead_and_harms_nobody(
    jobs: Jobs, runners: Runners, tmp_path: Path, message: str
) -> None:
    """Sent past private.enqueue, from a dashboard."""
    jobs.db.execute("select pgmq.send('jobs_default', %s::jsonb)", [message])
    jobs.enqueue("test.note", {"file": str(tmp_path / "notes")})
    assert runners.start().finish() == 0
    assert (tmp_path / "notes").read_text() == "done\n"
    dead = jobs.db.execute(
        "select code, history -> -1 ->> 'code' from private.dead_jobs"
    ).fetchall()
    assert dead == [("unknown_kind", "unknown_kind")]
