"""The kinds of files a firm may keep, told apart by content and never by name."""

import re
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO


class Kind(StrEnum):
    """An allowed kind; the value is its media type. The bucket's list says the same."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODP = "application/vnd.oasis.opendocument.presentation"
    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    HEIC = "image/heic"
    CSV = "text/csv"
    TEXT = "text/plain"
    EML = "message/rfc822"
    MSG = "application/vnd.ms-outlook"


SUFFIXES = {
    ".pdf": Kind.PDF,
    ".docx": Kind.DOCX,
    ".xlsx": Kind.XLSX,
    ".pptx": Kind.PPTX,
    ".odt": Kind.ODT,
    ".ods": Kind.ODS,
    ".odp": Kind.ODP,
    ".png": Kind.PNG,
    ".jpg": Kind.JPEG,
    ".jpeg": Kind.JPEG,
    ".webp": Kind.WEBP,
    ".tif": Kind.TIFF,
    ".tiff": Kind.TIFF,
    ".heic": Kind.HEIC,
    ".heif": Kind.HEIC,
    ".csv": Kind.CSV,
    ".txt": Kind.TEXT,
    ".md": Kind.TEXT,
    ".eml": Kind.EML,
    ".msg": Kind.MSG,
}

# Content cannot tell a table of text from other text.
_PLAIN = {Kind.CSV, Kind.TEXT}

_HEAD_BYTES = 1024
_BEGINNINGS = {
    b"%PDF-": Kind.PDF,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"\xff\xd8\xff": Kind.JPEG,
    b"II*\x00": Kind.TIFF,
    b"MM\x00*": Kind.TIFF,
    b"PK\x03\x04": Kind.DOCX,
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}
# Behind any number of comments; an XML document of whatever sort runs scripts in a browser too.
_MARKUP = re.compile(
    rb"(?:\s|<!--.*?-->)*<(?:\?xml|!doctype|html|head|body|svg|script|iframe)\b", re.I | re.S
)


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
        if b"%PDF-" in head[1:]:
            raise Rejected("polyglot")
        for beginning, kind in _BEGINNINGS.items():
            if head.startswith(beginning):
                return kind
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return Kind.WEBP
        if head[4:8] == b"ftyp":
            return _film_or_picture(head)
        if head.startswith(_OLE):
            return _compound(file, head)
    # In UTF-16 every other byte is none; no other encoding has such bytes in a text.
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").replace(b"\x00", b"")):
        raise Rejected("type_not_allowed")
    return None


def _film_or_picture(head: bytes) -> Kind:
    brands = head[8 : int.from_bytes(head[:4])]
    if _HEIC_BRANDS.isdisjoint(brands[at : at + 4] for at in range(0, len(brands), 4)):
        raise Rejected("type_not_allowed")
    return Kind.HEIC


def _compound(file: BinaryIO, head: bytes) -> Kind:
    """Tells what an OLE file is by the names in its directory: a mail, or an Office document that
    is locked or older than the kinds that are kept."""
    locked, mail = (
        name.encode("utf-16-le") for name in ("EncryptedPackage", "__properties_version1.0")
    )
    found, tail = set(), head
    while chunk := tail[-len(mail) :] + (more := file.read(1024 * 1024)):
        found |= {name for name in (locked, mail) if name in chunk or name in tail}
        tail = chunk
        if not more:
            break
    if locked in found:
        raise Rejected("encrypted")
    if mail not in found:
        raise Rejected("type_not_allowed")
    return Kind.MSG
