"""Rows as a file for spreadsheets, which must not run what people typed."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A spreadsheet takes a cell that starts with one of these for a formula, the wide forms too; and
# where semicolons or tabs divide the cells, one starts behind each of them.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


def cell(value: Any) -> Any:
    """A value that is shown as it stands: only text can be taken for a formula."""
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """RFC 4180 in UTF-8 with the mark that spreadsheets recognise it by."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[column]) for column in columns])
    return text.getvalue().encode("utf-8-sig")
