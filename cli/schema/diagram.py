"""The picture of the data model in its document, drawn from the catalog as Mermaid text."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg

from cli.schema.build import build_from_sql, scratch
from cli.schema.errors import NoPlace
from cli.schema.migrations import Project
from cli.schema.servers import connect

FILE = Path("docs") / "data-model.md"
BEGIN = "<!-- Written by `firmbase db diagram`: do not edit up to the end mark. -->\n"
END = "<!-- End of what `firmbase db diagram` writes. -->\n"
QUERY = (resources.files(__package__) / "diagram.sql").read_bytes()


def generate(server: str, project: Project) -> str:
    """The document with the picture and the list of tables that belong to `sql/`.

    Raises:
        SqlFailed: `sql/` does not build.
        NoPlace: the document is missing, or has not both marks.
    """
    file = project.root / FILE
    text = file.read_text() if file.exists() else ""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise NoPlace(file=FILE)
    with scratch(server) as database:
        build_from_sql(database, project.sql)
        with connect(database) as connection:
            drawn = draw(connection)
    return f"{before}{begin}{drawn}{end}{after}"


def draw(connection: psycopg.Connection[Any]) -> str:
    """Markdown: the tables of the API with their keys and references, then what each is for."""
    row = connection.execute(QUERY).fetchone()
    tables, hops = row if row else ([], [])
    lines = ["```mermaid", "erDiagram", *_references(hops), *_entities(tables), "```", ""]
    lines += ["| table | what it is |", "|---|---|"]
    lines += [f"| `{table['name']}` | {table['description'] or ''} |" for table in tables]
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
