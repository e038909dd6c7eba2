"""Snapshots of a database's catalog, and their differences told as a reviewer would tell them."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

QUERIES = resources.files(__package__)
OBJECTS = (QUERIES / "catalog.sql").read_bytes()
TABLES_WITH_ROWS = (QUERIES / "rows.sql").read_bytes()


@dataclass(frozen=True)
class Entry:
    """One object: the facts about it, and the object it belongs to (a column to its table)."""

    facts: dict[str, str]
    owner: str | None = None


Catalog = dict[str, Entry]


@dataclass(frozen=True)
class Difference:
    """What differs about one object.

    `facts` holds, for each fact, its value on the left and on the right (None where there is no
    such fact). An object that only one side has gets no facts but `only_in`, and `parts`, the
    number of objects that belong to it and are missing with it.
    """

    object: str
    facts: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    only_in: str | None = None
    parts: int = 0


def snapshot(connection: psycopg.Connection[Any]) -> Catalog:
    """Reads the catalog of a database as sorted entries named `<kind> <name>`.

    Rows that the schema itself brings (buckets, queues, look-up tables) are entries too, so this
    is meant for databases that hold nothing else. The connection keeps an empty search path.
    """
    entries = objects(connection)
    with connection.cursor(row_factory=tuple_row) as cursor:
        entries |= _rows(cursor)
    return dict(sorted(entries.items()))


def objects(connection: psycopg.Connection[Any]) -> Catalog:
    """As `snapshot`, without the rows."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        # Without a search path every name is printed in full.
        cursor.execute("set search_path = pg_catalog")
        cursor.execute(OBJECTS)
        while cursor.nextset():
            pass
        return {
            f"{kind} {name}": Entry(dict(_flat(facts)), owner)
            for kind, name, owner, facts in cursor.fetchall()
        }


def _flat(facts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}: ")
        elif value is not None and value is not False and value != "":
            yield f"{prefix}{name}", "yes" if value is True else str(value)


def _rows(cursor: psycopg.Cursor[Any]) -> Catalog:
    """Rows of our own tables, of the buckets and of the queues, without what is never the same."""
    cursor.execute(TABLES_WITH_ROWS)
    found: Catalog = {}
    for schema, table, volatile in cursor.fetchall():
        cursor.execute(
            sql.SQL("select to_jsonb(t) - %s::text[] from {} t").format(
                sql.Identifier(schema, table)
            ),
            [volatile],
        )
        for (row,) in cursor.fetchall():
            line = json.dumps(row, sort_keys=True, ensure_ascii=False)
            found[f"row of {schema}.{table} {line}"] = Entry({}, f"table {schema}.{table}")
    return found


def compare(left: Catalog, right: Catalog) -> list[Difference]:
    """Lists what differs between two catalogs, ordered by object; empty when they are equal."""
    either = left | right
    lonely = left.keys() ^ right.keys()
    parts = Counter(either[name].owner for name in lonely)
    differences = []
    for name in sorted(either):
        if name in lonely:
            if either[name].owner not in lonely:
                side = "left" if name in left else "right"
                differences.append(Difference(name, only_in=side, parts=parts[name]))
            continue
        ours, theirs = left[name].facts, right[name].facts
        facts = {
            fact: (ours.get(fact), theirs.get(fact))
            for fact in sorted(ours.keys() | theirs.keys())
            if ours.get(fact) != theirs.get(fact)
        }
        if facts:
            differences.append(Difference(name, facts))
    return differences


def render(differences: Iterable[Difference], left: str, right: str) -> str:
    """Tells differences as a code review would; `left` and `right` are what to call the sides."""
    return "\n".join(line for difference in differences for line in _lines(difference, left, right))


def _lines(difference: Difference, left: str, right: str) -> Iterator[str]:
    if difference.only_in:
        side = left if difference.only_in == "left" else right
        parts = f", with {difference.parts} objects of its own" if difference.parts else ""
        yield f"{difference.object}: only in {side}{parts}"
        return
    yield difference.object
    for fact, (ours, theirs) in difference.facts.items():
        if "\n" in (ours or "") or "\n" in (theirs or ""):
            yield f"  {fact}:"
            lines = (ours or "").splitlines(), (theirs or "").splitlines()
            for line in difflib.unified_diff(*lines, left, right, n=1, lineterm=""):
                yield f"    {line}"
        else:
            yield f"  {fact}: {ours or 'none'} in {left}, {theirs or 'none'} in {right}"
