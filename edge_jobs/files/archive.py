"""Office documents are zip files: guard them and tell them apart. Runs inside the sandbox."""

import errno
import re
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

from edge_jobs.files import office, sheet
from edge_jobs.files.kinds import Kind, Rejected

MAX_TOTAL_BYTES = 256 * 1024**2
MAX_SHEET_BYTES = 128 * 1024**2
MAX_RATIO = 200
MAX_MEMBERS = 10_000

_RATIO_COUNTS_FROM = 1024**2
_CHUNK = 256 * 1024
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("ascii", "utf-16-le", "utf-16-be"))
_MACRO_PARTS = re.compile(
    r"(?:.*/)?(?:vbaproject\.bin|vbadata\.xml)|basic/.*|xl/macrosheets/.*|.*\.(?:do[ct]m|xls[mb]|"
    r"xltm|xlam|pp[ts]m|potm|ppam)",
    re.IGNORECASE,
)
# Charts keep their numbers in documents of their own.
_EMBEDDED = re.compile(r"(?:word|xl|ppt)/embeddings/[^/]+|Object[^/]*/.*")

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    expat.ExpatError,
    EOFError,
    NotImplementedError,
    ValueError,
)

_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": Kind.DOCX,
    b"spreadsheetml.sheet.main+xml": Kind.XLSX,
    b"presentationml.presentation.main+xml": Kind.PPTX,
}
_OPEN_DOCUMENTS = {kind.encode(): kind for kind in (Kind.ODT, Kind.ODS, Kind.ODP)}


def read(source: Path, folder: Path) -> tuple[Kind, dict[str, Any]]:
    """Kind and facts of an office document; a picture it brings along becomes the thumbnail.

    Raises Rejected: corrupt_zip, encrypted, polyglot, unsafe_path, bomb_ratio, sheet_too_large,
    sheet_too_sparse, macro, doctype_forbidden, type_not_allowed (a zip that is no office document,
    or that holds another one).
    """
    try:
        with zipfile.ZipFile(source) as archive:
            guard(archive)
            kind = kind_of(archive)
            office.picture(archive, folder)
            sheets = kind == Kind.XLSX
            facts = sheet.read(source, archive) if sheets else office.read(archive, kind)
            return kind, facts | {"metadata": facts.get("metadata", {}) | office.said(archive)}
    except DAMAGE as error:
        raise Rejected("corrupt_zip") from error
    except OSError as error:
        # An offset before the beginning of the file; other faults of a disk are not the file's.
        if error.errno != errno.EINVAL:
            raise
        raise Rejected("corrupt_zip") from error


def guard(archive: zipfile.ZipFile) -> None:
    """Refuses what no office program writes, before anything is unpacked that could grow."""
    members: list[zipfile.ZipInfo] = archive.infolist()
    for member in members:
        if sheet.is_sheet(member.filename) and member.file_size > MAX_SHEET_BYTES:
            raise Rejected("sheet_too_large")
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_TOTAL_BYTES:
        raise Rejected("bomb_ratio")
    if len(members) > len(archive.NameToInfo):
        # Which of two parts of the same name counts, programs disagree about.
        raise Rejected("corrupt_zip")
    for member in members:
        _guard_member(member)
    if min((member.header_offset for member in members), default=0):
        # Another archive, or something else, lies before the one that was found.
        raise Rejected("polyglot")
    # Reading everything once checks every CRC, so a member that lies about its size is found.
    for member in members:
        _scan(archive, member)


def _guard_member(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
        raise Rejected("unsafe_path")
    if member.flag_bits & 1:
        raise Rejected("encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Rejected("corrupt_zip")
    if _MACRO_PARTS.fullmatch(member.filename):
        raise Rejected("macro")
    large = member.file_size > _RATIO_COUNTS_FROM
    if large and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise Rejected("bomb_ratio")


def _scan(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    markup = member.filename.lower().endswith((".xml", ".rels"))
    extent = sheet.Extent() if sheet.is_sheet(member.filename) else None
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            whole = tail + chunk
            if not tail and chunk[:4] == b"PK\x03\x04" and not _EMBEDDED.fullmatch(member.filename):
                raise Rejected("type_not_allowed")
            if markup and any(doctype in whole for doctype in _DOCTYPES):
                raise Rejected("doctype_forbidden")
            if extent:
                extent.add(whole)
            tail = chunk[-32:]
    if extent:
        extent.check()


def kind_of(archive: zipfile.ZipFile) -> Kind:
    """Raises Rejected: encrypted, macro, type_not_allowed."""
    names = archive.NameToInfo
    if "mimetype" in names:
        if kind := _OPEN_DOCUMENTS.get(archive.read("mimetype").strip()):
            manifest = "META-INF/manifest.xml"
            if manifest in names and b"encryption-data" in archive.read(manifest):
                raise Rejected("encrypted")
            return kind
    elif "[Content_Types].xml" in names:
        types = archive.read("[Content_Types].xml")
        if b"macroEnabled" in types:
            raise Rejected("macro")
        for main, kind in _MAIN_PARTS.items():
            if main in types:
                return kind
    raise Rejected("type_not_allowed")
