"""The tables of `firmbase cost`."""

import typer

from cli.cost.bill import Bill, Used, firm_database_bytes, firm_file_bytes, firms_that_fit
from cli.cost.capacity import THINGS, Capacity
from cli.cost.limits import Limit
from cli.cost.plans import Plans, SizeName
from cli.cost.words import amount, dollars, included, percent
from cli.files.look import size as told
from cli.output import print_table, say

Sizes = dict[SizeName, tuple[Used, Bill]]


def print_bill(title: str, plans: Plans, of: Bill, best: Bill) -> None:
    rows = [
        [line.what + ("" if line.verified else " (unverified)"), dollars(line.monthly)]
        for line in of.lines
    ]
    print_table(title, ["what", "US dollars"], [*rows, ["in all", dollars(of.total)]], dense=True)
    name = plans.plans[of.plan].name
    if of.beyond:
        labels = ", ".join(plans.meters[meter].label for meter in of.beyond)
        say(f"{name} does not hold this: {labels}.")
    if best.plan == of.plan:
        say(f"{name} is the cheapest that fits. {plans.plans[of.plan].note}")
    else:
        cheaper = plans.plans[best.plan].name
        say(f"The cheapest that fits is {cheaper}, at {dollars(best.total)} a month.")


def print_next(plans: Plans, limits: list[Limit]) -> None:
    """The limit that is nearest."""
    measured = [limit for limit in limits if limit.used is not None]
    nearest = min(measured, key=lambda one: (one.month or "9999", -(one.share or 0)))
    say(
        f"Next comes the limit of {nearest.what}, {included(nearest.included, nearest.unit)}, "
        f"{percent(nearest.share or 0, 1)} of it used: {nearest.reached}."
    )
    unseen = [limit.what for limit in limits if limit.used is None]
    say(f"Not measured here, and not in the bill: {', '.join(unseen)}.")


def print_sizes(plans: Plans, sizes: Sizes) -> None:
    typer.echo()
    columns = ["", *sizes]
    print_table("Three sizes", columns, table_of_sizes(plans, sizes), dense=True)


def table_of_sizes(plans: Plans, sizes: Sizes) -> list[list[str]]:
    """What is assumed, what it comes to, and the bill."""
    of = {name: plans.sizes[name] for name in sizes}
    rows = [["firms", *(f"{size.firms:,}" for size in of.values())]]
    rows += [
        [f"{field} of each", *(f"{getattr(size, field):,g}" for size in of.values())]
        for field in ("members", "companies", "consultants", "contracts", "files")
    ]
    rows += [
        ["MB of a file", *(f"{size.mb_per_file:g}" for size in of.values())],
        *(
            [f"{field} of each, a month", *(f"{getattr(size, field):,g}" for size in of.values())]
            for field in ("notifications", "mails", "edits")
        ),
        ["egress of a member, MB a month", *(f"{s.egress_mb_per_member:g}" for s in of.values())],
    ]
    for meter in ("database_gb", "files_gb", "egress_gb"):
        label = f"{plans.meters[meter].label}, GB"
        rows.append([label, *(amount(used.meters[meter], "GB") for used, _ in sizes.values())])
    rows += [
        ["plan", *(plans.plans[bill.plan].name for _, bill in sizes.values())],
        ["compute", *(paid(plans, name, bill) for name, (_, bill) in sizes.items())],
        ["runner", *(plans.runners[size.runner].name for size in of.values())],
        ["a month", *(dollars(bill.total) for _, bill in sizes.values())],
        [
            "a month, for each firm",
            *(dollars(bill.total / of[name].firms) for name, (_, bill) in sizes.items()),
        ],
    ]
    return rows


def paid(plans: Plans, name: SizeName, bill: Bill) -> str:
    return plans.sizes[name].compute if plans.plans[bill.plan].monthly else "nano"


def print_capacity(plans: Plans, capacity: Capacity) -> None:
    typer.echo()
    rows = [[text, f"{capacity.bytes[thing]:,}"] for thing, text in THINGS.items()]
    print_table("What one takes up", ["what", "bytes"], rows, dense=True)
    typer.echo()
    columns = [
        "a firm of size",
        "database",
        "files",
        "Free holds",
        "Pro includes",
        "Free limited by",
    ]
    print_table("Firms that fit", columns, table_of_firms(plans, capacity), dense=True)
    say(f"Measured on {capacity.measured_on}, schema {capacity.schema_version}; docs/cost.md.")


def table_of_firms(plans: Plans, capacity: Capacity) -> list[list[str]]:
    rows = []
    for name, size in plans.sizes.items():
        fit = {
            plan: firms_that_fit(size, plans.plans[plan], plans, capacity) for plan in plans.plans
        }
        least = min(fit["free"], key=lambda meter: fit["free"][meter])
        rows.append(
            [
                name,
                told(round(firm_database_bytes(size, capacity))),
                told(round(firm_file_bytes(size, capacity))),
                f"{min(fit['free'].values()):,}",
                f"{min(fit['pro'].values()):,}",
                plans.meters[least].label,
            ]
        )
    return rows
