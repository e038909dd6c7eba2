"""What office documents say, streamed from their XML. Runs inside the sandbox, behind the guard of
edge_jobs.files.archive."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from PIL import Image

from edge_jobs.files.image import MAX_PIXELS
from edge_jobs.files.kinds import Kind, Rejected
from edge_jobs.files.preview import save_thumbnail
from edge_jobs.files.text import TextCollector, fact

_TEXT_PARTS = {
    Kind.DOCX: re.compile(r"word/document\.xml"),
    Kind.PPTX: re.compile(r"ppt/slides/slide\d+\.xml"),
    Kind.ODT: re.compile(r"content\.xml"),
    Kind.ODS: re.compile(r"content\.xml"),
    Kind.ODP: re.compile(r"content\.xml"),
}
# Each of these elements is a page, slide or sheet.
_PAGES = {Kind.PPTX: "sld", Kind.ODP: "page", Kind.ODS: "table"}
_COUNTED = (Kind.PPTX, Kind.ODP)

_METADATA_PARTS = ("docProps/core.xml", "meta.xml")
_METADATA = {
    "title": "Title",
    "subject": "Subject",
    "creator": "Author",
    "initial-creator": "Author",
    "created": "CreationDate",
    "creation-date": "CreationDate",
    "modified": "ModDate",
    "date": "ModDate",
}

# What the office program drew when it saved the document.
_PICTURE = re.compile(r"docProps/thumbnail\.(?:jpe?g|png)|Thumbnails/thumbnail\.png")


def read(archive: zipfile.ZipFile, kind: Kind) -> dict[str, Any]:
    """Words and text of a document that is not read cell by cell; pages of a presentation."""
    collector = TextCollector()
    parts = [name for name in archive.namelist() if _TEXT_PARTS[kind].fullmatch(name)]
    pages = 0
    for name in sorted(parts, key=lambda part: (len(part), part)):
        pages = _collect(archive, name, kind, collector, pages)
    return collector.facts() | ({"pages": pages} if kind in _COUNTED else {})


def said(archive: zipfile.ZipFile) -> dict[str, str]:
    """Who wrote the document and when, by its own account."""
    metadata: dict[str, str] = {}
    for name in _METADATA_PARTS:
        if name in archive.NameToInfo:
            _parse(archive, name, on_end=lambda tag, text: _note(metadata, tag, text))
    return metadata


def picture(archive: zipfile.ZipFile, folder: Path) -> None:
    """The picture of the first page, where the document has one that is sound."""
    for name in filter(_PICTURE.fullmatch, archive.namelist()):
        try:
            with (
                archive.open(name) as stream,
                Image.open(stream, formats=["JPEG", "PNG"]) as found,
            ):
                if found.width * found.height <= MAX_PIXELS:
                    save_thumbnail(found, folder)
        except MemoryError:
            raise
        except Exception:  # noqa: S112 - Pillow raises whatever its readers stumble over
            continue


def _note(metadata: dict[str, str], tag: str, text: str) -> None:
    if (key := _METADATA.get(tag)) and (value := fact(text)):
        metadata.setdefault(key, value)


def _collect(
    archive: zipfile.ZipFile, name: str, kind: Kind, collector: TextCollector, pages: int
) -> int:
    """Adds one part. In OOXML text lives in ``t`` elements only, in ODF all over a paragraph."""
    words: list[str] = []
    open_elements: list[str] = []
    runs_only = kind in (Kind.DOCX, Kind.PPTX)

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal pages
        local = tag.rpartition(":")[2]
        open_elements.append(local)
        if local in ("tab", "br", "s", "line-break"):
            words.append(" ")
        elif local == _PAGES.get(kind):
            if pages:
                collector.turn_page()
            pages += 1

    def characters(data: str) -> None:
        if not runs_only or open_elements[-1] == "t":
            words.append(data)

    def end(_tag: str) -> None:
        if open_elements.pop() in ("p", "h"):
            collector.add("".join(words))
            words.clear()

    parser = _parser()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.EndElementHandler = end
    with archive.open(name) as stream:
        parser.ParseFile(stream)
    return pages


def _parse(archive: zipfile.ZipFile, name: str, on_end: Callable[[str, str], None]) -> None:
    """Calls ``on_end`` with the local name and the text of each element."""
    text: list[str] = []

    def end(tag: str) -> None:
        on_end(tag.rpartition(":")[2], "".join(text))
        text.clear()

    parser = _parser()
    parser.StartElementHandler = lambda *_: text.clear()
    parser.CharacterDataHandler = text.append
    parser.EndElementHandler = end
    with archive.open(name) as stream:
        parser.ParseFile(stream)


def _parser() -> "expat.XMLParserType":
    def refuse(*_: object) -> None:
        # Spelt in an encoding in which the guard did not see it.
        raise Rejected("doctype_forbidden")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    return parser
