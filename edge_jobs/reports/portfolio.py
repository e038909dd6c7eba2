"""The contract portfolio as a document and as a table, from one answer of the database.

``data`` is what the SQL function ``report_contract_portfolio`` returns; money in it is text.
"""

import json
from pathlib import Path
from typing import Any

from edge_jobs import cells

_FOLDER = Path(__file__).parent

_COLUMNS = (
    "number",
    "title",
    "kind",
    "status",
    "company",
    "consultant",
    "starts_on",
    "ends_on",
    "currency",
    "value",
    "rate",
    "rate_unit",
)


def to_pdf(data: dict[str, Any]) -> bytes:
    """The document, A4. It looks the same from every machine: no fonts but the bundled ones."""
    import typst

    return typst.compile(
        _FOLDER / "portfolio.typ",
        root=_FOLDER,
        font_paths=[_FOLDER / "fonts"],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
        pdf_tags=False,
    )


def to_csv(data: dict[str, Any]) -> bytes:
    """The contracts as a table."""
    return cells.to_csv(_COLUMNS, data["contracts"])
