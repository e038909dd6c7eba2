"""Files that were locked away: look at them, let them out, or do away with them."""

import sys
from typing import Annotated, Any

import typer

from cli.files.arguments import FileIds, Firm, Reason, Yes, confirm, files_in_words, filters, texts
from cli.files.look import Limit, find
from cli.jobs.act import each
from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_quarantine(
    firm: Firm = None, reason: Reason = None, limit: Limit = 50, as_json: Json = False
) -> None:
    """List what nobody may open, all versions of it, and why."""
    api = Api(Settings.load())
    files = find(api, filters(api, firm=firm, status="quarantined", reason=reason), limit)
    if as_json:
        print_json(files)
        return
    if not files:
        say("Nothing is in quarantine.")
        return
    rows = [
        [f["id"], f["firm"], f["reason"], f["detail"] or f["name"], when(f["created_at"])]
        for f in files
    ]
    columns = ["id", "firm", "reason", "", "uploaded"]
    print_table("Quarantine", columns, rows, dense=True, whole="id")
    if len(files) == limit:
        say(f"There may be more than these {limit:,}: choose fewer, or raise --limit.")


@app.command()
def release(
    file_ids: FileIds,
    note: Annotated[
        str | None, typer.Option(help="Why; the firm's admins read it. It is asked for.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let files out of quarantine, ready for whoever may see them; never one with a virus.

    Whatever they were locked away for is in them still: it says so on the file, with the note.
    """
    if note is None:
        if as_json or not sys.stdin.isatty():
            raise typer.BadParameter("say why they are released.", param_hint="--note")
        note = typer.prompt("Why are they released?", err=True)
    api = Api(Settings.load())

    def let_out(file_id: str) -> dict[str, Any]:
        file = api.rpc("release_file_for_operator", file_id=file_id, note=note)
        return {"id": file["id"], "status": file["status"], "reason": file["reason"]}

    each(texts(file_ids), let_out, "{id} is released, in spite of {reason}.", as_json=as_json)


@app.command()
def purge(file_ids: FileIds, yes: Yes = False, as_json: Json = False) -> None:
    """Remove the bytes of files that are in quarantine or have failed, for good.

    A runner takes them away at once. The row stays for thirty days, failed and purged.
    """
    ids = texts(file_ids)
    confirm(
        f"This removes the bytes of {files_in_words(len(ids))} for good.",
        yes=yes,
        nothing="removed",
    )
    api = Api(Settings.load())

    def remove(file_id: str) -> dict[str, Any]:
        file = api.rpc("purge_file_for_operator", file_id=file_id)
        return {"id": file["id"], "status": file["status"], "reason": file["reason"]}

    each(ids, remove, "{id} is purged.", as_json=as_json)
