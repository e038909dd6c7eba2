"""The picture `firmbase jobs top` shows."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.jobs.words import age_s, progress, span

STATES = {"ready": "cyan", "running": "green", "waiting": "blue", "dead": "red"}


# Lines beside the rows of the two tables: their heads, and those that are blank.
AROUND = 6


def board(picture: dict[str, Any], url: str, height: int = 40, trouble: str = "") -> RenderableType:
    """`height`: how many lines there are."""
    top = head(picture, url)
    if trouble:
        top.append(f"\n{trouble}", style="bold red")
    left = max(height - top.plain.count("\n") - AROUND, 2)
    telling = sorted((job for job in picture["running"] if job["progress"]), key=by_kind)
    kinds = busiest(picture["kinds"], max(left * 2 // 3, left - len(telling)))
    telling = telling[: left - len(kinds)]
    parts: list[RenderableType] = [top, Text(), table_of_kinds(kinds)]
    if telling:
        parts += [Text(), table_of_running(telling)]
    return Group(*parts)


def by_kind(job: dict[str, Any]) -> tuple[str, str]:
    """In the same place at each look."""
    return job["kind"], job["id"]


def head(picture: dict[str, Any], url: str) -> Text:
    kinds = picture["kinds"]
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("Jobs", style="bold")
    text.append(f" at {url}, {picture['at'][11:19]} UTC\n")
    for state, colour in STATES.items():
        count = sum(kind[state] for kind in kinds)
        text.append(f"{count:,} {state}   ", style=colour if count else "dim")
    rate = sum(kind["done_per_s"] or 0 for kind in kinds)
    text.append(f"{per_second(rate)} done/s")
    lags = [kind["lag_s"] for kind in kinds if kind["lag_s"] is not None]
    if lags:
        text.append(f"   lag {lag(max(lags))}")
    for target, since in picture["paused"].items():
        text.append(f"\n{target} paused {span(age_s(since))} ago", style="yellow")
    return text


def busiest(kinds: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Those with the most to tell, in their order."""
    if len(kinds) <= most:
        return kinds
    by_work = sorted(
        kinds, key=lambda k: (k["done_per_s"] or 0, k["running"], k["ready"]), reverse=True
    )
    chosen = {kind["kind"] for kind in by_work[:most]}
    return [kind for kind in kinds if kind["kind"] in chosen]


def table_of_kinds(kinds: list[dict[str, Any]]) -> Table:
    table = dense_table()
    table.add_column("kind", ratio=1, no_wrap=True)
    for name in (*STATES, "done/s", "fail/s", "avg ms", "lag"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in kinds:
        named = Text(kind["kind"], style="yellow" if kind["paused"] else "")
        counts = [
            Text(f"{kind[state]:,}", style=colour if kind[state] else "dim")
            for state, colour in STATES.items()
        ]
        rates = [
            Text(per_second(rate), style=colour if rate else "dim")
            for rate, colour in ((kind["done_per_s"], "bold"), (kind["failed_per_s"], "red"))
        ]
        table.add_row(named, *counts, *rates, average(kind), lag(kind["lag_s"]))
    return table


def table_of_running(jobs: list[dict[str, Any]]) -> Table:
    table = dense_table()
    table.add_column("running", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("progress", width=18)
    table.add_column("", ratio=1, no_wrap=True)
    for job in jobs:
        told = job["progress"]
        bar = ProgressBar(total=1, completed=told["fraction"], complete_style="green")
        said = [progress(told), f"attempt {job['attempts']}" if job["attempts"] > 1 else ""]
        table.add_row(job["id"], Text(job["kind"]), bar, Text(", ".join(filter(None, said))))
    return table


def dense_table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD, expand=True, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )


def average(kind: dict[str, Any]) -> str:
    ms = kind["average_ms"]
    return "" if ms is None else f"{ms:,.0f}" if ms >= 10 else f"{ms:.1f}"


def lag(seconds: float | None) -> str:
    return "" if seconds is None else span(seconds)


def per_second(rate: float | None) -> str:
    if rate is None:
        return "–"
    if rate == 0:
        return "0"
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
