"""`firmbase jobs`: the queue and its runner."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.output import Json, print_facts, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.log import Log
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


class State(StrEnum):
    ready = "ready"
    running = "running"
    waiting = "waiting"
    dead = "dead"


JobId = Annotated[str, typer.Argument(help="A job's id as `jobs list` shows it: default:42.")]


@app.command()
def run(
    watch: Annotated[bool, typer.Option("--watch", help="Stay and wait for more.")] = False,
    as_json: Json = False,
) -> None:
    """Run every job that is due, then exit.

    A line for each job goes to standard error; with --json, to standard output. Any number of
    runners may work at once. Ctrl-C lets what runs finish; a second one does not wait. From cron,
    `python -m edge_jobs run` does the same and starts faster.
    """
    from edge_jobs import runner

    log = Log(sys.stdout, as_json=True) if as_json else None
    raise typer.Exit(runner.main(watch=watch, log=log))


@app.command("list")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="Only these.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as file.process.")] = None,
    limit: Annotated[int, typer.Option(help="How many, latest due first.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """List the jobs that are ready, running, waiting for their time, or dead.

    A job that has succeeded is gone: what it did is in the rows it worked on.
    """
    jobs = _api().rpc("jobs_list", state=state, kind=kind, max_rows=limit)
    if as_json:
        print_json(jobs)
        return
    if not jobs:
        say("There are no such jobs.")
        return
    columns = ["id", "kind", "state", "attempts", "due", "last error"]
    rows = [
        [j["id"], j["kind"], j["state"], j["attempts"], _when(j["due_at"]), j["error"] or ""]
        for j in jobs
    ]
    print_table("Jobs", columns, rows)


@app.command()
def stats(as_json: Json = False) -> None:
    """Count the jobs of each kind by state, and say how long the oldest ready one has waited."""
    kinds = _api().rpc("jobs_stats")
    if as_json:
        print_json(kinds)
        return
    if not kinds:
        say("The queues are empty.")
        return
    states = [state.value for state in State]
    rows = [
        [k["priority"], k["kind"], *(k[state] for state in states), _when(k["oldest_ready_at"])]
        for k in kinds
    ]
    print_table("Jobs", ["priority", "kind", *states, "oldest ready"], rows)


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Show one job with its payload and what became of its attempts."""
    job = _api().rpc("jobs_show", id=job_id)
    if job is None:
        raise Refused(
            code="job_not_found",
            message=f"There is no job {job_id}.",
            hint="It may have succeeded: those are not kept.",
        )
    if as_json:
        print_json(job)
        return
    history = job.pop("history")
    print_facts(f"Job {job_id}", [(name, str(value)) for name, value in job.items()])
    if history:
        columns = ["at", "attempt", "runner", "code", "error"]
        rows = [[_when(h["at"]), h["attempt"], h["worker"], h["code"], h["error"]] for h in history]
        print_table("Attempts that failed", columns, rows)


@app.command()
def retry(job_id: JobId, as_json: Json = False) -> None:
    """Queue a dead job again, with its attempts counted anew."""
    new_id = _api().rpc("jobs_retry", id=job_id)
    if as_json:
        print_json({"id": new_id})
    else:
        say(f"Queued again as {new_id}.")


@app.command()
def tick(as_json: Json = False) -> None:
    """Do the work that is due by the clock now: contracts that begin or end, reminders, clean-up.

    Runners do it every minute. Doing it twice is harmless.
    """
    api = _api()
    while (outcome := api.rpc("jobs_tick")) and outcome.get("more"):
        pass
    if outcome and "faults" in outcome:
        faults = "; ".join(f"{rule}: {error}" for rule, error in outcome["faults"].items())
        raise Refused(code="clock_fault", message=faults)
    if as_json:
        print_json({"ticked": outcome is not None})
    else:
        say("Another runner is doing it." if outcome is None else "Done.")


def _api() -> Api:
    return Api(Settings.load())


def _when(instant: str | None) -> str:
    """How far from now, in the unit that suits: `12 s ago`, `in 3 min`."""
    if instant is None:
        return ""
    seconds = (datetime.fromisoformat(instant) - datetime.now(UTC)).total_seconds()
    amount: Any = abs(seconds)
    unit = "s"
    for size, larger in ((60, "min"), (60, "h"), (24, "days")):
        if amount < 2 * size:
            break
        amount, unit = amount / size, larger
    return f"in {amount:.0f} {unit}" if seconds > 0 else f"{amount:.0f} {unit} ago"
