"""An export of a firm, from asking for it to its files on disk."""

import time
from pathlib import Path
from typing import Any

from cli.runner import HelpingRunner
from edge_jobs.api import Api, plain_errors
from edge_jobs.errors import PermanentError, Refused
from edge_jobs.files.objects import download

LOOK_EVERY_S = 0.5
AGAIN = "Export the firm once more."


def make(api: Api, firm_id: str, *, quiet: bool) -> dict[str, Any]:
    """The row of a finished export. A runner is started, in case none is there."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    id = api.rpc("export_firm_for_operator", firm_id=firm_id)
    columns = (TextColumn("Exporting"), BarColumn(), TaskProgressColumn())
    with (
        HelpingRunner() as runner,
        Progress(*columns, console=Console(stderr=True), disable=quiet) as bar,
    ):
        task = bar.add_task("", total=100)
        while True:
            (row,) = api.table("firm_exports").select("*").eq("id", id).execute().data
            bar.update(task, completed=row["progress"])
            if row["status"] == "ready":
                return dict(row)
            if row["status"] == "failed":
                raise Refused(code=row["error"], message=row["detail"])
            runner.help()
            time.sleep(LOOK_EVERY_S)


def fetch(api: Api, part: dict[str, Any], folder: Path, slug: str) -> Path:
    """Never half a file under its name."""
    target = folder / f"{slug}-{Path(part['path']).name}"
    arriving = target.with_suffix(".incomplete")
    try:
        with plain_errors():
            sha256 = download(api, "exports", part["path"], arriving, part["size_bytes"])
    except PermanentError as error:
        raise Refused(code=error.code, message=str(error), hint=AGAIN) from error
    if sha256 != part["sha256"]:
        message = f"{part['path']} arrived otherwise than it was stored."
        raise Refused(code="part_damaged", message=message, hint=AGAIN)
    return arriving.rename(target)
