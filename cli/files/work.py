"""Files for the worker: those that wait for it, and those it is to look at once more."""

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.files.arguments import (
    Firm,
    Kind,
    Reason,
    Status,
    Yes,
    confirm,
    files_in_words,
    filters,
    ids_of,
    texts,
)
from cli.files.follow import follow, look
from cli.output import Json, print_error, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer()

# Failed, and nothing is left to look at.
WITHOUT_BYTES = "(upload_cancelled,upload_expired,object_missing,purged)"
# How many of those that are not ready are listed for people.
MOST_LISTED = 20

SomeIds = Annotated[
    list[UUID] | None, typer.Argument(help="Ids of files, as `files list` shows them.")
]


@app.command()
def process(file_ids: SomeIds = None, as_json: Json = False) -> None:
    """Process files here and now: these, or all that wait for it.

    A runner is started, which does every other job that is due as well; what waits for another
    attempt is left. It scans with the scanner that CLAMD_URL names here. Exit code 1 if any of them
    is still being processed at the end.
    """
    api = Api(Settings.load())
    ids = texts(file_ids)
    if ids:
        check(ids, look(api, ids))
    else:
        ids = ids_of(api, lambda files: files.eq("status", "processing"))
    if not ids and not as_json:
        say("No file waits to be processed.")
        return
    report(follow(api, ids, here=True, quiet=as_json), as_json=as_json)


def check(ids: list[str], rows: list[dict[str, Any]]) -> None:
    """They are there, and so are their bytes. Raises Refused."""
    states = {row["id"]: row["status"] for row in rows}
    for id in ids:
        if id not in states:
            raise Refused(
                code="file_not_found",
                message=f"There is no file {id}.",
                hint="`firmbase files list` shows which there are.",
            )
        if states[id] == "pending":
            raise Refused(
                code="still_uploading",
                message=f"The upload of {id} is not finished.",
                hint="Whoever began it finishes it, or it fails within the hour.",
            )


@app.command()
def reprocess(
    file_ids: SomeIds = None,
    firm: Firm = None,
    status: Annotated[
        Status | None, typer.Option(help="Only these: ready, quarantined or failed.")
    ] = None,
    reason: Reason = None,
    kind: Kind = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every file of every firm, in all its versions.")
    ] = False,
    yes: Yes = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for them.")] = False,
    as_json: Json = False,
) -> None:
    """Have files looked at once more, such as after an upgrade: these, or those that are chosen.

    Until it is done a file cannot be opened. Runners do the work. Chosen are all versions, not
    archived ones nor what has lost its bytes. Exit code 1 if any of them is still being processed
    at the end, 10 if one was refused.
    """
    chosen = any(each is not None for each in (firm, status, reason, kind))
    if sum((bool(file_ids), chosen, everything)) != 1:
        raise typer.BadParameter(
            "say which: ids, or any of --firm, --status, --reason and --kind, or --all."
        )
    if status in (Status.pending, Status.processing):
        raise typer.BadParameter(
            f"what is {status} has not been looked at yet.", param_hint="--status"
        )
    api = Api(Settings.load())
    ids = texts(file_ids) or choose(
        api, filters(api, firm=firm, status=status, reason=reason, kind=kind)
    )
    if not file_ids and ids:
        what = "this file" if len(ids) == 1 else f"{len(ids):,} files"
        confirm(
            f"This has {what} looked at once more, and nobody can open them until that is done.",
            yes=yes,
            nothing="queued",
        )
    queued, code = queue(api, ids, as_json=as_json)
    if no_wait:
        if as_json:
            print_json({"queued": queued})
        else:
            say(f"Queued {files_in_words(len(queued))}.")
    else:
        report(follow(api, queued, here=False, quiet=as_json), as_json=as_json)
    if code:
        raise typer.Exit(code)


def choose(api: Api, wanted: dict[str, str]) -> list[str]:
    """The files with these values that the worker can look at again."""

    def narrow(files: Any) -> Any:
        files = files.match(wanted).is_("archived_at", "null")
        files = files.in_("status", ["ready", "quarantined", "failed"])
        return files.or_(f"status.neq.failed,reason.not.in.{WITHOUT_BYTES}")

    return ids_of(api, narrow)


def queue(api: Api, ids: list[str], *, as_json: bool) -> tuple[list[str], int]:
    """One that is refused does not keep the others from it. Returns those that are queued, and the
    exit code of the last that is not."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Queuing"), BarColumn(), MofNCompleteColumn())
    queued, code = [], 0
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=as_json, transient=True) as bar:
        for id in bar.track(ids):
            try:
                api.rpc("reprocess_file_for_operator", file_id=id)
            except Refused as error:
                code = error.exit_code
                print_error(error.code, f"{id}: {error}", as_json=as_json)
            else:
                queued.append(id)
    return queued, code


def report(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """What became of them. Raises Exit where some are not settled."""
    counts = Counter(row["status"] for row in rows)
    others = [row for row in rows if row["status"] != "ready"]
    left = counts["processing"]
    if as_json:
        states = (Status.ready, Status.quarantined, Status.failed, Status.processing)
        print_json({**{state: counts[state] for state in states}, "not_ready": others})
    else:
        if others:
            table = [
                [row["id"], row["status"], row["reason"] or "", row["detail"] or row["name"]]
                for row in others[:MOST_LISTED]
            ]
            columns = ["id", "state", "reason", ""]
            print_table("Not ready", columns, table, dense=True, whole="id")
        if len(others) > MOST_LISTED:
            say(f"And {len(others) - MOST_LISTED:,} more: `firmbase files list` shows them.")
        told = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
        say(f"{files_in_words(len(rows))}{': ' if told else ''}{told}.")
        if left:
            say(
                "What is still processing waits for another attempt, or its kind is paused: "
                "`firmbase files show` and `firmbase jobs stats` say which."
            )
    if left:
        raise typer.Exit(1)
