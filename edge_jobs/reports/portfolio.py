"""The contract portfolio as a document and as a table, from one answer of the database.

``data`` is what the SQL function ``report_contract_portfolio`` returns; money in it is text.
"""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

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

# A spreadsheet takes a cell that starts with one of these for a formula, the wide forms too; and
# where semicolons or tabs divide the cells, one starts behind each of them.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


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
    """The contracts, RFC 4180 in UTF-8 with the mark that spreadsheets recognise it by."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for contract in data["contracts"]:
        writer.writerow([_cell(contract[column]) for column in _COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: str | None) -> str:
    return "" if value is None else _FORMULA.sub(r"\1'", value)
