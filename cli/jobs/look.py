"""What is in the queue: list, show, stats."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.jobs.arguments import Firm, JobId, Kind, Priority, firm_id
from cli.jobs.words import age_s, masked, progress, span, when
from cli.output import Json, print_facts, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer()

# What `show` says of a job, in this order; one that is done has other facts than one that is not.
FACTS = (
    *("kind", "state", "priority", "attempts", "firm_id", "parent"),
    *("enqueued_at", "due_at", "finished_at", "seconds", "progress", "payload", "result"),
)
# How many children `show` lists.
MOST_CHILDREN = 20


class State(StrEnum):
    ready = "ready"
    running = "running"
    waiting = "waiting"
    dead = "dead"
    done = "done"


@app.command("list")
def list_jobs(
    state: Annotated[
        State | None, typer.Option(help="Only these; done are those that left a result.")
    ] = None,
    kind: Kind = None,
    firm: Firm = None,
    parent: Annotated[
        str | None, typer.Option(help="Only those this job waits for, such as default:42.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many, latest due first.", min=1, max=1000)] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on, and show what is new or has changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the jobs that are ready, running, waiting for their time, or dead.

    Due is when it may run, when its runner must have renewed its lease, or when it died. A job that
    has succeeded is gone, unless it left a result: what it did is in the rows it worked on.
    """
    api = Api(Settings.load())
    filters = {
        "state": state,
        "kind": kind,
        "firm_id": firm_id(api, firm, gone=True),
        "parent": parent,
        "max_rows": limit,
    }
    if follow:
        from cli.jobs.follow import tell_changes

        tell_changes(api, filters, as_json=as_json)
    jobs = api.rpc("jobs_list", **filters)
    if as_json:
        print_json(jobs)
    elif jobs:
        print_jobs("Jobs", jobs)
    else:
        say("There are no such jobs.")


def print_jobs(title: str, jobs: list[dict[str, Any]]) -> None:
    rows = [
        [
            job["id"],
            job["kind"],
            job["state"],
            job["attempts"],
            when(job["due_at"]),
            progress(job["progress"]) or job["error"] or "",
        ]
        for job in jobs
    ]
    columns = ["id", "kind", "state", "attempts", "due", "progress, error"]
    print_table(title, columns, rows, dense=True)


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Show one job: its payload, how far it is, its attempts, its children, its result.

    Values that look like secrets, or are named like one, are masked.
    """
    api = Api(Settings.load())
    job = masked(api.rpc("jobs_show", id=job_id))
    if job is None:
        raise Refused(
            code="job_not_found",
            message=f"There is no job {job_id}.",
            hint="It may have succeeded: of those, only results are kept, for a week.",
        )
    children = {"parent": job_id, "max_rows": 1000}
    job["children"] = api.rpc("jobs_list", **children)
    job["children"] += api.rpc("jobs_list", state=State.done, **children)
    if as_json:
        print_json(job)
    else:
        print_job(job)


def print_job(job: dict[str, Any]) -> None:
    history, children = job["history"], job["children"]
    facts = []
    for name in FACTS:
        if name not in job:
            continue
        value = job[name]
        if name.endswith("_at") and value is not None:
            value = when(value) if value == "infinity" else f"{value} ({when(value)})"
        elif name == "progress" and value:
            value = f"{progress(value)} ({when(value['at'])})"
        elif isinstance(value, dict | list):
            value = json.dumps(value, ensure_ascii=False)
        label = "died" if name == "due_at" and job["state"] == State.dead else name
        facts.append((label.removesuffix("_at"), "–" if value is None else str(value)))
    print_facts(f"Job {job['id']}", facts)
    if history:
        columns = ["at", "attempt", "runner", "code", "error"]
        rows = [
            [when(h["at"]), h["attempt"], h["worker"] or "–", h["code"], h["error"]]
            for h in history
        ]
        print_table("\nAttempts that failed", columns, rows, dense=True)
    if children:
        counts = ", ".join(
            f"{count} {state}"
            for state in State
            if (count := sum(child["state"] == state for child in children))
        )
        print_jobs(f"\nChildren: {counts}", children[:MOST_CHILDREN])
        if len(children) > MOST_CHILDREN:
            say(f"All of them: `firmbase jobs list --parent {job['id']}`, and with --state done.")


@app.command()
def stats(
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print them as Prometheus reads them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Count the jobs of each kind by state, and what came of those of the last hour.

    Failed are attempts, whether another follows or not. Lag is how long the oldest job that is
    ready has waited.
    """
    api = Api(Settings.load())
    kinds = api.rpc("jobs_stats")
    if prometheus and as_json:
        raise typer.BadParameter("choose one of --prometheus and --json.")
    if prometheus:
        from cli.jobs.prometheus import exposition

        typer.echo(exposition(kinds), nl=False)
        return
    if as_json:
        print_json(kinds)
        return
    if kinds:
        columns = ["kind", *NOW, "done\n1 h", "failed\n1 h", "avg\nms", "lag"]
        rows: list[list[object]] = []
        for before, kind in zip([None, *kinds], kinds, strict=False):
            # What has ended is counted by kind only, which may have rows of several priorities.
            again = before is not None and before["kind"] == kind["kind"]
            rows.append([*what_is(kind), *([""] * 3 if again else what_was(kind)), lag(kind)])
        print_table("Jobs", columns, rows, dense=True)
    else:
        say("The queues are empty.")
    for target, since in api.rpc("jobs_controls")["paused"].items():
        say(f"{target} was paused {when(since)}.")


NOW = [state.value for state in State if state != State.done]


def what_is(kind: dict[str, Any]) -> list[object]:
    priority = kind["priority"] if kind["priority"] != Priority.default else ""
    name = " ".join(filter(None, (kind["kind"], priority, kind["paused"] and "paused")))
    return [name, *(kind[state] for state in NOW)]


def what_was(kind: dict[str, Any]) -> list[object]:
    done = kind["done_1h"]
    average_ms = f"{kind['seconds_1h'] * 1000 / done:.0f}" if done else ""
    return [done, kind["failed_1h"], average_ms]


def lag(kind: dict[str, Any]) -> str:
    at = kind["oldest_ready_at"]
    return span(max(age_s(at), 0)) if at else ""
