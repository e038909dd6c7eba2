"""Workbooks, cell by cell. Runs inside the sandbox, behind the guard of edge_jobs.files.archive."""

import re
import zipfile
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from edge_jobs.files.kinds import Rejected
from edge_jobs.files.text import TextCollector, fact

# The reader lays a sheet out in full, from its first cell to its last.
MAX_AREA = 16_000_000
# A sheet larger than that whose cells fill less than this share of it is a trap, or a slip.
_SPARSE = 0.1
# As many names of sheets are kept, and as much of each as Excel allows.
_MOST_NAMES, _NAME_CHARS = 20, 31

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')


def is_sheet(part: str) -> bool:
    return _SHEET.fullmatch(part) is not None


class Extent:
    """How far the cells of a sheet reach and how many there are, from its XML as it comes."""

    def __init__(self) -> None:
        self._cells = self._rows = 0
        self._column = b"A"

    def add(self, xml: bytes) -> None:
        cells = _CELL.findall(xml)
        if not cells:
            return
        self._cells += len(cells)
        self._rows = max(self._rows, *(int(row) for _, row in cells))
        # By length first: column Z comes before AA.
        columns = {column for column, _ in cells}
        self._column = max(self._column, *columns, key=lambda name: (len(name), name))

    def check(self) -> None:
        """Raises Rejected: sheet_too_sparse, sheet_too_large."""
        columns = 0
        for letter in self._column:
            columns = columns * 26 + letter - ord("A") + 1
        area = columns * self._rows
        if area > MAX_AREA:
            sparse = self._cells < area * _SPARSE
            raise Rejected("sheet_too_sparse" if sparse else "sheet_too_large")


def read(source: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """Words and text of a workbook, a row on each line and each sheet as a page."""
    if not any(map(is_sheet, archive.namelist())):
        # Charts only, or nothing.
        return TextCollector().facts()
    collector = TextCollector()
    try:
        with CalamineWorkbook.from_path(source) as workbook:
            names = workbook.sheet_names
            for number, name in enumerate(names):
                if number:
                    collector.turn_page()
                collector.add(name)
                for row in workbook.get_sheet_by_name(name).iter_rows():
                    collector.add("\t".join([_shown(cell) for cell in row if cell != ""]))
    except MemoryError:
        raise
    except BaseException as error:
        # Its errors have no common class, and where it panics that is no Exception.
        raise Rejected("corrupt_zip") from error
    return collector.facts() | {
        "metadata": {"sheets": [fact(n)[:_NAME_CHARS] for n in names[:_MOST_NAMES]]}
    }


def _shown(cell: object) -> str:
    """As the sheet shows it: it keeps every number with a fraction."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
