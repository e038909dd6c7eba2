"""Text of plain files, and the one bounded collector that every reader fills."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from pathlib import Path
from typing import Any

from edge_jobs.files.kinds import Rejected

# Enough to search a book by; a row of a table is no place for more.
MAX_CHARS = 1_000_000

_BLOCK = 1024**2
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))


class TextCollector:
    """Counts every word and keeps the first million characters, free of what Postgres refuses."""

    def __init__(self) -> None:
        self.words = 0
        self._kept: list[str] = []
        self._room = MAX_CHARS

    def add(self, text: str) -> None:
        """Take one page, slide or paragraph; a word never spans two calls."""
        clean = text.replace("\x00", "").replace("\r\n", "\n")
        clean = clean.encode("utf-8", "ignore").decode("utf-8")
        self.words += len(clean.split())
        if self._room > 0 and clean.strip():
            self._kept.append(clean[: self._room])
            self._room -= len(clean) + 1

    def text(self) -> str:
        """What was kept, one call's text per block."""
        return "\n".join(self._kept).strip()


def read(source: Path) -> dict[str, Any]:
    """Facts of a plain text file. Raises Rejected type_mismatch for bytes that are no text."""
    collector = TextCollector()
    with source.open(encoding=_encoding(source), errors="replace") as file:
        while block := file.read(_BLOCK):
            collector.add((block + file.readline()).rstrip("\n"))
    return {"words": collector.words, "text": collector.text()}


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
