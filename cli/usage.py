"""`firmbase usage`: how large the project and its firms are, beside what a plan includes."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.cost import plans, words
from cli.cost.limits import Limit, limits
from cli.cost.plans import PlanName
from cli.files.look import size
from cli.jobs.arguments import Firm, firm_id
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.settings import Settings

app = typer.Typer(add_completion=False)

PAGE = 100
TABLES = 8
BAR = 12


@app.command()
def usage(
    firm: Firm = None,
    plan: Annotated[PlanName, typer.Option(help="The plan of the project.")] = "free",
    limit: Annotated[
        int, typer.Option(help="How many firms, the largest first.", min=1, max=1000)
    ] = 20,
    as_json: Json = False,
) -> None:
    """Show what the project uses beside what a plan includes, and when a limit is reached.

    The month is where the last ninety days lead to, once seven of them are known.
    """
    api = Api(Settings.load())
    if id := firm_id(api, firm):
        print_usage(None, [], api.rpc("firm_usage", of_firm=id), as_json=as_json)
        return
    whole = api.rpc("project_usage")
    found = limits(plans.kept(), plan, whole, datetime.now(UTC).date())
    largest = sorted(firms(api), key=lambda f: -f["database_bytes"] - f["object_bytes"])
    print_usage(whole, found, largest[:limit], as_json=as_json, plan=plans.kept().plans[plan].name)


def firms(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        last = found[-1]["slug"] if found else None
        page = api.rpc("firm_usage", max_rows=PAGE, after_slug=last)
        found += page
        if len(page) < PAGE:
            return found


def print_usage(
    whole: dict[str, Any] | None,
    found: list[Limit],
    firms: list[dict[str, Any]],
    *,
    as_json: bool,
    plan: str = "",
) -> None:
    if as_json:
        told = [one.as_dict() for one in found]
        print_json({"project": whole, "limits": told, "firms": firms} if whole else firms[0])
        return
    if whole:
        print_limits(found, plan)
        print_parts(whole)
        typer.echo()
    print_firms(firms)
    if whole and (guessed := [name for name in whole["estimated"] if name != "tables.rows"]):
        say(f"Counted in samples, as there are so many: {', '.join(guessed)}.")


def print_limits(found: list[Limit], plan: str) -> None:
    rows = [
        [
            one.what,
            "" if one.used is None else words.amount(one.used, one.unit),
            words.included(one.included, one.unit) + ("" if one.verified else ", unverified"),
            bar(one.share),
            "" if one.share is None else words.percent(one.share, 1),
            one.reached,
        ]
        for one in found
    ]
    columns = ["what", "used", "included", "", "", "limit reached"]
    print_table(f"Usage, beside {plan}", columns, rows, dense=True)


def bar(share: float | None) -> str:
    if share is None:
        return ""
    full = min(BAR, round(share * BAR))
    return "█" * full + "░" * (BAR - full)


def print_parts(whole: dict[str, Any]) -> None:
    typer.echo()
    tables = whole["tables"]
    rest = whole["database_bytes"] - sum(table["bytes"] for table in tables[:TABLES])
    rows = [
        [table["name"], size(table["bytes"]), f"~{table['rows']:,}"] for table in tables[:TABLES]
    ]
    print_table(
        "Database", ["table", "size", "rows"], [*rows, ["all else", size(rest), ""]], dense=True
    )
    if whole["buckets"]:
        typer.echo()
        buckets = [[b["name"], size(b["bytes"]), f"{b['objects']:,}"] for b in whole["buckets"]]
        print_table("Files", ["bucket", "size", "objects"], buckets, dense=True)
    say(
        f"{whole['firms']:,} firms, {whole['users']:,} users, {whole['mails']:,} mails in thirty "
        f"days, {whole['jobs_7_days']:,} jobs in seven."
    )


def print_firms(firms: list[dict[str, Any]]) -> None:
    if not firms:
        say("There are no firms yet.")
        return
    rows = [
        [
            firm["slug"],
            f"~{size(firm['database_bytes'])}",
            size(firm["object_bytes"]),
            words.percent(firm["file_bytes"] / firm["quota"]) if firm["quota"] else "",
            firm["members"],
            firm["contracts"],
            firm["files"],
            firm["mails"],
            firm["jobs"],
        ]
        for firm in firms
    ]
    columns = [
        "firm",
        "database",
        "files",
        "of quota",
        "members",
        "contracts",
        "versions",
        "mails",
        "jobs kept",
    ]
    print_table("Firms", columns, rows, dense=True)
