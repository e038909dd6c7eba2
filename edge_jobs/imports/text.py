"""CSV files, row by row: UTF-8, divided by commas, and strictly so. Runs inside the sandbox."""

import csv
from collections.abc import Iterator
from pathlib import Path

from edge_jobs.imports.refused import Refused

Row = tuple[int, list[str]]

_BEHIND_A_QUOTE = "expected after"
_TOO_LONG = "field larger"


def rows(source: Path) -> Iterator[Row]:
    """Each row that is not empty, with the line it begins in.

    Raises Refused: not_utf8, field_too_long, junk_after_quote, unclosed_quote. Where one row cannot
    be told from the next, no later one can be trusted.
    """
    if _is_utf16(source):
        raise Refused("not_utf8", "utf-16", 1)
    line = 1
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise _not_utf8(source) from error
        except csv.Error as error:
            said = str(error)
            if _TOO_LONG in said:
                raise Refused("field_too_long", line=line) from error
            if _BEHIND_A_QUOTE in said:
                raise Refused("junk_after_quote", line=line) from error
            raise Refused("unclosed_quote", line=line) from error


def _is_utf16(source: Path) -> bool:
    with source.open("rb") as file:
        head = file.read(2)
    # Without a mark at its beginning, every other byte of what is mostly ASCII is none.
    return head in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head


def _not_utf8(source: Path) -> Refused:
    """Names the first line that is not UTF-8, and what the file may be instead."""
    # Lines as the reader counts them; what is no UTF-8 stands there as what cannot be written.
    with source.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        wrong = next(n for n, line in enumerate(file, 1) if not _is_utf8(line))
    return Refused("not_utf8", "windows-1252", wrong)


def _is_utf8(line: str) -> bool:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def has_nul(source: Path) -> bool:
    with source.open("rb") as file:
        return any(b"\x00" in chunk for chunk in iter(lambda: file.read(1 << 20), b""))
