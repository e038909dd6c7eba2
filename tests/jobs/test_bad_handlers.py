"""What a handler can do to its runner: nothing that others notice."""

import json

import pytest

from tests.jobs.conftest import Jobs
from tests.jobs.runners import Runners
from tests.jobs.test_handlers import drain


def fate(jobs: Jobs, runners: Runners, kind: str, **payload: str) -> tuple[str, str]:
    """The state and the last code of a job that was run beside another one."""
    jobs.enqueue(kind, payload)
    jobs.enqueue("test.scheduled")
    assert drain(runners, "slots=2")[-1]["done"] >= 1
    (job,) = jobs.list()
    return job["state"], job["history"][-1]["code"]


def test_a_payload_and_a_result_of_great_depth(jobs: Jobs, runners: Runners) -> None:
    for _ in range(2):
        jobs.enqueue("test.deep", {"in": json.loads("[" * 300 + "]" * 300)})
    assert drain(runners, "slots=1")[-1]["done"] == 2


@pytest.mark.parametrize("what", ["nul", "half", "nan"])
def test_progress_that_is_no_text_and_no_number(jobs: Jobs, runners: Runners, what: str) -> None:
    jobs.enqueue("test.told", {"what": what})
    assert drain(runners)[-1]["done"] == 1


def test_a_code_that_is_no_text(jobs: Jobs, runners: Runners) -> None:
    assert fate(jobs, runners, "test.odd_code") == ("dead", "sb_secret_***\ufffd?")


@pytest.mark.parametrize("kind", ["test.odd_wait", "test.async_odd_wait"])
def test_a_wait_that_is_no_number(jobs: Jobs, runners: Runners, kind: str) -> None:
    assert fate(jobs, runners, kind) == ("waiting", "exception")


def test_a_coroutine_that_does_not_give_the_loop_back(jobs: Jobs, runners: Runners) -> None:
    assert fate(jobs, runners, "test.async_deaf") == ("dead", "timeout")


def test_a_process_that_ends_in_the_middle_of_a_line(jobs: Jobs, runners: Runners) -> None:
    assert fate(jobs, runners, "test.killed_in_a_line") == ("dead", "crashed")
