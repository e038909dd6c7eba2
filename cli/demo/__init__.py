"""`firmbase demo`: a working day of a small firm, played through the public API."""

from typing import Annotated

import typer

from cli.local import webapp
from cli.local.project import migrate
from cli.local.stack import Stack
from cli.output import Json, print_json, say

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    name: Annotated[str | None, typer.Option("--name", help="Which local stack.")] = None,
    as_json: Json = False,
) -> None:
    """Play a working day of a small firm on the local stack, run its jobs, show what happened.

    Every run makes a new firm with new people, so it can be repeated; the stack is left running.
    """
    from cli.demo import show, story

    stack = Stack.named(name)
    webapp.build(report=say)
    config = stack.up(report=say)
    say("Applying migrations …")
    migrate(config)
    day = story.play(config, stack.directory / "demo", say)
    if as_json:
        print_json(show.summary(day))
    else:
        show.tables(day)
    if day.unfinished or day.stranger_rows:
        raise typer.Exit(1)
