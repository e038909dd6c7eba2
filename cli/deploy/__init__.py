"""`firmbase deploy`: a project against this checkout, and brought up to date with it."""

import signal
import sys
from typing import Annotated

import typer

from cli.deploy.checks import Examination, Found
from cli.deploy.hosted import Hosted
from cli.deploy.plan import Plan, carry_out, demand_consent, draw_up
from cli.doctor.checks import State
from cli.output import Json, print_json, print_table, say
from cli.schema.migrations import Project

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    epilog="Both read SUPABASE_URL, the keys, SUPABASE_DB_URL and APP_URL from the environment, "
    "and SUPABASE_ACCESS_TOKEN for the settings of Auth. docs/going-live.md leads through it.",
)
PROJECT = Project()


@app.command()
def check(as_json: Json = False) -> None:
    """Compare a project with this checkout, and change nothing.

    Exit code 0: they agree. 1: something differs or is missing. From 3 on: the project could not
    be reached, or refuses a key.
    """
    found = examine(Hosted(), quiet=as_json)
    if as_json:
        print_json(as_dict(found))
    else:
        tell(found)
    if not found.in_sync:
        raise typer.Exit(1)


@app.command()
def push(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for CI.")] = False,
    allow_destructive: Annotated[
        bool,
        typer.Option("--allow-destructive", help="Go on where a migration destroys data."),
    ] = False,
    weaken: Annotated[
        list[str] | None,
        typer.Option(help="A setting to push although the project is stricter; once for each."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring a project up to date: migrations, buckets, settings of Auth and its mails.

    Shows what it is about to do and asks. What is interrupted goes on when it is run again. Ends
    with the checks of `firmbase deploy check`, and their exit code.
    """
    if not yes and (as_json or not sys.stdin.isatty()):
        raise typer.BadParameter("say --yes where nobody can be asked; nothing was changed.")
    hosted, named = Hosted(), set(weaken or [])
    before = examine(hosted, quiet=as_json)
    plan = draw_up(before, PROJECT, named)
    if not as_json:
        show(plan, hosted)
    demand_consent(plan, allow_destructive)
    if not plan.is_empty:
        if not yes:
            typer.confirm(f"Do this to {hosted.host}?", abort=True)
        # A job of CI that is cancelled ends as with Ctrl-C, and with it what it started.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        carry_out(hosted, PROJECT, before, plan, named, say)
        hosted.wait_for_schema()
    after = before if plan.is_empty else examine(Hosted(), quiet=as_json)
    if as_json:
        print_json({"plan": plan.as_dict(), **as_dict(after)})
    else:
        tell(after)
    if not after.in_sync:
        raise typer.Exit(1)


def examine(hosted: Hosted, *, quiet: bool) -> Found:
    if not quiet:
        say(f"Looking at {hosted.host} …")
    examination = Examination(hosted, PROJECT)
    for each in examination.run():
        if not quiet:
            mark = "FAILED" if each.state is State.FAILED else each.state
            say(f"{mark:>7}  {each.name}: {each.detail}")
    return examination.found


def tell(found: Found) -> None:
    parts: dict[str, list[str]] = {}
    for each in found.checks:
        if each.mend:
            parts.setdefault(each.mend, []).append(each.name)
    if parts:
        rows = [["\n".join(names), mend] for mend, names in parts.items()]
        print_table("What to do", ["part", "what to do"], rows)
    if found.checks[-1].state is State.FAILED:
        say("The parts behind that one were not looked at.")
    if found.in_sync:
        typer.echo("The project and this checkout agree.")


def as_dict(found: Found) -> dict[str, object]:
    return {"in_sync": found.in_sync, "checks": [each.as_dict() for each in found.checks]}


def show(plan: Plan, hosted: Hosted) -> None:
    rows = [[what, each] for what, lines in plan.as_dict().items() for each in lines]
    if rows:
        print_table(f"For {hosted.host}", ["what", "which"], rows)
    if plan.kept:
        say("kept: the project is stricter there than this checkout. --weaken NAME pushes it.")
    if plan.is_empty:
        say("Nothing to push.")
