"""What several of the commands on jobs take, and how it is read."""

import contextlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.firms import find
from edge_jobs.api import Api

UNITS = {"s": 1, "min": 60, "h": 3600, "day": 86_400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|day)s?")
_RATE = re.compile(r"(\d+)/(s|min|h|day)")
DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%z"]


class Priority(StrEnum):
    high = "high"
    default = "default"
    low = "low"


@dataclass(frozen=True)
class Rate:
    """So many in a period of so many seconds."""

    count: int
    period_s: float

    def __str__(self) -> str:
        for unit, size in UNITS.items():
            if size == self.period_s:
                return f"{self.count}/{unit}"
        return f"{self.count} in {self.period_s:g} s"


def span(text: str) -> float:
    """`90s`, `5min`, `2h` or `1day` in seconds."""
    if not (found := _SPAN.fullmatch(text.strip())):
        raise typer.BadParameter(f'"{text}" is no span of time: write 90s, 5min, 2h or 1day.')
    return float(found[1]) * UNITS[found[2]]


def rate(text: str) -> Rate:
    found = _RATE.fullmatch(text.strip())
    if not found or int(found[1]) < 1:
        raise typer.BadParameter(f'"{text}" is no rate: write 10/s, 100/min, 1000/h or 5000/day.')
    return Rate(int(found[1]), UNITS[found[2]])


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"This is not JSON: {error}.", param_hint="--payload") from None
    if not isinstance(value, dict):
        message = 'A payload is a JSON object: {"file_id": "…"}.'
        raise typer.BadParameter(message, param_hint="--payload")
    return value


def firm_id(api: Api, firm: str | None, *, gone: bool = False) -> str | None:
    """The id of a firm that is named by its short name or its id. `gone`: it need not be there any
    more, if it is named by its id. Raises Refused."""
    if firm is None:
        return None
    with contextlib.suppress(ValueError):
        id = str(UUID(firm))
        if gone or api.table("firms").select("id").eq("id", id).execute().data:
            return id
    return str(find(api, firm)["id"])


def instant(moment: datetime | None) -> str | None:
    """For the database. A moment without an offset is one of this computer's clock."""
    return None if moment is None else moment.astimezone().isoformat()


JobId = Annotated[str, typer.Argument(help="A job's id as `jobs list` shows it: default:42.")]
JobIds = Annotated[
    list[str], typer.Argument(help="Ids of jobs as `jobs list` shows them: default:42.")
]
Kind = Annotated[str | None, typer.Option(help="Only this kind, such as file.process.")]
Firm = Annotated[str | None, typer.Option(help="Only of this firm: its short name or its id.")]
ForFirm = Annotated[
    str | None, typer.Option("--firm", help="The firm it is for: its short name or its id.")
]
Payload = Annotated[str, typer.Option(help="What the handler is given: a JSON object.")]
