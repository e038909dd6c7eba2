"""The dead jobs, many at a time."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.jobs.arguments import DAYS, Firm, Kind, firm_id, instant
from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True)

BITE = 1000

Code = Annotated[
    str | None, typer.Option(help="Only those that died with this code, such as timeout.")
]
Before = Annotated[
    datetime | None,
    typer.Option(formats=DAYS, metavar="TIME", help="Only those that died before: 2026-11-25."),
]


def chosen(
    api: Api, kind: str | None, code: str | None, firm: str | None, before: datetime | None
) -> dict[str, Any]:
    filters = {"kind": kind, "code": code, "firm_id": firm_id(api, firm, gone=True)}
    return filters if before is None else {**filters, "died_before": instant(before)}


@app.command("list")
def list_dead(
    kind: Kind = None,
    code: Code = None,
    firm: Firm = None,
    before: Before = None,
    limit: Annotated[int, typer.Option(help="How many, the last first.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """List the jobs that nobody will run again by themselves, with what they died of."""
    api = Api(Settings.load())
    found = api.rpc("jobs_dead", **chosen(api, kind, code, firm, before), max_rows=limit)
    jobs = found["jobs"]
    if as_json:
        print_json(jobs)
        return
    if not jobs:
        say("There are no such dead jobs.")
        return
    rows = [
        [job["id"], job["kind"], job["attempts"], when(job["died_at"]), job["code"], job["error"]]
        for job in jobs
    ]
    columns = ["id", "kind", "attempts", "died", "code", "error"]
    print_table("Dead jobs", columns, rows, dense=True)
    if found["count"] > len(jobs):
        say(f"{found['count'] - len(jobs):,} more: choose fewer, or raise --limit.")


@app.command()
def redrive(
    kind: Kind = None,
    code: Code = None,
    firm: Firm = None,
    before: Before = None,
    as_json: Json = False,
) -> None:
    """Queue dead jobs again, the oldest first, with their attempts counted anew.

    Those whose unique key another job has taken meanwhile are dropped: it does the same work.
    """
    api = Api(Settings.load())
    filters = chosen(api, kind, code, firm, before)
    found = api.rpc("jobs_dead", **filters, max_rows=0)
    total = {"queued": 0, "queued_already": 0}

    def bite(filters: dict[str, Any]) -> int:
        outcome = api.rpc("jobs_redrive", **filters, max_jobs=BITE)
        for name in total:
            total[name] += outcome[name]
        return int(outcome["queued"] + outcome["queued_already"])

    left = found["count"] - in_bites(found, filters, bite, "Queuing", quiet=as_json)
    if as_json:
        print_json({**total, "left": left})
        return
    say(f"Queued {jobs_in_words(total['queued'])} again.")
    if dropped := total["queued_already"]:
        say(f"{jobs_in_words(dropped)} of unique keys that are taken: dropped.")
    if left:
        say(f"{jobs_in_words(left)} left: `firmbase jobs dead list` shows which.")


@app.command()
def purge(
    kind: Kind = None,
    code: Code = None,
    firm: Firm = None,
    before: Before = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget dead jobs for good. Without it, they go after 90 days."""
    api = Api(Settings.load())
    filters = chosen(api, kind, code, firm, before)
    found = api.rpc("jobs_dead", **filters, max_rows=0)
    if not yes and found["count"]:
        if not sys.stdin.isatty():
            raise typer.BadParameter("say --yes where nobody can be asked; nothing was forgotten.")
        typer.confirm(f"This forgets {jobs_in_words(found['count'])}. Go on?", abort=True, err=True)

    def bite(filters: dict[str, Any]) -> int:
        return int(api.rpc("jobs_purge", **filters, max_jobs=BITE))

    purged = in_bites(found, filters, bite, "Forgetting", quiet=as_json)
    if as_json:
        print_json({"purged": purged})
    else:
        say(f"Forgot {jobs_in_words(purged)}.")


def in_bites(
    found: dict[str, Any],
    filters: dict[str, Any],
    bite: Callable[[dict[str, Any]], int],
    word: str,
    *,
    quiet: bool,
) -> int:
    """Until nothing is left of what was found. What dies again meanwhile is left alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    filters = {**filters, "died_before": found["died_before"]}
    columns = (TextColumn(word), BarColumn(), MofNCompleteColumn())
    done = 0
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=found["count"])
        while taken := bite(filters):
            done += taken
            bar.update(task, completed=done)
    return done


def jobs_in_words(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"
