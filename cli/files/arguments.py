"""What several of the commands on files take, and how it is read."""

import sys
from collections.abc import Callable
from enum import StrEnum
from operator import itemgetter
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.jobs.arguments import firm_id
from edge_jobs.api import Api
from edge_jobs.files.kinds import SUFFIXES

# What an answer of the API holds at most.
PAGE = 1000


class Status(StrEnum):
    pending = "pending"
    processing = "processing"
    ready = "ready"
    quarantined = "quarantined"
    failed = "failed"


def media_type(text: str) -> str:
    """`pdf` or `application/pdf`, as a media type."""
    word = text.strip().lower()
    if "/" in word:
        return word
    if found := SUFFIXES.get(f".{word.removeprefix('.')}"):
        return str(found)
    endings = ", ".join(suffix[1:] for suffix in SUFFIXES)
    raise typer.BadParameter(f'"{text}" is no kind of file: write {endings}, or a media type.')


def filters(
    api: Api,
    *,
    firm: str | None = None,
    status: str | None = None,
    kind: str | None = None,
    reason: str | None = None,
) -> dict[str, str]:
    """The columns that must have these values. Raises Refused where there is no such firm."""
    wanted = {"firm_id": firm_id(api, firm), "status": status, "mime": kind, "reason": reason}
    return {column: str(value) for column, value in wanted.items() if value is not None}


def confirm(question: str, *, yes: bool, nothing: str) -> None:
    """Asks a person; where there is none, --yes must have been said. `nothing` was done then."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"say --yes where nobody can be asked; nothing was {nothing}.")
    typer.confirm(f"{question} Go on?", abort=True, err=True)


def files_in_words(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def texts(ids: list[UUID] | None) -> list[str]:
    """Each once, in their order."""
    return list(dict.fromkeys(str(id) for id in ids or []))


def ids_of(api: Api, narrow: Callable[[Any], Any]) -> list[str]:
    """The ids of all files that a query is narrowed to, oldest first, however many they are."""
    rows: list[dict[str, Any]] = []
    last = str(UUID(int=0))
    while True:
        # Behind what was seen last: files that are settled meanwhile would move a count.
        query = narrow(api.table("files").select("id,created_at")).gt("id", last)
        page = query.order("id").limit(PAGE).execute().data
        rows += page
        if len(page) < PAGE:
            break
        last = page[-1]["id"]
    return [row["id"] for row in sorted(rows, key=itemgetter("created_at"))]


FileId = Annotated[UUID, typer.Argument(help="A file's id, as `files list` shows it.")]
FileIds = Annotated[list[UUID], typer.Argument(help="Ids of files, as `files list` shows them.")]
Firm = Annotated[str | None, typer.Option(help="Only of this firm: its short name or its id.")]
Kind = Annotated[
    str | None,
    typer.Option(
        parser=media_type, metavar="KIND", help="Only this kind: pdf, docx, or a media type."
    ),
]
Reason = Annotated[
    str | None, typer.Option(help="Only those with this reason code, such as encrypted.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
