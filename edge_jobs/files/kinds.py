"""The kinds of files a firm may keep, told apart by content and never by name."""

from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO


class Kind(StrEnum):
    """An allowed kind; the value is its media type."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    CSV = "text/csv"
    TEXT = "text/plain"


SUFFIXES = {
    ".pdf": Kind.PDF,
    ".docx": Kind.DOCX,
    ".xlsx": Kind.XLSX,
    ".pptx": Kind.PPTX,
    ".odt": Kind.ODT,
    ".png": Kind.PNG,
    ".jpg": Kind.JPEG,
    ".jpeg": Kind.JPEG,
    ".webp": Kind.WEBP,
    ".csv": Kind.CSV,
    ".txt": Kind.TEXT,
    ".md": Kind.TEXT,
}

# Content cannot tell a table of text from other text.
_PLAIN = {Kind.CSV, Kind.TEXT}

_HEAD_BYTES = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = (b"<!doctype html", b"<html", b"<svg", b"<script")


class Rejected(Exception):
    """The content may not be kept; ``code`` is the stable reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def expected(name: str, declared: str) -> Kind | None:
    """The kind that the declared media type promises, or None where the file name promises another.

    A name without an ending promises nothing.
    """
    try:
        promised = Kind(declared.split(";")[0].strip().lower())
    except ValueError:
        return None
    suffix = PurePosixPath(name.lower()).suffix
    if suffix and not (suffix in SUFFIXES and agrees(SUFFIXES[suffix], promised)):
        return None
    return promised


def agrees(found: Kind, promised: Kind) -> bool:
    """Whether content of kind ``found`` keeps the promise of its name."""
    return found == promised or (found in _PLAIN and promised in _PLAIN)


def sniff(source: Path) -> Kind | None:
    """The kind by leading bytes: DOCX for any zip, None for plain text or something unknown.

    Raises Rejected for what is recognised and never allowed.
    """
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head.startswith(b"%PDF-"):
            return Kind.PDF
        if b"%PDF-" in head:
            raise Rejected("polyglot")
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return Kind.PNG
        if head.startswith(b"\xff\xd8\xff"):
            return Kind.JPEG
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return Kind.WEBP
        if head.startswith(b"PK\x03\x04"):
            return Kind.DOCX
        if head.startswith(_OLE):
            raise Rejected("encrypted" if _is_encrypted_office(file, head) else "type_not_allowed")
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
            raise Rejected("type_not_allowed")
    return None


def _is_encrypted_office(file: BinaryIO, head: bytes) -> bool:
    # An encrypted Office document is a compound file with a stream of this name in its directory.
    name = "EncryptedPackage".encode("utf-16-le")
    tail = head
    while chunk := file.read(1024 * 1024):
        if name in tail + chunk:
            return True
        tail = chunk[-len(name) :]
    return name in tail
