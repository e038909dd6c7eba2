"""Files on their way, until they are settled; with a runner of its own, if it is wanted."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from cli.runner import HelpingRunner
from edge_jobs.api import Api

LOOK_EVERY_S = 0.5
# After so long without any runner at work, where to find one is said.
ALONE_AFTER_S = 10.0
# Files asked for in one request, whose address holds their ids; and requests in one look.
CHUNK = 100
MOST_CHUNKS = 5

COLUMNS = "id,name,status,reason,detail"


def follow(api: Api, ids: Sequence[str], *, here: bool, quiet: bool) -> list[dict[str, Any]]:
    """Returns the rows, settled or not: it gives up on those whose jobs wait for their time, or
    whose kind is paused. `here`: a runner of this process does the work, beside others."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    left, settled = list(ids), list[dict[str, Any]]()
    columns = (TextColumn("Processing"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    runner = HelpingRunner() if here and left else None
    since: float | None = time.monotonic()
    with (
        runner or nullcontext(),
        Progress(*columns, console=console, disable=quiet, transient=True) as bar,
    ):
        task = bar.add_task("", total=len(left))
        while left:
            # Before the files: what is on its way then and settled now is seen to be settled.
            at_work, ready = state_of_jobs(api)
            idle = not (at_work or ready)
            looked_at = left if idle else left[: CHUNK * MOST_CHUNKS]
            rows = look(api, looked_at)
            news = [row for row in rows if row["status"] != "processing"]
            settled += news
            gone = {row["id"] for row in news} | (set(looked_at) - {row["id"] for row in rows})
            left = [id for id in left if id not in gone]
            bar.update(task, completed=len(ids) - len(left))
            if idle:
                break
            if runner and ready:
                runner.help()
            since = None if at_work or gone or runner else since
            if since is not None and time.monotonic() - since > ALONE_AFTER_S:
                since = None
                bar.console.print(
                    "No runner takes them: `firmbase files process` runs them here.", style="yellow"
                )
            if len(gone) < len(looked_at):
                time.sleep(LOOK_EVERY_S)
    return settled + look(api, left)


def state_of_jobs(api: Api) -> tuple[bool, bool]:
    """Whether any job of the kind runs, and whether any could."""
    kinds = [kind for kind in api.rpc("jobs_stats") if kind["kind"] == "file.process"]
    return (
        any(kind["running"] for kind in kinds),
        any(kind["ready"] and not kind["paused"] for kind in kinds),
    )


def look(api: Api, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that are still there."""
    rows: list[dict[str, Any]] = []
    for start in range(0, len(ids), CHUNK):
        query = api.table("files").select(COLUMNS).in_("id", ids[start : start + CHUNK])
        rows += query.execute().data
    return rows
