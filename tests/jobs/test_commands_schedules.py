"""`firmbase jobs schedules`."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.jobs.commands import Firmbase
from tests.jobs.conftest import Jobs
from tests.people import Firm

NIGHTLY = ["set", "nightly", "test.noop", "--cron", "30 2 * * *", "--tz", "Europe/Berlin"]


@pytest.fixture
def schedules(jobs: Jobs, firmbase: Firmbase) -> Firmbase:
    class Schedules(Firmbase):
        def __call__(self, *arguments: str, **options: Any) -> Any:
            return super().__call__("schedules", *arguments, **options)

    return Schedules(firmbase.env)


def test_one_is_set_shown_and_removed(jobs: Jobs, schedules: Firmbase, firm: Firm) -> None:
    assert "`firmbase jobs schedules set` makes one" in schedules("list").stderr
    told = schedules(*NIGHTLY).stderr
    assert told.startswith("nightly is set: its next time is ")
    assert "02:30 CE" in told
    (made,) = schedules.json("list")
    assert (made["if_missed"], made["if_running"], made["jitter"]) == ("once", "skip", "00:00:00")
    assert datetime.fromisoformat(made["next_at"]) > datetime.now(UTC)

    options = ["--payload", '{"n": 1}', "--firm", firm.slug, "--priority", "low"]
    more = ["--if-missed", "all", "--if-running", "queue", "--jitter", "5min"]
    changed = schedules.json(*NIGHTLY, *options, *more)
    expected = {
        "payload": {"n": 1},
        "firm_id": firm.id,
        "priority": "low",
        "if_missed": "all",
        "if_running": "queue",
        "jitter": "00:05:00",
        "cron": "30 2 * * *",
        "time_zone": "Europe/Berlin",
    }
    assert {name: changed[name] for name in expected} == expected
    table = schedules("list", columns=80).stdout
    assert "Europe/Berlin" in table
    assert max(map(len, table.splitlines())) <= 80
    assert schedules("remove", "nightly").stderr == "nightly is removed.\n"
    assert schedules.json("list") == []


def test_the_next_times_through_both_nights(jobs: Jobs, schedules: Firmbase) -> None:
    schedules(*NIGHTLY)
    after = ["next", "nightly", "--count", "2", "--after"]
    assert schedules.json(*after, "2026-03-28 12:00") == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]
    shown = schedules(*after, "2026-10-24T12:00", columns=80).stdout
    assert "Sun 2026-10-25 02:30 CEST │ 2026-10-25 00:30" in shown
    assert "Mon 2026-10-26 02:30 CET  │ 2026-10-26 01:30" in shown
    assert schedules.json(*after, "2026-10-25T00:30:00+00:00")[0] == "2026-10-26T02:30:00+01:00"
    assert len(schedules.json("next", "nightly")) == 10


def test_one_is_run_by_hand(jobs: Jobs, schedules: Firmbase) -> None:
    schedules(*NIGHTLY, "--payload", '{"n": 1}')
    (before,) = schedules.json("list")
    assert schedules("run", "nightly").stderr == "Queued a test.noop.\n"
    assert jobs.only()["payload"]["n"] == 1
    assert datetime.fromisoformat(jobs.only()["payload"]["scheduled_at"]) < datetime.now(UTC)
    (after,) = schedules.json("list")
    assert after["next_at"] == before["next_at"]
    refused = schedules.refused("run", "nightly")
    assert "The last run of nightly has not ended. Wait for it:" in refused
    (claim,) = jobs.claim()
    jobs.ack(claim)
    assert schedules.json("run", "nightly") == {"name": "nightly", "queued": 1}


def test_one_is_paused_and_goes_on(jobs: Jobs, schedules: Firmbase) -> None:
    schedules(*NIGHTLY)
    assert schedules("pause", "nightly").stderr == "nightly is paused.\n"
    assert "paused" in schedules("list").stdout
    assert "`firmbase jobs schedules resume nightly`" in schedules.refused("run", "nightly")
    assert "is set, and paused" in schedules(*NIGHTLY).stderr
    (resumed,) = schedules.json("resume", "nightly")
    assert (resumed["paused_at"], resumed["next_at"]) == (None, None)
    assert "when a runner looks" in " ".join(schedules("list").stdout.split())
    (paused,) = schedules.json("pause", "nightly")
    assert paused["paused_at"]


def test_why_a_runner_paused_one_is_shown(jobs: Jobs, schedules: Firmbase) -> None:
    schedules(*NIGHTLY)
    jobs.db.execute("update private.job_schedules set paused_at = now(), error = 'Bad luck.'")
    assert "Bad luck." in schedules("list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nightly", "test.noop"], 2, "--cron"),
        (["nightly", "test.noop", "--cron", "0 0 30 2 *"], 2, "is not a time: bad day-of-month"),
        (["nightly", "test.noop", "--cron", "daily"], 2, "is not five fields"),
        (["nightly", "test.noop", "--cron", "0 0 */30 2 MON#2"], 2, "never comes"),
        ([*NIGHTLY[1:6], "Berlin"], 2, '"Berlin" is not a time zone, such as Europe/Berlin'),
        (["Nightly", *NIGHTLY[2:]], 2, "a name has small letters, digits"),
        ([*NIGHTLY[1:], "--payload", "[1]"], 2, "A payload is a JSON object"),
        ([*NIGHTLY[1:], "--jitter", "2days"], 2, "a day at most"),
        ([*NIGHTLY[1:], "--jitter", "soon"], 2, "write 90s, 5min, 2h or 1day"),
        ([*NIGHTLY[1:], "--if-missed", "cry"], 2, "'cry' is not one of"),
        ([*NIGHTLY[1:], "--firm", "nobody"], 10, "There is no firm nobody."),
        (["nightly", "noop", *NIGHTLY[3:]], 10, "A kind is two lower-case words and a dot"),
    ],
)
def test_schedules_that_cannot_be(
    jobs: Jobs, schedules: Firmbase, arguments: list[str], code: int, words: str
) -> None:
    assert words in schedules.refused("set", *arguments, code=code)
    assert jobs.value("select count(*) from private.job_schedules") == 0


@pytest.mark.parametrize("verb", ["next", "run", "pause", "resume", "remove"])
def test_one_that_is_not_there(jobs: Jobs, schedules: Firmbase, verb: str) -> None:
    assert "There is no schedule hourly." in schedules.refused(verb, "hourly")
