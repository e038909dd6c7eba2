"""An import from the file on disk to the rows that came of it."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from cli.output import say
from cli.runner import HelpingRunner
from edge_jobs.api import Api, plain_errors

LOOK_EVERY_S = 0.3
TIMEOUT_S = 300
OVER = ("done", "failed", "cancelled")
TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def run(
    api: Api, source: Path, intent: dict[str, Any], *, dry_run: bool, quiet: bool
) -> dict[str, Any]:
    """The row of an import that is over. A runner is started, in case none is there."""
    size = source.stat().st_size
    row: dict[str, Any] = api.rpc("begin_import_for_operator", **intent, size_bytes=size)
    try:
        _send(api, row, source)
        api.rpc("start_import_for_operator", import_id=row["id"], dry_run=dry_run)
        row = _follow(api, row["id"], size=row["size_bytes"], quiet=quiet)
    except KeyboardInterrupt:
        api.rpc("cancel_import_for_operator", import_id=row["id"])
        if not quiet:
            say("Cancelled. What was written stays; run the same command again to go on.")
        raise
    return row


def _send(api: Api, row: dict[str, Any], source: Path) -> None:
    """As it lies on the disk, a piece at a time."""
    address = f"{api.settings.url}/storage/v1/object/{row['bucket']}/{row['path']}"
    headers = {
        "content-type": TYPES[Path(row["path"]).suffix],
        "content-length": str(row["size_bytes"]),
    }
    with source.open("rb") as content, plain_errors():
        api.client.storage.session.post(
            address, content=content, headers=headers, timeout=TIMEOUT_S
        ).raise_for_status()


def _follow(api: Api, id: str, *, size: int, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with (
        HelpingRunner() as runner,
        Progress(*columns, console=console, disable=quiet, transient=True) as bar,
    ):
        task = bar.add_task("Reading", total=None)
        while True:
            (row,) = api.table("imports").select("*").eq("id", id).execute().data
            if row["row_count"] is not None:
                doing = "Trying" if row["dry_run"] else "Importing"
                bar.update(
                    task, description=doing, completed=row["rows_done"], total=row["row_count"]
                )
            if row["status"] in OVER:
                return dict(row)
            runner.help()
            time.sleep(LOOK_EVERY_S)


def finish(api: Api, row: dict[str, Any], target: Path | None) -> list[dict[str, str]]:
    """The refused rows; their list is written to ``target``, if there is one."""
    if row["errors_path"] is None:
        return []
    with plain_errors():
        content = api.storage(row["bucket"]).download(row["errors_path"])
    if target:
        target.write_bytes(content)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
