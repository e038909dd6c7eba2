"""The real documents, and those made to do harm."""

import io
from collections.abc import Mapping
from itertools import cycle, islice
from pathlib import Path

import pypdfium2

from cli.local.config import ROOT
from edge_jobs.files.kinds import SUFFIXES
from tests.unit import documents

SAMPLES = ROOT / "tests" / "samples"
# Kept for the tests of what is refused.
_REFUSED = ("password.pdf", "with-attachment.pdf", "testWORD_truncated.docx", "README.md")


def real() -> list[Path]:
    """One of each, in the order of their names."""
    return sorted(p for p in SAMPLES.iterdir() if p.suffix in SUFFIXES and p.name not in _REFUSED)


def mixed(count: int) -> list[Path]:
    return list(islice(cycle(real()), count))


def fifty_pages() -> bytes:
    """Fifty pages out of what real PDFs have."""
    made = pypdfium2.PdfDocument.new()
    sources = [pypdfium2.PdfDocument(p) for p in real() if p.suffix == ".pdf"]
    for source in cycle(sources):
        pages = range(min(len(source), 50 - len(made)))
        if not pages:
            break
        made.import_pages(source, list(pages))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def hostile() -> Mapping[str, tuple[str, bytes]]:
    """By what they are, the name they come with and their bytes."""
    deep = "<w:b>" * 40_000 + "</w:b>" * 40_000
    return {
        "PDF flate bomb": ("a.pdf", documents.hungry_pdf()),
        "page-tree loop": ("a.pdf", documents.looping_pdf()),
        "docx bomb": ("a.docx", documents.docx({"word/media/a": bytes(200 << 20)})),
        "docx of 257 parts": (
            "a.docx",
            documents.docx({f"word/{n}": bytes(1 << 20) for n in range(257)}),
        ),
        "deep XML": ("a.docx", documents.docx(body=f'<w:a xmlns:w="w">{deep}</w:a>')),
        "sparse workbook": ("a.xlsx", documents.xlsx(documents.far_cell())),
        "workbook of 16 million empty rows": (
            "a.xlsx",
            documents.xlsx(documents.far_cell("O1048576")),
        ),
        "sheet of 1 GB": ("a.xlsx", documents.gigabyte_sheet()),
        "50,000 × 50,000 pixels": ("a.png", documents.huge_png()),
        "50 million pixels": ("a.png", documents.picture("PNG", (7071, 7071))),
        "mails within mails": (
            "a.eml",
            b"Subject: a\nContent-Type: message/rfc822\n\n" * 3000,
        ),
    }
