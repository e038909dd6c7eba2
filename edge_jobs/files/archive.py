"""Office documents are zip files: guard them, tell them apart, read them. Runs in the sandbox."""

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

from edge_jobs.files.kinds import Kind, Rejected
from edge_jobs.files.text import TextCollector

MAX_TOTAL_BYTES = 256 * 1024**2
MAX_RATIO = 200
MAX_MEMBERS = 10_000

_RATIO_COUNTS_FROM = 1024**2
_CHUNK = 256 * 1024
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("ascii", "utf-16-le", "utf-16-be"))

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, expat.ExpatError)

_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": Kind.DOCX,
    b"spreadsheetml.sheet.main+xml": Kind.XLSX,
    b"presentationml.presentation.main+xml": Kind.PPTX,
}
_TEXT_PARTS = {
    Kind.DOCX: re.compile(r"word/document\.xml"),
    Kind.XLSX: re.compile(r"xl/sharedStrings\.xml"),
    Kind.PPTX: re.compile(r"ppt/slides/slide\d+\.xml"),
    Kind.ODT: re.compile(r"content\.xml"),
}


def read(source: Path) -> tuple[Kind, dict[str, Any]]:
    """Kind and facts of an office document.

    Raises Rejected: corrupt_zip, encrypted, unsafe_path, bomb_ratio, macro, doctype_forbidden,
    type_not_allowed (a zip that is no office document).
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _guard(archive)
            kind = _kind(archive)
            return kind, _text(archive, kind)
    except _DAMAGE as error:
        raise Rejected("corrupt_zip") from error


def _guard(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_TOTAL_BYTES:
        raise Rejected("bomb_ratio")
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
            raise Rejected("unsafe_path")
        if member.flag_bits & 1:
            raise Rejected("encrypted")
        if path.name.lower() in ("vbaproject.bin", "vbadata.xml") or path.parts[:1] == ("Basic",):
            raise Rejected("macro")
        large = member.file_size > _RATIO_COUNTS_FROM
        if large and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise Rejected("bomb_ratio")
    # Reading everything once checks every CRC, so a member that lies about its size is found.
    for member in members:
        _scan(archive, member)


def _scan(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    markup = member.filename.lower().endswith((".xml", ".rels"))
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            if markup and any(doctype in tail + chunk for doctype in _DOCTYPES):
                raise Rejected("doctype_forbidden")
            tail = chunk[-32:]


def _kind(archive: zipfile.ZipFile) -> Kind:
    names = set(archive.namelist())
    if "mimetype" in names:
        if archive.read("mimetype").strip() == Kind.ODT.encode():
            return Kind.ODT
    elif "[Content_Types].xml" in names:
        types = archive.read("[Content_Types].xml")
        if b"macroEnabled" in types:
            raise Rejected("macro")
        for main, kind in _MAIN_PARTS.items():
            if main in types:
                return kind
    raise Rejected("type_not_allowed")


def _text(archive: zipfile.ZipFile, kind: Kind) -> dict[str, Any]:
    collector = TextCollector()
    parts = [name for name in archive.namelist() if _TEXT_PARTS[kind].fullmatch(name)]
    for name in sorted(parts, key=lambda part: (len(part), part)):
        _collect(archive, name, collector, runs_only=kind != Kind.ODT)
    facts: dict[str, Any] = {"words": collector.words, "text": collector.text()}
    if kind == Kind.PPTX:
        facts["pages"] = len(parts)
    return facts


def _collect(
    archive: zipfile.ZipFile, name: str, collector: TextCollector, *, runs_only: bool
) -> None:
    """Stream one part. In OOXML text lives in ``t`` elements only, in ODF all over a paragraph."""
    words: list[str] = []
    open_elements: list[str] = []

    def start(tag: str, _attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        open_elements.append(local)
        if local in ("tab", "br", "s", "line-break"):
            words.append(" ")

    def characters(data: str) -> None:
        if not runs_only or open_elements[-1] == "t":
            words.append(data)

    def end(_tag: str) -> None:
        if open_elements.pop() in ("p", "h", "si"):
            collector.add("".join(words))
            words.clear()

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.EndElementHandler = end
    with archive.open(name) as stream:
        parser.ParseFile(stream)
