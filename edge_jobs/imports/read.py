"""What the sandbox runs on a file to import: reads it once, from its first line to its last."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_jobs.files.kinds import Kind, Rejected, sniff
from edge_jobs.imports import headers, text, workbook
from edge_jobs.imports.keys import Keys
from edge_jobs.imports.refused import Refused
from edge_jobs.imports.spool import Spool
from edge_jobs.imports.text import Row

MOST_ROWS = 1_000_000
MOST_COLUMNS = 1000
# What a cell holds instead of a value; a spreadsheet writes them into CSV files as well.
CELL_ERRORS = frozenset(
    f"#{name}"
    for name in (
        *("NULL!", "DIV/0!", "VALUE!", "REF!", "NAME?", "NUM!", "N/A", "GETTING_DATA", "SPILL!"),
        *("CALC!", "FIELD!", "BLOCKED!", "CONNECT!", "BUSY!", "UNKNOWN!", "PYTHON!", "EXTERNAL!"),
    )
)


def read(source: Path, folder: Path, asked: str) -> dict[str, Any]:
    """``{"columns", "fields", "rows"}``, or ``{"rejected", "detail", "line", "columns"}``.

    Rows are left in the spools of ``folder``: in ``rows`` ``[line, cell, …]`` in the order of the
    fields, or an object ``{"refused": […]}``; in ``doubles`` ``[line, field, lines]``.
    """
    task = json.loads(asked)
    try:
        return _read(source, folder, task)
    except Rejected as rejected:
        return {"rejected": rejected.code, "detail": None, "line": None, "columns": []}
    except Refused as refused:
        return {
            "rejected": refused.code,
            "detail": refused.detail,
            "line": refused.line,
            "columns": list(refused.columns),
        }


def _read(source: Path, folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    is_text, rows = _open(source, task["name"])
    _, header = next(rows, (0, []))
    if not any(map(str.strip, header)):
        raise Refused("empty_file")
    if len(header) > MOST_COLUMNS:
        raise Refused("too_many_columns")
    # PostgreSQL keeps none. In a workbook it is spelt _x0000_.
    nul = not is_text or text.has_nul(source)
    header = [name.replace("\0", "␀") for name in header]
    found = headers.match(header, task["fields"], task["mapping"])
    columns = [
        {"column": headers.cut(name), "field": field}
        for name, field in zip(header, found, strict=True)
    ]
    headers.check(columns, task["fields"], task["mapping"])
    places = [place for place, field in enumerate(found) if field]
    fields = [field for field in found if field]
    keys = Keys(task["fields"], fields)
    with Spool(folder, "rows") as spool:
        for line, cells in rows:
            if len(cells) != len(header):
                if any(map(str.strip, cells)):
                    said = f"{len(cells)} cells, and there are {len(header)} columns"
                    spool.add({"refused": [line, None, None, "column_count", said]})
                continue
            row = [cells[place].strip() or None for place in places]
            if not any(row) and not any(map(str.strip, cells)):
                continue
            if nul and (bad := [n for n, cell in enumerate(row) if cell and "\0" in cell]):
                value = (row[bad[0]] or "").replace("\0", "␀")[:200]
                spool.add({"refused": [line, fields[bad[0]], value, "nul_character", None]})
                continue
            if not CELL_ERRORS.isdisjoint(row):
                bad = [n for n, cell in enumerate(row) if cell in CELL_ERRORS]
                spool.add({"refused": [line, fields[bad[0]], row[bad[0]], "cell_error", None]})
                continue
            keys.add(line, row)
            spool.add([line, *row])
            if spool.count > MOST_ROWS:
                raise Refused("too_many_rows")
    with Spool(folder, "doubles") as doubles:
        for double in keys.doubles():
            doubles.add(double)
    return {"columns": columns, "fields": fields, "rows": spool.count}


def _open(source: Path, name: str) -> tuple[bool, Iterator[Row]]:
    """By what the file holds, which must be what its name says."""
    kind = sniff(source)
    promised = Path(name).suffix.lower()
    if kind is None and promised == ".csv":
        return True, text.rows(source)
    # Any archive is taken for one kind by its first bytes.
    if kind == Kind.DOCX and promised == ".xlsx":
        return False, workbook.rows(source)
    raise Refused("type_mismatch")
