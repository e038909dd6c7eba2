"""`firmbase stack`: the local Supabase, without Docker."""

import shlex
import subprocess
import sys
import time
from typing import Annotated, Any

import typer

from cli.errors import StackError
from cli.local.stack import Stack
from cli.output import Json, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[
    str | None,
    typer.Option("--name", help="Which stack; each has its own data, ports and keys."),
]


@app.command()
def up(
    name: Name = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="The API's port; the other parts take the next ones.", min=1024, max=65000
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the stack, make it first if need be, and apply the migrations it lacks.

    Data is kept from the last time. Ports that are taken are replaced by free ones.
    """
    from cli.local import webapp
    from cli.local.project import migrate

    stack = Stack.named(name)
    webapp.build(report=say)
    config = stack.up(port=port, report=say)
    say("Applying migrations …")
    migrate(config)
    if as_json:
        print_json(config.environment())
    else:
        print_facts("Local Supabase", list(config.environment().items()))


@app.command()
def down(name: Name = None, as_json: Json = False) -> None:
    """Stop every process of the stack. The data stays."""
    stopped = Stack.named(name).down()
    if as_json:
        print_json({"stopped": stopped})
    else:
        say("Stopped." if stopped else "The stack is not running.")


@app.command()
def status(name: Name = None, as_json: Json = False) -> None:
    """Show each part of the stack; exit code 1 unless all of them run."""
    stack = Stack.named(name)
    found = stack.status()
    if as_json:
        print_json(found)
    else:
        print_parts(found["services"])
        if not found["running"]:
            say("The stack is not running: start it with `firmbase stack up`.")
    if not found["healthy"]:
        raise typer.Exit(1)


def print_parts(parts: dict[str, dict[str, Any]]) -> None:
    rows = [
        [
            name,
            part["state"],
            part["address"].removeprefix("http://"),
            part["pid"] or "–",
            part["restarts"],
            uptime(part["since"]) if part["state"] == "running" else "–",
        ]
        for name, part in parts.items()
    ]
    if rows:
        columns = ["part", "state", "address", "pid", "restarts", "up"]
        print_table("Local Supabase", columns, rows)
    for name, part in parts.items():
        if part["last_exit"]:
            typer.echo(f"{name} {part['last_exit']}: see `firmbase stack logs {name}`.")


@app.command()
def reset(
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete all data of the stack and start it afresh with the migrations applied."""
    stack = Stack.named(name)
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("say --yes where nobody can be asked; nothing was deleted.")
        typer.confirm("This deletes the local database, files and mails. Go on?", abort=True)
    stack.clear()
    up(name=name, as_json=as_json)


@app.command()
def logs(
    part: Annotated[
        str | None, typer.Argument(help="postgres, postgrest, services, mail or supervisor.")
    ] = None,
    name: Name = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of each.")] = 30,
) -> None:
    """Show what the parts of the stack logged."""
    stack = Stack.named(name)
    _ = stack.config  # or there is none to log anything
    folder = stack.directory / "logs"
    known = sorted(folder.glob("*.log"))
    files = [file for file in known if part in (None, file.stem)]
    if not files:
        names = ", ".join(file.stem for file in known) or "none yet"
        raise StackError(f"There is no log of {part or 'this stack'}; there are: {names}.")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)]
    try:
        subprocess.run(command, check=False)
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command()
def env(name: Name = None, as_json: Json = False) -> None:
    """Print the stack's addresses and keys: `eval "$(firmbase stack env)"`."""
    environment = Stack.named(name).config.environment()
    if as_json:
        print_json(environment)
        return
    for key, value in environment.items():
        typer.echo(f"export {key}={shlex.quote(value)}")


def uptime(since: float) -> str:
    seconds = int(time.time() - since)
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
