"""`firmbase jobs`, as a process with the environment of a project."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import RunningStack
from tests.jobs.conftest import Jobs
from tests.jobs.runners import ROOT


class Firmbase:
    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        start = "from cli.main import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", start, "jobs", *arguments],
            env={**self.env, "COLUMNS": "200"},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@pytest.fixture
def firmbase(stack: RunningStack) -> Firmbase:
    return Firmbase(stack.env)


def test_a_dead_job_is_found_read_and_sent_back(jobs: Jobs, firmbase: Firmbase) -> None:
    number = jobs.enqueue("test.fragile", {"a": 1})
    jobs.enqueue(delay="1 hour")
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead", code="broken", error="It broke.")
    name = f"default:{number}"

    (dead,) = firmbase.json("list", "--state", "dead")
    assert (dead["id"], dead["error"]) == (name, "It broke.")
    assert [kind["dead"] for kind in firmbase.json("stats")] == [1, 0]
    assert firmbase.json("show", name)["history"][0]["code"] == "broken"
    for words in (["list"], ["stats"], ["show", name]):
        assert "test.fragile" in firmbase(*words).stdout

    new_id = firmbase.json("retry", name)["id"]
    (ready,) = firmbase.json("list", "--state", "ready", "--kind", "test.fragile")
    assert ready["id"] == new_id != name
    refused = firmbase("retry", name, code=10)
    assert refused.stderr.startswith(f"error: There is no dead job {name}.")


def test_run_says_what_it_did_and_passes_its_exit_code_on(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.unheard_of")
    lines = [json.loads(line) for line in firmbase("run", "--json").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["dead", "drained"]
    firmbase.env = {**firmbase.env, "SUPABASE_SECRET_KEY": "sb_secret_wrong"}
    assert firmbase("run", code=5).stderr.count("\n") == 1
    assert firmbase("stats", code=5).stderr.count("\n") == 1


def test_empty_queues_and_unknown_jobs(jobs: Jobs, firmbase: Firmbase) -> None:
    assert firmbase.json("list") == firmbase.json("stats") == []
    assert firmbase("stats").stderr == "The queues are empty.\n"
    assert "There is no job default:0." in firmbase("show", "default:0", code=10).stderr


def test_the_work_of_the_clock_is_done_when_asked_for(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.value("select private.jobs_tick(true)")
    assert jobs.value("select private.jobs_tick()") is None, "it was done just now"
    before = jobs.value("select ticked_at from private.job_clock")
    assert firmbase.json("tick") == {"ticked": True}
    assert jobs.value("select ticked_at from private.job_clock") > before
