"""How jobs are told in words: times from now, spans, progress; and what of them is not told."""

import re
from datetime import UTC, datetime
from typing import Any

from edge_jobs.log import mask

_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|authorization|(?<![a-z])key(?![a-z])|apikey"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def span(seconds: float) -> str:
    """In the unit that suits: `12 s`, `3 min`."""
    unit = "s"
    for size, larger in ((60, "min"), (60, "h"), (24, "days")):
        if seconds < 2 * size:
            break
        seconds, unit = seconds / size, larger
    return f"{seconds:.0f} {unit}"


def age_s(at: str) -> float:
    """Seconds since an instant of the database; less than none of one to come."""
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()


def when(at: str | None) -> str:
    """How far from now: `12 s ago`, `in 3 min`."""
    if at is None:
        return ""
    if at == "infinity":
        return "after its children"
    age = age_s(at)
    return f"in {span(-age)}" if age < 0 else f"{span(age)} ago"


def progress(told: dict[str, Any] | None) -> str:
    """`42 % reading page 3`."""
    if not told:
        return ""
    return f"{told['fraction']:.0%} {told.get('note', '')}".replace("%", " %", 1).strip()


def masked(value: Any) -> Any:
    """JSON without secrets: those known by how they look, and what has the name of one."""
    if isinstance(value, dict):
        return {
            name: "***" if content is not None and _is_secret(name) else masked(content)
            for name, content in value.items()
        }
    if isinstance(value, list):
        return [masked(content) for content in value]
    return mask(value) if isinstance(value, str) else value


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(_HUMP.sub("_", name).lower()) is not None
