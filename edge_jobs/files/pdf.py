"""PDF: pages, words, text, metadata and a picture of the first page. Runs inside the sandbox."""

from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from edge_jobs.files.kinds import Rejected
from edge_jobs.files.text import TextCollector
from edge_jobs.files.thumbnail import MAX_EDGE, save

_METADATA = ("Title", "Author", "Subject", "Creator", "Producer", "CreationDate", "ModDate")
_METADATA_CHARS = 500


def read(source: Path, folder: Path) -> dict[str, Any]:
    """Facts of a PDF. Raises Rejected: encrypted, active_content, corrupt_pdf."""
    document = _open(source)
    if pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        raise Rejected("active_content")
    if pdfium.FPDFDoc_GetAttachmentCount(document) > 0:
        raise Rejected("active_content")
    collector = TextCollector()
    try:
        for index in range(len(document)):
            page = document[index]
            text_page = page.get_textpage()
            collector.add(text_page.get_text_range())
            text_page.close()
            page.close()
    except pypdfium2.PdfiumError as error:
        raise Rejected("corrupt_pdf") from error
    _draw(document, folder)
    flags = []
    if not collector.words:
        flags.append("no_text_layer")
    if pdfium.FPDF_GetSecurityHandlerRevision(document) >= 0:
        flags.append("owner_password")
    metadata = document.get_metadata_dict()
    return {
        "pages": len(document),
        "words": collector.words,
        "text": collector.text(),
        "flags": flags,
        "metadata": {
            key: metadata[key].replace("\x00", "")[:_METADATA_CHARS]
            for key in _METADATA
            if metadata.get(key)
        },
    }


def _open(source: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == pdfium.FPDF_ERR_PASSWORD
        raise Rejected("encrypted" if locked else "corrupt_pdf") from error
    if not len(document):
        raise Rejected("corrupt_pdf")
    return document


def _draw(document: pypdfium2.PdfDocument, folder: Path) -> None:
    page = document[0]
    # A scale, not a size in dots: a poster of 200,000 points costs no more than a letter.
    scale = MAX_EDGE / max(*page.get_size(), 1)
    save(page.render(scale=scale, may_draw_forms=False).to_pil(), folder)
