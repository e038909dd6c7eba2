"""The first sheet of a workbook that is not hidden, row by row. Runs inside the sandbox."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from edge_jobs.files import archive, sheet
from edge_jobs.files.kinds import Kind, Rejected
from edge_jobs.imports.refused import Refused
from edge_jobs.imports.text import Row

_ERROR = re.compile(rb"""(<(?:\w+:)?c\s(?:[^<>]*?\s)?t=)(?:"e"|'e')""")
# From here on two numbers may be kept as one.
_INEXACT = 2.0**53


def rows(source: Path) -> Iterator[Row]:
    """Each row that is not empty, with its number in the sheet; as wide as the first of them.

    Raises Refused with the codes of edge_jobs.files.archive, or type_mismatch.
    """
    _guard(source)
    width = 0
    try:
        with CalamineWorkbook.from_object(_with_errors_as_text(source)) as book:
            for line, found in enumerate(_shown_first(book), 1):
                cells = [shown(cell) for cell in found]
                while cells and not cells[-1] and len(cells) > width:
                    cells.pop()
                if any(cells):
                    width = width or len(cells)
                    yield line, cells
    except (MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        # Its errors have no common class, and where it panics that is no Exception.
        raise Refused("corrupt_zip") from error


def _shown_first(book: CalamineWorkbook) -> Iterator[Sequence[object]]:
    """The rows of the sheet that people see first."""
    for known in book.sheets_metadata:
        if (known.typ, known.visible) == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible):
            yield from book.get_sheet_by_name(known.name).iter_rows()
            return


def _with_errors_as_text(source: Path) -> Path | io.BytesIO:
    """The workbook, where a formula failed with the error as text: the reader makes a blank of some
    and takes the file for damaged because of others."""
    with zipfile.ZipFile(source) as opened:
        found = {
            name: mended
            for name in filter(sheet.is_sheet, opened.namelist())
            if (mended := _ERROR.sub(rb'\1"str"', raw := opened.read(name))) != raw
        }
        if not found:
            return source
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for name in opened.namelist():
                target.writestr(name, found[name] if name in found else opened.read(name))
    copy.seek(0)
    return copy


def _guard(source: Path) -> None:
    try:
        with zipfile.ZipFile(source) as opened:
            archive.guard(opened)
            if archive.kind_of(opened) != Kind.XLSX:
                raise Refused("type_mismatch")
    except Rejected as rejected:
        raise Refused(rejected.code) from rejected
    except archive.DAMAGE as error:
        raise Refused("corrupt_zip") from error


def shown(cell: object) -> str:
    """As a CSV file would have it: days as year-month-day, numbers of fifteen digits, as programs
    show them, whole ones without a fraction."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        if not abs(cell) < _INEXACT:
            return "#NUM!"
        if not cell.is_integer():
            cell = float(f"{cell:.15g}")
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        midnight = cell.time().isoformat() == "00:00:00"
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date | timedelta):
        return str(cell)
    return str(cell).strip()
