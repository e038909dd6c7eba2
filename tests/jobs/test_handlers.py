"""What a handler may be: a thread, a coroutine, a process; and what it may return."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.jobs.conftest import Jobs
from tests.jobs.runners import Runners, wait_for
from tests.jobs.test_limits import limit


def done(jobs: Jobs) -> list[dict[str, Any]]:
    rows = jobs.db.execute("select to_jsonb(f) from private.finished_jobs f order by msg_id")
    return [row[0] for row in rows]


def drain(runners: Runners, *options: str) -> list[dict[str, Any]]:
    runner = runners.start_more(*options)
    assert runner.finish() == 0, runner.lines
    return runner.log


def test_coroutines_wait_side_by_side(jobs: Jobs, runners: Runners) -> None:
    """In a runner with two threads none of the 60 ends before all have begun."""
    for _ in range(60):
        jobs.enqueue("test.together", {"count": 60})
    assert drain(runners, "slots=2")[-1]["done"] == 60


def test_a_coroutine_has_a_time_limit_and_may_fail(jobs: Jobs, runners: Runners) -> None:
    jobs.enqueue("test.async_slow")
    jobs.enqueue("test.async_fault")
    drain(runners)
    codes = {job["kind"]: job["history"][-1]["code"] for job in jobs.list()}
    assert codes == {"test.async_slow": "timeout", "test.async_fault": "exception"}


def test_no_more_at_once_than_the_handler_says(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    for _ in range(12):
        jobs.enqueue("test.one", {"file": str(tmp_path / "one")})
        jobs.enqueue("test.mark", {"file": str(tmp_path / "others"), "seconds": 0.01})
    drain(runners, "slots=8")
    turns = [line.split()[0] for line in (tmp_path / "one").read_text().splitlines()]
    assert turns == ["begin", "end"] * 12
    assert len((tmp_path / "others").read_text().splitlines()) == 12


def test_one_that_never_ends_does_not_keep_the_place_of_its_kind(
    jobs: Jobs, runners: Runners
) -> None:
    for _ in range(3):
        jobs.enqueue("test.deaf_one")
    runner = runners.start_more("slots=6")
    assert runner.finish() == 0
    assert [job["history"][-1]["code"] for job in jobs.list()] == ["timeout"] * 3


def test_a_handler_in_a_process(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    for _ in range(3):
        jobs.enqueue("test.process", {"file": str(tmp_path / "f")})
    runner = runners.start_more("slots=1")
    assert runner.finish() == 0
    pids = {job["result"]["pid"] for job in done(jobs)}
    assert len(pids) == 1, "the process is used again"
    assert pids != {runner.process.pid}
    (working, *_) = [line for line in runner.log if line["event"] == "working"]
    assert (working["kind"], working["pages"]) == ("test.process", 3)
    assert "what a handler prints" in "".join(runner.lines)


def test_a_process_is_ended_when_its_time_is_up(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    jobs.enqueue("test.process_endless", {"file": str(tmp_path / "f")})
    jobs.enqueue("test.greedy")
    drain(runners)
    codes = {job["kind"]: job["history"][-1] for job in jobs.list()}
    assert codes["test.process_endless"]["code"] == "timeout"
    assert "MemoryError" in codes["test.greedy"]["error"]
    pid = int((tmp_path / "f").read_text().split()[1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_ends_with_its_runner(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    file = tmp_path / "f"
    jobs.enqueue("test.process_endless", {"file": str(file)})
    runner = runners.start_more()
    wait_for(file.exists, "the handler")
    runner.stop(signal.SIGKILL)
    pid = int(file.read_text().split()[1])
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the process to end")


def test_a_payload_that_crashes_the_interpreter_takes_one_runner_and_no_other_job(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    jobs.enqueue("test.crash", {"file": str(tmp_path / "crash")})
    for n in range(30):
        jobs.enqueue("test.mark", {"file": str(tmp_path / "marks"), "text": str(n)})
    first = runners.start_more()
    assert first.finish() == -signal.SIGSEGV
    jobs.make_due()
    # From now on it runs in a process of its own, to its last attempt.
    second = runners.start_more("watch")
    wait_for(lambda: [job for job in jobs.list() if job["state"] == "dead"], "its death")
    wait_for(lambda: len(jobs.list()) == 1, "the others")
    assert second.process.poll() is None
    (job,) = jobs.list()
    assert (job["kind"], job["attempts"]) == ("test.crash", 3)
    assert [entry["code"] for entry in job["history"]] == ["crashed", "crashed"]
    assert "SIGSEGV" in job["history"][-1]["error"]
    texts = {line.split()[0] for line in (tmp_path / "marks").read_text().splitlines()}
    assert texts == {str(n) for n in range(30)}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"what": "large", "size": 300_000}, "result_too_large"),
        ({"what": "large", "size": 200_000_000}, "result_too_large"),
        ({"what": "list"}, "bad_result"),
        ({"what": "object"}, "bad_result"),
        ({"what": "nan"}, "bad_result"),
        ({"what": "nul"}, "bad_result"),
        ({"what": "half"}, "bad_result"),
    ],
)
def test_a_result_the_database_cannot_keep(
    jobs: Jobs, runners: Runners, payload: dict[str, Any], code: str
) -> None:
    jobs.enqueue("test.result", payload)
    jobs.enqueue("test.result", {"value": "fine"})
    drain(runners)
    job = jobs.only()
    assert (job["state"], job["history"][-1]["code"]) == ("dead", code)
    assert [other["result"] for other in done(jobs)] == [{"value": "fine"}]


def test_a_result_is_kept_with_what_it_took(jobs: Jobs, runners: Runners) -> None:
    number = jobs.enqueue("test.result", {"value": {"a": ["ä", "\\u0000 is only text"]}})
    drain(runners)
    (job,) = done(jobs)
    assert job["result"] == {"value": {"a": ["ä", "\\u0000 is only text"]}}
    assert job["attempts"] == 1
    assert job["seconds"] is not None
    shown = jobs.value("select public.jobs_show(%s)", f"default:{number}")
    assert (shown["state"], shown["result"]) == ("done", job["result"])
    assert jobs.value("select done from public.jobs_rates()") == 1


def test_a_book_and_its_pages(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    jobs.enqueue("test.book", {"file": str(tmp_path / "pages"), "pages": 25})
    log = drain(runners)
    results = {job["kind"]: job["result"] for job in done(jobs)}
    assert results["test.book"] == {"asked": 25, "done": 25, "dead": 0, "words": 250}
    assert len((tmp_path / "pages").read_text().splitlines()) == 25
    assert (log[-1]["done"], log[-1]["wait"]) == (26, 1)


def test_progress_is_seen_and_a_cancelled_job_stops(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    number = jobs.enqueue("test.step", {"file": str(tmp_path / "never")})
    runner = runners.start_more("watch")

    def progress() -> Any:
        shown = jobs.value("select public.jobs_show(%s)", f"default:{number}")
        return shown["progress"]

    told = wait_for(progress, "progress")
    assert told["note"].startswith("page ")
    wait_for(lambda: progress()["fraction"] > told["fraction"], "more progress")
    jobs.value("select public.jobs_cancel(%s)", f"default:{number}")
    runner.wait_for("lost")
    job = jobs.only()
    assert (job["state"], job["history"][-1]["code"]) == ("dead", "cancelled")
    runner.stop(signal.SIGTERM)
    assert jobs.only()["state"] == "dead", "what its handler says does not count"


def test_a_runner_stops_when_its_time_is_up(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    for _ in range(100):
        jobs.enqueue("test.mark", {"file": str(tmp_path / "f"), "seconds": 0.2})
    runner = runners.start_more("slots=1", "budget_s=2")
    assert runner.finish() == 0
    assert "time is up" in runner.events()
    left = jobs.list()
    assert 0 < len(left) < 100
    assert {(job["state"], job["attempts"]) for job in left} == {("ready", 0)}


def test_the_limit_of_a_kind_does_not_end_a_drain_early(
    jobs: Jobs, runners: Runners, tmp_path: Path
) -> None:
    for _ in range(20):
        jobs.enqueue("test.mark", {"file": str(tmp_path / "f"), "seconds": 0.01})
    limit(jobs, "test.mark", max_running=1)
    pair = [runners.start_more("slots=4") for _ in range(2)]
    assert [runner.finish() for runner in pair] == [0, 0]
    assert len((tmp_path / "f").read_text().splitlines()) == 20


def test_a_schedule_runs_and_a_wrong_one_is_paused(jobs: Jobs, runners: Runners) -> None:
    for name, cron in (("every-minute", "* * * * *"), ("nonsense", "61 * * * *")):
        schedule = {"name": name, "kind": "test.scheduled", "cron": cron}
        jobs.value("select public.jobs_schedule_set(%s)", Jsonb(schedule))
    drain(runners)
    rows = {
        row["name"]: row
        for (row,) in jobs.db.execute("select to_jsonb(s) from public.jobs_schedules() s")
    }
    assert rows["every-minute"]["next_at"] is not None
    assert "61" in rows["nonsense"]["error"]
    assert rows["nonsense"]["paused_at"] is not None
    jobs.db.execute(
        "update private.job_schedules set next_at = now() - interval '3 min' where error is null"
    )
    pair = [runners.start_more(), runners.start_more()]
    assert [runner.finish() for runner in pair] == [0, 0]
    finished = [line for runner in pair for line in runner.log if line["event"] == "done"]
    assert len(finished) == 1, "one run for all that was missed, by one of the two"


def test_a_schedule_whose_job_is_refused_is_paused(jobs: Jobs, runners: Runners) -> None:
    """With the time added, its payload is too large."""
    schedule = {
        "name": "large",
        "kind": "test.scheduled",
        "cron": "0 0 1 1 *",
        "payload": {"x": "x" * 262_120},
        "next_at": "2026-01-01T00:00:00Z",
    }
    jobs.value("select public.jobs_schedule_set(%s)", Jsonb(schedule))
    drain(runners)
    row = jobs.value("select to_jsonb(s) from public.jobs_schedules() as s")
    assert "256 kB" in row["error"]
    assert row["paused_at"] is not None


def test_metrics_for_prometheus(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    jobs.enqueue("test.mark", {"file": str(tmp_path / "f")})
    runners.start_more("watch", METRICS_PORT=str(port))
    wait_for((tmp_path / "f").exists, "the job")
    wanted = 'firmbase_jobs_ended_total{kind="test.mark",outcome="done"} 1.0'
    wait_for(lambda: wanted in httpx.get(f"http://127.0.0.1:{port}/metrics").text, "the metric")


def test_a_port_that_is_none(runners: Runners) -> None:
    runner = runners.start_more(METRICS_PORT="eighty")
    assert runner.finish() == 3
    assert "METRICS_PORT" in runner.lines[-1]


def test_results_are_json_in_the_log_too(jobs: Jobs, runners: Runners) -> None:
    jobs.enqueue("test.result", {"value": 7})
    (line,) = [line for line in drain(runners) if line["event"] == "done"]
    assert json.dumps(line["result"]) == '{"value": 7}'
