"""Text of plain files, and the one bounded collector that every reader fills."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from pathlib import Path
from typing import Any

from edge_jobs.files.kinds import Rejected

# Enough to search a book by; a row of a table is no place for more.
MAX_CHARS = 1_000_000
MAX_FACT_CHARS = 500

_BLOCK = 1024**2
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))


def storable(text: str) -> str:
    """Without what PostgreSQL refuses: NUL, and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


class TextCollector:
    """Counts every word and keeps the first million characters, with a form feed between pages."""

    def __init__(self) -> None:
        self.words = 0
        self._pages: list[list[str]] = [[]]
        self._room = MAX_CHARS

    def add(self, text: str) -> None:
        """Take a paragraph, row or page; a word never spans two calls."""
        clean = storable(text).replace("\r\n", "\n").replace("\f", "\n")
        self.words += len(clean.split())
        if self._room > 0 and clean.strip():
            self._pages[-1].append(clean[: self._room])
            self._room -= len(clean) + 1

    def turn_page(self) -> None:
        """What comes next is on another page, slide or sheet."""
        if self._room > 0:
            self._pages.append([])
            self._room -= 1

    def facts(self) -> dict[str, Any]:
        text = "\f".join("\n".join(page).strip() for page in self._pages)
        return {"words": self.words, "text": text}


def fact(value: object) -> str:
    """What a document says of itself, as much of it as is kept."""
    return storable(str(value)).strip()[:MAX_FACT_CHARS]


def read(source: Path) -> dict[str, Any]:
    """Facts of a plain text file. Raises Rejected type_mismatch for bytes that are no text."""
    collector = TextCollector()
    with source.open(encoding=_encoding(source), errors="replace") as file:
        while block := file.read(_BLOCK):
            first, *others = (block + file.readline()).rstrip("\n").split("\f")
            collector.add(first)
            for page in others:
                collector.turn_page()
                collector.add(page)
    return collector.facts()


def _encoding(source: Path) -> str:
    decoder = getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    with source.open("rb") as file:
        if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        while chunk := file.read(_BLOCK):
            if len(chunk.translate(None, _CONTROLS)) < len(chunk):
                raise Rejected("type_mismatch")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                # Old spreadsheets still export Windows-1252: every byte is some character there.
                encoding = "cp1252"
    return encoding
