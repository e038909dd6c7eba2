"""Cron expressions in a time zone, through the nights when clocks are set, and missed times."""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_jobs.schedules import MOST_MISSED, BadSchedule, next_time, plan, times

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def local(cron: str, after: datetime, n: int) -> list[str]:
    """The next times as a clock in Berlin shows them: day, time, name of the zone."""
    moments = islice(times(cron, "Europe/Berlin", after), n)
    return [f"{moment.astimezone(BERLIN):%d %H:%M %Z}" for moment in moments]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # What is due in the missing hour comes right after it, once.
        ("30 2 * * *", ["29 03:00 CEST", "30 02:30 CEST"]),
        ("15,45 2 * * *", ["29 03:00 CEST", "30 02:15 CEST"]),
        ("30 1-3 * * *", ["29 01:30 CET", "29 03:00 CEST", "29 03:30 CEST"]),
        # A star follows the clock as it goes.
        ("*/30 * * * *", ["29 01:30 CET", "29 03:00 CEST", "29 03:30 CEST"]),
        ("*/20 2 * * *", ["30 02:00 CEST", "30 02:20 CEST"]),
        ("0 9 * * 1-5", ["30 09:00 CEST", "31 09:00 CEST"]),
    ],
)
def test_the_night_the_clocks_go_forward(cron: str, expected: list[str]) -> None:
    assert local(cron, utc(2026, 3, 29, 0, 10), len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["25 02:30 CEST", "26 02:30 CET"]),
        ("0 1-3 * * *", ["25 02:00 CEST", "25 03:00 CET", "26 01:00 CET"]),
        ("0 * * * *", ["25 02:00 CEST", "25 02:00 CET", "25 03:00 CET"]),
        ("*/30 2 * * *", ["25 02:00 CEST", "25 02:30 CEST", "25 02:00 CET", "25 02:30 CET"]),
    ],
)
def test_the_night_the_clocks_go_back(cron: str, expected: list[str]) -> None:
    assert local(cron, utc(2026, 10, 24, 23, 30), len(expected)) == expected


def test_what_ran_in_the_first_pass_of_the_hour_does_not_come_in_the_second() -> None:
    in_the_second_pass = utc(2026, 10, 25, 1, 10)
    assert local("30 2 * * *", in_the_second_pass, 1) == ["26 02:30 CET"]
    late = plan(schedule(next_at="2026-10-25T00:30:00+00:00"), in_the_second_pass)
    assert late.run_at == [utc(2026, 10, 25, 0, 30)]
    assert late.next_at == utc(2026, 10, 26, 1, 30)


def by_hand(minutes: set[int], hours: set[int], after: datetime, until: datetime) -> set[datetime]:
    """The moments of "minutes hours * * *", found by looking at every minute of the wall clock."""
    found = set()
    wall = datetime.combine(after.date() - timedelta(days=1), datetime.min.time())
    while wall.date() <= until.date() + timedelta(days=1):
        if wall.minute in minutes and wall.hour in hours:
            real = wall
            while as_utc(real).astimezone(BERLIN).replace(tzinfo=None) != real:
                real += MINUTE
            found.add(as_utc(real))
        wall += MINUTE
    return {moment for moment in found if after < moment <= until}


def as_utc(wall: datetime) -> datetime:
    return wall.replace(tzinfo=BERLIN).astimezone(UTC)


@settings(deadline=None)
@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    hours=st.sets(st.integers(0, 4), min_size=1, max_size=3),
    night=st.sampled_from([utc(2026, 3, 28, 22), utc(2026, 10, 24, 21)]),
    offset=st.integers(0, 8 * 60),
)
def test_every_time_of_both_nights_comes_once(
    minutes: set[int], hours: set[int], night: datetime, offset: int
) -> None:
    after, until = night + offset * MINUTE, night + timedelta(hours=34)
    cron = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"
    found = list(takewhile(lambda t: t <= until, times(cron, "Europe/Berlin", after)))
    assert found == sorted(by_hand(minutes, hours, after, until))


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("* * * *", "five fields"),
        ("0 0 * * * *", "five fields"),
        ("every day at nine sharp", "bad minute"),
        ("60 * * * *", "bad minute"),
        ("*/0 * * * *", "bad minute"),
        ("5-1 * * * *", "bad minute"),
        ("-1 * * * *", "bad minute"),
        ("² * * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 0 0 * *", "bad day-of-month"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 * 13 *", "bad month"),
        ("0 0 * * 8", "bad day-of-week"),
        ("0 0 * * 1#6", "bad day-of-week"),
        ("0 0 */30 2 MON#2", "never comes"),
    ],
)
def test_what_is_no_time(cron: str, words: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        next_time(cron, "UTC", utc(2026, 1, 1))
    assert str(refused.value).startswith(f'"{cron}" ')
    assert words in str(refused.value)


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../etc/passwd", "Europe", "Europe/Berlin\0"])
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(BadSchedule, match="is not a time zone, such as Europe/Berlin"):
        next_time("0 9 * * *", zone, utc(2026, 1, 1))


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 0 29 2 *", utc(2028, 2, 29)),
        ("0 0 L * *", utc(2026, 1, 31)),
        ("0 0 * * FRI#3", utc(2026, 1, 16)),
        ("0 0 13 * FRI", utc(2026, 1, 2)),  # either, as in crontab(5)
        ("0 0 * * 7", utc(2026, 1, 4)),
        ("0 0 * * 0", utc(2026, 1, 4)),
    ],
)
def test_times_that_are_rare_or_have_a_name(cron: str, expected: datetime) -> None:
    assert next_time(cron, "UTC", utc(2026, 1, 1)) == expected


def schedule(**facts: Any) -> dict[str, Any]:
    """Daily at half past two in Berlin, as jobs_step hands it over."""
    return {
        "cron": "30 2 * * *",
        "time_zone": "Europe/Berlin",
        "if_missed": "once",
        "next_at": "2026-06-01T00:30:00+00:00",
        **facts,
    }


THREE_DAYS_LATER = utc(2026, 6, 4, 12)
MISSED = [utc(2026, 6, day, 0, 30) for day in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("if_missed", "expected"), [("skip", []), ("once", MISSED[-1:]), ("all", MISSED)]
)
def test_what_was_missed(if_missed: str, expected: list[datetime]) -> None:
    found = plan(schedule(if_missed=if_missed), THREE_DAYS_LATER)
    assert found.run_at == expected
    assert found.next_at == utc(2026, 6, 5, 0, 30)


@pytest.mark.parametrize("if_missed", ["skip", "once", "all"])
@pytest.mark.parametrize("late_s", [-5, 0, 0.5, 60, 90])
def test_what_is_on_time_runs_once_whatever_the_policy(if_missed: str, late_s: float) -> None:
    """Also where this clock is behind the database's, which has found it due."""
    found = plan(schedule(if_missed=if_missed), MISSED[0] + timedelta(seconds=late_s))
    assert (found.run_at, found.next_at) == (MISSED[:1], MISSED[1])


def test_skipped_times_still_run_for_the_latest_if_that_is_on_time() -> None:
    found = plan(schedule(if_missed="skip"), MISSED[-1] + timedelta(seconds=30))
    assert found.run_at == MISSED[-1:]


@pytest.mark.parametrize("night", [utc(2026, 10, 25, 1, 10), utc(2026, 3, 29, 1)])
def test_of_very_many_missed_times_the_latest_run(night: datetime) -> None:
    found = plan(
        schedule(cron="* * * * *", if_missed="all", next_at="2025-01-01T00:00:00+00:00"), night
    )
    assert found.run_at == [night - n * MINUTE for n in reversed(range(MOST_MISSED))]
    assert found.next_at == night + MINUTE
    fixed = schedule(cron="30 2 * * *", if_missed="all", next_at="2020-01-01T01:30:00+00:00")
    found = plan(fixed, night)
    assert len(found.run_at) == MOST_MISSED
    latest = utc(2026, 10, 25, 0, 30) if night.month == 10 else utc(2026, 3, 29, 1)
    assert found.run_at[-1] == latest


def test_as_many_missed_times_as_may_be_all_run() -> None:
    first = utc(2026, 6, 1)
    now = first + (MOST_MISSED - 1) * MINUTE
    minutely = schedule(cron="* * * * *", if_missed="all", next_at=first.isoformat())
    assert plan(minutely, now).run_at[0] == first
    assert len(plan(minutely, now).run_at) == MOST_MISSED


def test_a_schedule_without_a_time_gets_one() -> None:
    found = plan(schedule(next_at=None), THREE_DAYS_LATER)
    assert (found.run_at, found.next_at) == ([], utc(2026, 6, 5, 0, 30))
