"""What the sandbox runs on one uploaded file."""

from codecs import lookup
from pathlib import Path
from typing import Any

from edge_jobs.files import archive, hints, image, language, mail, pdf, text
from edge_jobs.files.kinds import Kind, Rejected, sniff

_PICTURES = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.TIFF, Kind.HEIC)


def warm_up() -> None:
    """For the process that is forked for each file."""
    pdf.warm_up()
    # As names in a zip file, and texts, are spelt: modules of their own.
    for encoding in ("cp437", "utf-8-sig"):
        lookup(encoding)


def inspect(source: Path, folder: Path, promised: str | None) -> dict[str, Any]:
    """``{"kind": media type, …facts}``, or ``{"rejected": code}``.

    Pictures are left in ``folder``. Facts, each where the kind has it: pages, words, text,
    language, hints, flags (list of str), metadata (dict).
    """
    try:
        kind, facts = _read(source, folder, promised)
    except Rejected as rejected:
        return {"rejected": rejected.code}
    if words := facts.get("text"):
        facts |= {"language": language.detect(words), "hints": hints.find(words)}
    return {"kind": kind, **facts}


def _read(source: Path, folder: Path, promised: str | None) -> tuple[Kind, dict[str, Any]]:
    kind = sniff(source)
    if kind == Kind.PDF:
        return kind, pdf.read(source, folder)
    if kind in _PICTURES:
        return kind, image.read(source, folder, kind)
    if kind == Kind.DOCX:
        return archive.read(source, folder)
    if kind == Kind.MSG:
        return kind, mail.read_msg(source)
    # A mail is text too: only the promise tells which of the two is meant.
    if promised == Kind.EML:
        return Kind.EML, mail.read_eml(source)
    return Kind.TEXT, text.read(source)
