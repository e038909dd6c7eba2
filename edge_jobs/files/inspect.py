"""What the sandbox runs on one uploaded file."""

from pathlib import Path
from typing import Any

from edge_jobs.files import archive, text
from edge_jobs.files.kinds import Kind, Rejected, sniff


def inspect(source: Path, folder: Path) -> dict[str, Any]:
    """``{"kind": media type, …facts}``, or ``{"rejected": code}``.

    A thumbnail is left in ``folder``. Facts, each where the kind has it: pages, words, text,
    flags (list of str), metadata (dict).
    """
    try:
        kind = sniff(source)
        # The native libraries load for the kinds that need them only: each costs start-up time.
        if kind == Kind.PDF:
            from edge_jobs.files import pdf

            facts = pdf.read(source, folder)
        elif kind in (Kind.PNG, Kind.JPEG, Kind.WEBP):
            from edge_jobs.files import image

            facts = image.read(source, folder, kind)
        elif kind == Kind.DOCX:
            kind, facts = archive.read(source)
        else:
            kind, facts = Kind.TEXT, text.read(source)
    except Rejected as rejected:
        return {"rejected": rejected.code}
    return {"kind": kind, **facts}
