"""The picture of the data model, drawn from the catalog as Mermaid text."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import psycopg

QUERY = (resources.files(__package__) / "diagram.sql").read_bytes()


def draw(connection: psycopg.Connection[Any]) -> str:
    """Markdown: the tables of the API with their keys and references, then what each is for."""
    row = connection.execute(QUERY).fetchone()
    tables, hops = row if row else ([], [])
    lines = ["```mermaid", "erDiagram", *_references(hops), *_entities(tables), "```", ""]
    lines += ["| table | what it is |", "|---|---|"]
    for table in tables:
        lines.append(f"| `{table['name']}` | {' '.join((table['description'] or '').split())} |")
    return "\n".join(lines) + "\n"


def _references(hops: list[dict[str, Any]]) -> Iterator[str]:
    # Everything belongs to a firm. That line is drawn only for what needs no other row of it.
    inside = {
        hop["child"]
        for hop in hops
        if hop["parent"] != "firms" and "firm_id" in hop["columns"] and not hop["optional"]
    }
    for hop in hops:
        if hop["parent"] == "firms" and hop["child"] in inside:
            continue
        parent = "|o" if hop["optional"] else "||"
        child = "o|" if hop["single"] else "o{"
        columns = [name for name in hop["columns"] if name != "firm_id"] or ["firm_id"]
        label = ", ".join(columns)
        yield f'  {hop["parent"]} {parent}--{child} {hop["child"]} : "{label}"'


def _entities(tables: list[dict[str, Any]]) -> Iterator[str]:
    for table in tables:
        yield f"  {table['name']} {{"
        for column in table["columns"]:
            keys = [key for key, held in (("PK", "primary"), ("FK", "foreign")) if column[held]]
            if keys:
                yield f"    {column['type']} {column['name']} {', '.join(keys)}"
        yield "  }"
