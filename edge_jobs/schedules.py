"""When a schedule runs: cron expressions as Debian's cron understands them, in a time zone.

Where clocks are set forward, what was due in the hour that is missing runs right after it; where
they are set back, what was due in the hour that comes twice runs once. Expressions with a * for
the minute or the hour follow the clock as it goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

# A schedule that was due more often than this while nobody looked runs for the latest of them.
MOST_MISSED = 1000
# How late a time may be used where a schedule skips what was missed, in seconds.
PUNCTUAL_S = 90


class BadSchedule(ValueError):
    """The expression or the time zone is none; the message says which and why."""


@dataclass(frozen=True)
class Plan:
    """What is to become of a schedule now: queue these, and look again at `next_at`."""

    run_at: list[datetime]
    next_at: datetime


def times(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The moments of the expression after `after`, in UTC, without end where there is one.

    Raises BadSchedule."""
    moments = _simulate(cron, time_zone, after)
    # In the hour that comes twice the library begins with its first pass.
    return (moment for moment in moments if moment > after)


def next_time(cron: str, time_zone: str, after: datetime) -> datetime:
    """The first moment after `after`, in UTC. Raises BadSchedule, also where there is none."""
    for moment in times(cron, time_zone, after):
        return moment
    raise BadSchedule(f'"{cron}" never comes.')


def plan(schedule: dict[str, Any], now: datetime) -> Plan:
    """What to do about a schedule whose next_at has come, or that has none yet.

    Raises BadSchedule."""
    cron, time_zone = schedule["cron"], schedule["time_zone"]
    if schedule["next_at"] is None:
        return Plan([], next_time(cron, time_zone, now))
    due_at = datetime.fromisoformat(schedule["next_at"])
    # It has come by the database's clock; this one may be behind, and must not find it once more.
    now = max(now, due_at)
    next_at = next_time(cron, time_zone, now)
    due = [due_at]
    for moment in islice(times(cron, time_zone, due_at), MOST_MISSED):
        if moment > now:
            break
        due.append(moment)
    else:
        due = _latest(cron, time_zone, now)
    if schedule["if_missed"] == "all":
        return Plan(due, next_at)
    if schedule["if_missed"] == "skip" and (now - due[-1]).total_seconds() > PUNCTUAL_S:
        return Plan([], next_at)
    return Plan(due[-1:], next_at)


def _latest(cron: str, time_zone: str, now: datetime) -> list[datetime]:
    # From beyond any hour that comes twice, for the same reason as above.
    backwards = _simulate(cron, time_zone, now + timedelta(days=1), reverse=True)
    latest = list(islice((moment for moment in backwards if moment <= now), MOST_MISSED))
    return latest[::-1]


def _simulate(
    cron: str, time_zone: str, start: datetime, *, reverse: bool = False
) -> Iterator[datetime]:
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSchedule(f'"{time_zone}" is not a time zone, such as Europe/Berlin.') from error
    if len(cron.split()) != 5:
        raise BadSchedule(
            f'"{cron}" is not five fields: minute, hour, day of the month, month, day of the week.'
        )
    try:
        moments = CronSim(cron, start.astimezone(zone), reverse=reverse)
    except CronSimError as error:
        raise BadSchedule(f'"{cron}" is not a time: {str(error).lower()}.') from error
    return (moment.astimezone(UTC) for moment in moments)
