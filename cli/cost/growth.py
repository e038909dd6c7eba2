"""When a limit is reached at the present rate."""

from datetime import date, timedelta
from typing import Any

ENOUGH_DAYS = 7
FAR_DAYS = 3650


def month_reached(
    used: float, limit: float, per_day: float | None, days: int, today: date
) -> str | None:
    """`2027-03`; None where none is in sight: known for too short, not growing, ten years on."""
    if used >= limit:
        return f"{today:%Y-%m}"
    if days < ENOUGH_DAYS or per_day is None or per_day <= 0:
        return None
    left = (limit - used) / per_day
    return f"{today + timedelta(days=left):%Y-%m}" if left < FAR_DAYS else None


def in_words(month: str | None, per_day: float | None, days: int, *, full: bool) -> str:
    if full:
        return "reached"
    if month:
        return month
    if days < ENOUGH_DAYS:
        return f"too early to tell: {days} of {ENOUGH_DAYS} days known"
    return "not in ten years" if (per_day or 0) > 0 else "does not grow"


def per_day(growth: dict[str, Any], figure: str, unit: float) -> float | None:
    found = growth[figure]
    return None if found is None else found / unit
