"""How many jobs of a kind may run at once, and how many may start in a period."""

from typing import Annotated, Any

import typer

from cli.jobs.arguments import Rate, rate
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="Such as file.process.")]
RATES = "So many may start in a period: 10/s, 100/min, 1000/h, 5000/day"


@app.command("list")
def list_limits(as_json: Json = False) -> None:
    """List the kinds with limits. The others run as runners have room for them."""
    limits = Api(Settings.load()).rpc("jobs_controls")["limits"]
    if as_json:
        print_json(limits)
    elif limits:
        print_limits(limits)
    else:
        say("No kind has a limit: `firmbase jobs limits set` gives it one.")


@app.command("set")
def set_limits(
    kind: Kind,
    running: Annotated[int | None, typer.Option(help="So many run at once.", min=1)] = None,
    running_per_firm: Annotated[
        int | None, typer.Option(help="So many run at once of each firm.", min=1)
    ] = None,
    rate: Annotated[
        Rate | None, typer.Option(parser=rate, metavar="RATE", help=f"{RATES}.")
    ] = None,
    rate_per_firm: Annotated[
        Rate | None, typer.Option(parser=rate, metavar="RATE", help=f"{RATES}; of each firm.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Limit a kind over all runners. What is not given is not limited.

    Jobs beyond a limit wait; those of other kinds and firms go on. A rate lets as many start at
    once as it has in one period, then one after the other.
    """
    limits: dict[str, Any] = {"max_running": running, "max_running_per_firm": running_per_firm}
    for name, given in (("rate", rate), ("firm_rate", rate_per_firm)):
        if given:
            limits |= {name: given.count, f"{name}_period": f"{given.period_s} seconds"}
    if not any(limits.values()):
        raise typer.BadParameter(
            f"say which limit; `firmbase jobs limits clear {kind}` takes all of them away."
        )
    change(kind, limits, as_json)


@app.command()
def clear(kind: Kind, as_json: Json = False) -> None:
    """Take all limits of a kind away."""
    change(kind, {}, as_json)


def change(kind: str, limits: dict[str, Any], as_json: bool) -> None:
    api = Api(Settings.load())
    api.rpc("jobs_limit", kind=kind, limits=limits)
    now = [each for each in api.rpc("jobs_controls")["limits"] if each["kind"] == kind]
    if as_json:
        print_json(now[0] if now else None)
    elif now:
        print_limits(now)
    else:
        say(f"{kind} has no limits.")


def print_limits(limits: list[dict[str, Any]]) -> None:
    columns = ["kind", "running", "running per firm", "rate", "rate per firm"]
    rows = [
        [
            each["kind"],
            each["max_running"] or "",
            each["max_running_per_firm"] or "",
            rate_in_words(each["rate"], each["rate_period"]),
            rate_in_words(each["firm_rate"], each["firm_rate_period"]),
        ]
        for each in limits
    ]
    print_table("Limits", columns, rows)


def rate_in_words(count: int | None, period: str | None) -> str:
    """`period` as PostgreSQL writes an interval of up to a day: 00:01:00, 1 day."""
    if count is None or period is None:
        return ""
    days, _, clock = period.rpartition("day")
    hours, minutes, seconds = (float(part) for part in (clock.strip() or "0:0:0").split(":"))
    period_s = float(days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds
    return str(Rate(count, period_s))
