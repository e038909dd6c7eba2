"""Pausing kinds and queues."""

from typing import Annotated

import typer

from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer()

KINDS_OR_QUEUES = "A kind, such as file.process, or a queue: high, default or low."


@app.command()
def pause(
    target: Annotated[
        str | None, typer.Argument(help=f"{KINDS_OR_QUEUES} Without one: list what is paused.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start no job of a kind or a queue any more; what runs goes on."""
    api = Api(Settings.load())
    if target is not None:
        api.rpc("jobs_pause", target=target)
    paused = api.rpc("jobs_controls")["paused"]
    if as_json:
        print_json(paused)
    elif target is not None:
        say(f"{target} is paused: `firmbase jobs resume {target}` lets it go on.")
    elif paused:
        rows = [[what, when(since)] for what, since in paused.items()]
        print_table("Paused", ["what", "since"], rows)
    else:
        say("Nothing is paused.")


@app.command()
def resume(
    target: Annotated[str, typer.Argument(help=KINDS_OR_QUEUES)], as_json: Json = False
) -> None:
    """Let a kind or a queue go on that was paused."""
    api = Api(Settings.load())
    before = api.rpc("jobs_controls")["paused"]
    api.rpc("jobs_pause", target=target, paused=False)
    after = api.rpc("jobs_controls")["paused"]
    if as_json:
        print_json(after)
    elif before == after:
        say(f"{target} was not paused. Paused: {', '.join(after) or 'nothing'}.")
    else:
        say(f"{target} goes on.")
