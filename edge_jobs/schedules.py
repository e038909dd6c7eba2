"""When a schedule runs: cron expressions as Debian's cron understands them, in a time zone.

Where clocks are set forward, what was due in the hour that is missing runs right after it; where
they are set back, what was due in the hour that comes twice runs once. Expressions with a * for
the minute or the hour follow the clock as it goes."""

from dataclasses import dataclass
from datetime import UTC, datetime
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


def times(cron: str, time_zone: str, after: datetime) -> "CronSim":
    """The moments of the expression after `after`, without end, in the time zone.

    Raises BadSchedule."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSchedule(f'"{time_zone}" is not a time zone, such as Europe/Berlin.') from error
    if len(cron.split()) != 5:
        raise BadSchedule(
            f'"{cron}" is not five fields: minute, hour, day of the month, month, day of the week.'
        )
    try:
        return CronSim(cron, after.astimezone(zone))
    except CronSimError as error:
        raise BadSchedule(f'"{cron}" is not a time: {error}.') from error


def next_time(cron: str, time_zone: str, after: datetime) -> datetime:
    """The first moment after `after`, in UTC. Raises BadSchedule, also where there is none."""
    try:
        return next(times(cron, time_zone, after)).astimezone(UTC)
    except StopIteration:
        raise BadSchedule(f'"{cron}" never comes.') from None


def plan(schedule: dict[str, Any], now: datetime) -> Plan:
    """What to do about a schedule whose next_at has come, or that has none yet.

    Raises BadSchedule."""
    cron, time_zone = schedule["cron"], schedule["time_zone"]
    next_at = next_time(cron, time_zone, now)
    if schedule["next_at"] is None:
        return Plan([], next_at)
    due_at = datetime.fromisoformat(schedule["next_at"])
    due = [due_at]
    for moment in islice(times(cron, time_zone, due_at), MOST_MISSED):
        if moment > now:
            break
        due.append(moment.astimezone(UTC))
    else:
        due = _latest(cron, time_zone, now)
    if schedule["if_missed"] == "all":
        return Plan(due, next_at)
    if schedule["if_missed"] == "skip" and (now - due[-1]).total_seconds() > PUNCTUAL_S:
        return Plan([], next_at)
    return Plan(due[-1:], next_at)


def _latest(cron: str, time_zone: str, now: datetime) -> list[datetime]:
    backwards = CronSim(cron, now.astimezone(ZoneInfo(time_zone)), reverse=True)
    latest = [moment.astimezone(UTC) for moment in islice(backwards, MOST_MISSED)]
    return latest[::-1]
