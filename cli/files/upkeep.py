"""Rows and objects that lost each other, and how much firms store."""

from typing import Annotated, Any

import typer

from cli.files.arguments import Firm
from cli.files.look import size
from cli.jobs.arguments import firm_id
from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer()

# As many of each kind are told at once.
MOST = 1000
MEANINGS = {
    "missing_object": "a file without its bytes",
    "stray_object": "bytes without a file",
}


@app.command()
def check(
    firm: Firm = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Put in order what is found.")] = False,
    as_json: Json = False,
) -> None:
    """Look for files that have lost their bytes, and for bytes that no file needs.

    With --sweep, such files fail as object_missing, their people are told, and such bytes are
    removed by the next runner. Exit code 1 if something was found and not put in order.
    """
    api = Api(Settings.load())
    scope = {"of_firm": firm_id(api, firm, gone=True), "max_rows": MOST}
    found = api.rpc("file_orphans", **scope)
    swept = 0
    if sweep:
        # Another thousand may lie behind those that were told.
        while count := api.rpc("sweep_file_orphans", **scope):
            swept += count
    if as_json:
        print_json({"found": found, "swept": swept})
    else:
        print_orphans(found)
        if sweep and found:
            say(f"Put {swept:,} in order; the next runner removes what is superfluous.")
        elif found:
            say("`firmbase files check --sweep` puts this in order.")
    if found and not sweep:
        raise typer.Exit(1)


def print_orphans(found: list[dict[str, Any]]) -> None:
    if not found:
        say("Every file has its bytes, and all bytes have a file.")
        return
    rows = [
        [
            MEANINGS[orphan["kind"]],
            orphan["path"],
            size(orphan["bytes"] or 0),
            when(orphan["since"]),
        ]
        for orphan in found
    ]
    print_table("Out of order", ["what", "path", "size", "since"], rows, dense=True)
    for kind, meaning in MEANINGS.items():
        if sum(orphan["kind"] == kind for orphan in found) == MOST:
            say(f"There may be more than {MOST:,} times {meaning}.")


@app.command()
def usage(
    firm: Firm = None,
    limit: Annotated[int, typer.Option(help="How many, the largest first.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """Show how much firms store, and how much of what they may.

    Documents are those that are not archived; files are all their versions, archived ones too.
    """
    api = Api(Settings.load())
    query: Any = api.client.rpc("file_usage", {"firm_id": firm_id(api, firm)})
    firms = query.limit(limit).execute().data
    if as_json:
        print_json(firms)
        return
    if not firms:
        say("There are no firms yet.")
        return
    rows = [
        [
            f["firm"],
            f["documents"],
            f["versions"],
            f["quarantined"],
            size(int(f["bytes"])),
            size(f["quota"]),
            share(f["bytes"], f["quota"]),
        ]
        for f in firms
    ]
    columns = ["firm", "documents", "files", "in quarantine", "stored", "quota", ""]
    print_table("Usage", columns, rows, dense=True)


def share(part: float, whole: int) -> str:
    return f"{part / whole:.0%}".replace("%", " %") if whole else ""
