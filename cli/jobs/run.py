"""The runner and the clock."""

import sys
from typing import Annotated

import typer

from cli.output import Json, print_json, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.log import Log
from edge_jobs.settings import Settings

app = typer.Typer()


@app.command()
def run(
    watch: Annotated[bool, typer.Option("--watch", help="Stay and wait for more.")] = False,
    budget_s: Annotated[
        int | None,
        typer.Option("--for", metavar="SECONDS", help="Begin no job after so many seconds.", min=0),
    ] = None,
    slots: Annotated[
        int | None, typer.Option(help="Jobs at once; one per core unless told.", min=1, max=256)
    ] = None,
    as_json: Json = False,
) -> None:
    """Run every job that is due, then exit.

    A line for each job goes to standard error; with --json, to standard output. Any number of
    runners may work at once. Ctrl-C lets what runs finish; a second one does not wait. From cron,
    `python -m edge_jobs run` does the same and starts faster.
    """
    from edge_jobs import runner

    log = Log(sys.stdout, as_json=True) if as_json else None
    raise typer.Exit(runner.main(watch=watch, log=log, budget_s=budget_s, slots=slots))


@app.command()
def tick(as_json: Json = False) -> None:
    """Do the work that is due by the clock now: contracts that begin or end, reminders, clean-up.

    Runners do it every minute. Doing it twice is harmless.
    """
    api = Api(Settings.load())
    while (outcome := api.rpc("jobs_tick")) and outcome.get("more"):
        pass
    if outcome and "faults" in outcome:
        faults = "; ".join(f"{rule}: {error}" for rule, error in outcome["faults"].items())
        raise Refused(code="clock_fault", message=faults)
    if as_json:
        print_json({"ticked": outcome is not None})
    else:
        say("Another runner is doing it." if outcome is None else "Done.")
