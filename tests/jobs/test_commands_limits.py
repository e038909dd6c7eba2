"""`firmbase jobs pause`, `resume` and `limits`."""

import pytest

from tests.jobs.commands import Firmbase
from tests.jobs.conftest import Jobs


def test_pausing_a_kind_and_a_queue(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.noop")
    jobs.enqueue("test.other", priority="low")
    assert firmbase("pause").stderr == "Nothing is paused.\n"
    assert "`firmbase jobs resume test.noop` lets it go on" in firmbase("pause", "test.noop").stderr
    assert sorted(firmbase.json("pause", "low")) == ["jobs_low", "test.noop"]
    assert jobs.claim() == []
    assert "jobs_low" in firmbase("pause").stdout

    assert firmbase("resume", "low").stderr == "low goes on.\n"
    assert list(firmbase.json("pause")) == ["test.noop"]
    told = firmbase("resume", "test.nop").stderr
    assert told == "test.nop was not paused. Paused: test.noop.\n"
    assert firmbase.json("resume", "test.noop") == {}
    assert len(jobs.claim()) == 2
    for verb in ("pause", "resume"):
        assert "Name a kind, such as file.process" in firmbase.refused(verb, "everything")


def test_limits(jobs: Jobs, firmbase: Firmbase) -> None:
    for _ in range(3):
        jobs.enqueue("test.noop")
    assert "`firmbase jobs limits set` gives it one" in firmbase("limits", "list").stderr
    options = ["--running-per-firm", "4", "--rate", "100/min", "--rate-per-firm", "5000/day"]
    made = firmbase.json("limits", "set", "test.noop", "--running", "2", *options)
    assert (made["max_running"], made["max_running_per_firm"]) == (2, 4)
    assert (made["rate"], made["rate_period"]) == (100, "00:01:00")
    assert len(jobs.claim()) == 2
    table = firmbase("limits", "list", columns=80).stdout
    assert table.splitlines()[-2].split()[1::2] == ["test.noop", "2", "4", "100/min", "5000/day"]

    shown = firmbase("limits", "set", "test.noop", "--rate", "10/s").stdout
    assert shown.splitlines()[-2].split("│")[2:5] == ["         ", "                  ", " 10/s "]
    (limits,) = firmbase.json("limits", "list")
    assert (limits["max_running"], limits["rate"]) == (None, 10), "what is not given is no limit"
    assert firmbase.json("limits", "clear", "test.noop") is None
    assert firmbase("limits", "clear", "test.noop").stderr == "test.noop has no limits.\n"
    assert len(jobs.claim()) == 1


@pytest.mark.parametrize("period", ["30 seconds", "1 day", "1 hour", "90 minutes"])
def test_a_rate_that_was_set_in_sql_is_shown_too(
    jobs: Jobs, firmbase: Firmbase, period: str
) -> None:
    jobs.db.execute(
        "insert into private.job_limits (kind, rate, rate_period) values ('test.noop', 7, %s)",
        [period],
    )
    words = {"30 seconds": "7 in 30 s", "1 day": "7/day", "1 hour": "7/h"}
    assert words.get(period, "7 in 5400 s") in firmbase("limits", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["test.noop"], 2, "`firmbase jobs limits clear test.noop` takes all"),
        (["test.noop", "--running", "0"], 2, "greater than or equal to 1"),
        (["test.noop", "--rate", "10"], 2, "write 10/s, 100/min, 1000/h or 5000/day"),
        (["test.noop", "--rate", "0/s"], 2, "write 10/s"),
        (["test.noop", "--rate", "10/week"], 2, "write 10/s"),
        (["test.noop", "--rate-per-firm", "-1/s"], 2, "write 10/s"),
        (["test.noop", "--rate", "9999999999/s"], 10, "These limits are not possible"),
        (["test.noop", "--running", "20000"], 10, "These limits are not possible"),
        (["noop", "--running", "2"], 10, "A kind is two lower-case words and a dot"),
    ],
)
def test_limits_that_cannot_be(
    jobs: Jobs, firmbase: Firmbase, arguments: list[str], code: int, words: str
) -> None:
    assert words in firmbase.refused("limits", "set", *arguments, code=code)
    assert jobs.value("select count(*) from private.job_limits") == 0
