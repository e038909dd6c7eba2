"""How commands speak: tables and sentences for people, JSON for programs."""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


# What a terminal obeys instead of showing it, and what turns the reading direction around.
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(line: str) -> None:
    """A sentence for a person; on standard error, so that standard output stays clean."""
    typer.echo(line, err=True)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_json_line(value: Any) -> None:
    """One of many, as they come."""
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def print_error(code: str, message: str, *, as_json: bool) -> None:
    """What went wrong, on standard error: a sentence, or `{"error": {code, message}}`."""
    if as_json:
        typer.echo(json.dumps({"error": {"code": code, "message": message}}), err=True)
    else:
        typer.echo(f"error: {message}", err=True)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    dense: bool = False,
    whole: str | None = None,
) -> None:
    """`dense`: with less between the columns, for tables that have many. `whole`: the column that
    is never broken, so that it can be copied."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # As text: a name of somebody's firm must not be read as markup.
    table = Table(title=Text(title, style="bold"), title_justify="left")
    if dense:
        table.box, table.show_edge, table.pad_edge = box.SIMPLE_HEAD, False, False
        table.padding = (0, 1, 0, 0)
    for number, column in enumerate(columns):
        numeric = any(isinstance(row[number], int | float) for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(column, overflow="fold", justify=justify, no_wrap=column == whole)
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    Console().print(table)


def print_facts(title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Names and values, a line each and never broken, so that they can be copied."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    width = max((len(name) for name, _ in facts), default=0)
    console.print(Text(f"\n{title}", style="bold"))
    for name, value in facts:
        console.print(Text(f"  {name.ljust(width)}  {_shown(value)}"))


def _shown(value: object) -> str:
    return _ORDERS.sub("\N{REPLACEMENT CHARACTER}", str(value))
