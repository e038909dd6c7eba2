"""What a month costs: the data files, the arithmetic, and docs/cost.md, which shows both."""

from datetime import date
from pathlib import Path

import pytest

from cli.cost import capacity, plans
from cli.cost.bill import Used, bill_for, cheapest, firm_database_bytes, firms_that_fit, used_by
from cli.cost.capacity import THINGS, Capacity
from cli.cost.data import load
from cli.cost.growth import in_words, month_reached
from cli.cost.limits import limit
from cli.cost.plans import Meter, PlanName, Plans
from cli.cost.show import table_of_firms, table_of_sizes
from cli.cost.words import dollars
from cli.errors import BadDataFile
from edge_jobs import SCHEMA_VERSION
from tests.jobs.runners import ROOT

TEXT = (ROOT / "docs" / "cost.md").read_text()
PLANS, CAPACITY = plans.kept(), capacity.kept()


def monthly(plan: PlanName, meters: dict[Meter, float]) -> tuple[float, list[Meter]]:
    none: dict[Meter, float] = {"database_gb": 0, "files_gb": 0, "active_users": 0}
    used = Used(none | meters, mails=0)
    found = bill_for(PLANS, plan, used, compute="micro", runner="cron")
    return found.total, found.beyond


def test_a_bill_adds_up() -> None:
    assert monthly("pro", {}) == (25, []), "the credit covers a micro"
    assert monthly("pro", {"database_gb": 18}) == (26.25, [])
    assert monthly("pro", {"files_gb": 1100}) == (46, [])
    assert monthly("pro", {"active_users": 101_000}) == (28.25, [])
    assert monthly("pro", {"egress_gb": 350}) == (34, [])
    assert monthly("free", {"database_gb": 0.5, "files_gb": 1}) == (0, [])
    assert monthly("free", {"database_gb": 0.6, "files_gb": 0.9}) == (0, ["database_gb"])
    used = Used({"database_gb": 1}, mails=51_000)
    found = bill_for(PLANS, "pro", used, compute="large", runner="render")
    assert [line.monthly for line in found.lines] == [25, 100, 0, 7, pytest.approx(20.9), 0]
    assert not next(line for line in found.lines if "Render" in line.what).verified


def test_the_cheapest_is_the_one_that_holds() -> None:
    def plan(meters: dict[Meter, float]) -> str:
        return cheapest(PLANS, Used(meters, mails=0), compute="micro", runner="cron").plan

    assert plan({"database_gb": 0.4}) == "free"
    assert plan({"database_gb": 0.51}) == "pro"
    assert plan({"egress_gb": 6}) == "pro"


def test_as_many_firms_fit_as_their_bill_says() -> None:
    size = PLANS.sizes["starter"]
    fit = min(firms_that_fit(size, PLANS.plans["free"], PLANS, CAPACITY).values())
    for firms, plan in ((fit, "free"), (fit + 1, "pro")):
        used = used_by(size.model_copy(update={"firms": firms}), PLANS, CAPACITY)
        used.meters.pop("egress_gb")
        assert cheapest(PLANS, used, compute="micro", runner="cron").plan == plan
    assert firm_database_bytes(size, CAPACITY) > size.files * CAPACITY.bytes["file"]


def test_a_plan_may_include_nothing() -> None:
    none = PLANS.plans["free"].quotas["database_gb"].model_copy(update={"included": 0})
    quotas = PLANS.plans["free"].quotas | {"database_gb": none}
    plan = PLANS.plans["free"].model_copy(update={"quotas": quotas})
    fit = firms_that_fit(PLANS.sizes["starter"], plan, PLANS, CAPACITY)
    assert fit["database_gb"] == 0
    usage = {"database_bytes": 5, "growth": {"days": 0, "database_bytes": None}}
    counted = ("database_bytes", 1.0)
    found = limit(PLANS, "database", "GB", none, usage, date(2026, 11, 25), counted)
    assert (found.share, found.reached) == (None, "reached")


def test_the_month_a_limit_is_reached() -> None:
    today = date(2026, 11, 25)
    assert month_reached(400, 500, 10, 30, today) == "2026-12"
    assert month_reached(500, 500, -1, 30, today) == "2026-11", "it is"
    assert month_reached(400, 500, 10, 6, today) is None
    assert month_reached(400, 500, 0.001, 30, today) is None
    assert month_reached(400, 500, -5, 30, today) is None
    assert in_words(None, 10, 6, full=False) == "too early to tell: 6 of 7 days known"
    assert in_words(None, 0.001, 30, full=False) == "not in ten years"
    assert in_words(None, -5, 30, full=False) == "does not grow"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("included = 0.5", 'included = "half"'), "plans.free.quotas.database_gb.included"),
        (("monthly = 25", "monthly = -25"), "plans.pro.monthly"),
        (("looked_up = 2026-11-25", "looked_up = 2026"), "sources.supabase_billing.looked_up"),
        (("firms = 3\n", "firms = 0\n"), "sizes.starter.firms"),
        (("firms = 3\n", "firms = 3\ncolour = 1\n"), "sizes.starter.colour"),
        (('compute = "micro"', 'compute = "nano"'), "sizes.starter.compute"),
        (('source = "fly"', 'source = "flies"'), 'no source "flies"'),
        (("[plans.free]", "[plans.free"), "its form"),
    ],
)
def test_a_wrong_figure_is_named(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    path = tmp_path / "plans.toml"
    text = plans.PATH.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1))
    with pytest.raises(BadDataFile) as refused:
        load(Plans, path)
    assert field in str(refused.value)
    assert str(path) in str(refused.value)


def test_the_measurement_is_of_this_schema(tmp_path: Path) -> None:
    assert CAPACITY.schema_version == SCHEMA_VERSION, "run python -m bench capacity"
    (tmp_path / "capacity.toml").write_text(CAPACITY.toml())
    assert load(Capacity, tmp_path / "capacity.toml") == CAPACITY


def table(head: str) -> list[list[str]]:
    _, found, rest = TEXT.partition(f"| {head} |")
    assert found, f"there is no table {head}"
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_document_has_the_capacity() -> None:
    assert table("what | bytes") == [[THINGS[t], f"{CAPACITY.bytes[t]:,}"] for t in THINGS]
    assert str(CAPACITY.measured_on) in TEXT
    heads = "a firm of size | database | files | Free holds | Pro includes | Free limited by"
    assert table(heads) == table_of_firms(PLANS, CAPACITY)


def test_the_document_has_the_sizes() -> None:
    sizes = {}
    for name, size in PLANS.sizes.items():
        used = used_by(size, PLANS, CAPACITY)
        best = cheapest(PLANS, used, compute=size.compute, runner=size.runner)
        sizes[name] = (used, best)
    heads = " | starter | growth | enterprise"
    assert table(heads.strip()) == table_of_sizes(PLANS, sizes)


def test_the_document_has_the_prices() -> None:
    rows = [
        [runner.name, dollars(runner.monthly), runner.how, mark(PLANS.verified(runner))]
        for runner in PLANS.runners.values()
    ]
    assert table("runner | a month | how | read at the source") == rows
    found = [
        [
            f"<{source.url}>",
            str(source.looked_up),
            mark(source.verified),
        ]
        for source in PLANS.sources.values()
    ]
    assert table("source | looked up | read at the source") == found
    assert table("included | Free | Pro | Team") == [
        [meter.label, *(quota(PLANS.plans[plan].quotas[name]) for plan in PLANS.plans)]
        for name, meter in PLANS.meters.items()
    ]


def quota(of: plans.Quota) -> str:
    words = f"{of.included:,.10g}"
    if of.price is None:
        return words
    return f"{words}, then ${of.price:g}" + (f" for {of.per:,.0f}" if of.per > 1 else "")


def mark(verified: bool) -> str:
    return "yes" if verified else "**no**"
