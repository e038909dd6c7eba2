"""Which files there are."""

from typing import Annotated, Any
from uuid import UUID

import typer

from cli.files.arguments import Firm, Kind, Reason, Status, filters
from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer()

# What a file may belong to; the firm itself, if none of them says anything.
PARENTS = ("company_id", "contact_id", "consultant_id", "contract_id")
# Not the text: it may have two million characters.
COLUMNS = (
    f"id,firm_id,series_id,version,is_current,{','.join(PARENTS)},visibility,name,mime,size_bytes,"
    "status,reason,detail,created_at,ready_at,archived_at,firms(slug)"
)
Limit = Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)]


@app.command("list")
def list_files(
    firm: Firm = None,
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    kind: Kind = None,
    reason: Reason = None,
    of: Annotated[
        UUID | None,
        typer.Option(help="Only those of this company, contact, consultant or contract: its id."),
    ] = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Also versions that are not the current one.")
    ] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List files, newest first: what they are, how far they are, and why no further.

    A file is listed as the version that people see, archived ones too.
    """
    api = Api(Settings.load())
    wanted = filters(api, firm=firm, status=status, kind=kind, reason=reason)
    if not all_versions:
        wanted["is_current"] = "true"
    print_files(find(api, wanted, limit, of), limit, as_json=as_json)


def find(
    api: Api, wanted: dict[str, str], limit: int, of: UUID | None = None
) -> list[dict[str, Any]]:
    query = api.table("files").select(COLUMNS).match(wanted)
    if of is not None:
        query = query.or_(",".join(f"{column}.eq.{of}" for column in PARENTS))
    rows = query.order("created_at", desc=True).order("id").limit(limit).execute().data
    return [{**row, "firm": row.pop("firms")["slug"]} for row in rows]


def print_files(files: list[dict[str, Any]], limit: int, *, as_json: bool) -> None:
    if as_json:
        print_json(files)
        return
    if not files:
        say("There are no such files.")
        return
    rows = [
        [
            file["id"],
            file["firm"],
            file["name"],
            size(file["size_bytes"]),
            state(file),
            when(file["created_at"]),
        ]
        for file in files
    ]
    columns = ["id", "firm", "name", "size", "state", "uploaded"]
    print_table("Files", columns, rows, dense=True, whole="id")
    if len(files) == limit:
        say(f"There may be more than these {limit:,}: choose fewer, or raise --limit.")


def state(file: dict[str, Any]) -> str:
    """`ready, v2`; `quarantined: macro`; `failed: purged, v3, not current`; `ready, archived`."""
    words = [
        f"{file['status']}: {file['reason']}" if file["reason"] else file["status"],
        f"v{file['version']}" if file["version"] > 1 or not file["is_current"] else "",
        "" if file["is_current"] else "not current",
        "archived" if file["archived_at"] else "",
    ]
    return ", ".join(filter(None, words))


def size(count: int) -> str:
    """`1.2 MB`."""
    from rich.filesize import decimal

    return decimal(count)
