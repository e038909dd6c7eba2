"""`firmbase cost`: what a month costs, now and at three sizes."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.cost import capacity, plans
from cli.cost.bill import Bill, Used, bill_for, cheapest, firms_that_fit, used_by
from cli.cost.limits import limits, used_now
from cli.cost.plans import PlanName, Plans, SizeName
from cli.cost.show import print_bill, print_capacity, print_next, print_sizes
from cli.output import Json, print_json
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def cost(
    plan: Annotated[
        PlanName | None, typer.Option(help="The plan; the cheapest that fits, unless it is named.")
    ] = None,
    size: Annotated[
        SizeName | None, typer.Option(help="Of a project of this size instead of this one.")
    ] = None,
    compute: Annotated[
        str | None, typer.Option(help="The size of the database's machine on a paid plan.")
    ] = None,
    runner: Annotated[str | None, typer.Option(help="Where the job runner runs.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a month costs, line by line, what comes next, and what three sizes cost.

    Prices are in US dollars without tax, from cli/cost/plans.toml, which says where each was read
    and when; what is not verified is marked. With --size no project is asked.
    """
    known, measured = plans.kept(), capacity.kept()
    assumed = known.sizes[size] if size else None
    machine = chosen(
        compute or (assumed.compute if assumed else "micro"), known.compute, "--compute"
    )
    host = chosen(runner or (assumed.runner if assumed else "cron"), known.runners, "--runner")
    whole: dict[str, Any] = {} if assumed else Api(Settings.load()).rpc("project_usage")
    used = used_by(assumed, known, measured) if assumed else used_now(whole)
    given = bill_for(known, plan, used, compute=machine, runner=host) if plan else None
    best = cheapest(known, used, compute=machine, runner=host)
    shown = given or best
    coming = limits(known, shown.plan, whole, datetime.now(UTC).date()) if whole else []
    sizes = {name: of_size(known, name) for name in known.sizes}
    if as_json:
        print_json(
            {
                "bill": as_dict(shown),
                "cheapest": as_dict(best),
                "next": [one.as_dict() for one in coming],
                "sizes": {name: size_as_dict(known, name, *found) for name, found in sizes.items()},
                "capacity": measured.model_dump(),
            }
        )
        return
    print_bill(f"A month of size {size}" if size else "A month, as it is now", known, shown, best)
    if coming:
        print_next(known, coming)
    print_sizes(known, sizes)
    print_capacity(known, measured)


def chosen(name: str, among: dict[str, Any], option: str) -> str:
    if name not in among:
        raise typer.BadParameter(f'There is no "{name}": {", ".join(among)}.', param_hint=option)
    return name


def of_size(known: Plans, name: SizeName) -> tuple[Used, Bill]:
    size = known.sizes[name]
    used = used_by(size, known, capacity.kept())
    return used, cheapest(known, used, compute=size.compute, runner=size.runner)


def as_dict(of: Bill) -> dict[str, Any]:
    return {
        "plan": of.plan,
        "monthly": of.total,
        "fits": of.fits,
        "beyond": of.beyond,
        "lines": [
            {"what": line.what, "monthly": round(line.monthly, 2), "verified": line.verified}
            for line in of.lines
        ],
    }


def size_as_dict(known: Plans, name: SizeName, used: Used, best: Bill) -> dict[str, Any]:
    size, measured = known.sizes[name], capacity.kept()
    return {
        "assumed": size.model_dump(),
        "used": {**used.meters, "mails": used.mails},
        "bill": as_dict(best),
        "firms_that_fit_free": firms_that_fit(size, known.plans["free"], known, measured),
    }
