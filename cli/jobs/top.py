"""`firmbase jobs top`: the queue at work, as it is now."""

import sys
import time
from typing import Annotated, Any

import typer

from cli.jobs.sample import Sampler
from cli.output import Json, print_json, print_json_line
from edge_jobs.api import Api
from edge_jobs.errors import DatabaseDown, Unreachable
from edge_jobs.settings import Settings

app = typer.Typer()


@app.command()
def top(
    interval: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = 2,
    once: Annotated[
        bool, typer.Option("--once", help="Measure over one interval, print that, and end.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Watch the queue: what is ready, runs and ends of each kind, and how fast; until Ctrl-C.

    Rates are those of the last ten seconds. Where standard output is no terminal, as with --once.
    With --json, an object for each look.
    """
    settings = Settings.load()
    sampler = Sampler(Api(settings))
    picture = sampler.look()
    if once or not (as_json or sys.stdout.isatty()):
        time.sleep(interval)
        picture = sampler.look()
        if as_json:
            print_json(picture)
        else:
            print_once(picture, settings.url)
    elif as_json:
        while True:
            time.sleep(interval)
            print_json_line(sampler.look())
    else:
        go_on(sampler, picture, settings.url, interval)


def print_once(picture: dict[str, Any], url: str) -> None:
    from rich.console import Console

    from cli.jobs.board import board

    Console().print(board(picture, url))


def go_on(sampler: Sampler, picture: dict[str, Any], url: str, interval: float) -> None:
    from rich.console import Console
    from rich.live import Live

    from cli.jobs.board import board

    console = Console()
    trouble = ""
    with Live(console=console, screen=True, auto_refresh=False) as screen:
        while True:
            screen.update(board(picture, url, console.height, trouble), refresh=True)
            time.sleep(interval)
            try:
                picture, trouble = sampler.look(), ""
            except (Unreachable, DatabaseDown) as error:
                # It may be back the next time.
                trouble = str(error)
