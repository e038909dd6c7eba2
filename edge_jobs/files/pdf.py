"""PDF: pages, words, text, metadata and pictures of the first pages. Runs inside the sandbox."""

import io
import re
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from edge_jobs.files.kinds import Rejected
from edge_jobs.files.preview import PAGE_EDGE, PAGES, save_preview, save_thumbnail
from edge_jobs.files.text import TextCollector, fact

_METADATA = ("Title", "Author", "Subject", "Creator", "Producer", "CreationDate", "ModDate")

# Scripts, programs and files that open from within the document, as pdfium writes their names.
_ACTIVE = re.compile(
    rb"/(?:(?<=[\s>\])S]/)(?:JavaScript|JS|Launch|Rendition|ImportData)\b"
    rb"|EF\s*<<|EmbeddedFile\b|RichMedia\b)"
)
# Where none of this is in the file itself, none of it is packed, encrypted or spelt otherwise.
_SUSPICIOUS = re.compile(
    rb"/(?:JavaScript|JS|Launch|Rendition|ImportData|EF|EmbeddedFile|RichMedia"
    rb"|ObjStm|XRef|Encrypt|[!-~]{0,15}?#[0-9A-Fa-f]{2})"
)
# A hyphen at the end of a line, where a word goes on.
_HYPHEN = re.compile("[\x02\ufffe](?:\r?\n)?")

# A page with a letter on it. The table of its objects is left for pdfium to make.
_LETTER = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>
endobj
4 0 obj<</Length 21>>stream
BT /F 9 Tf (a) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


def warm_up() -> None:
    """Has pdfium and Pillow make what they make once: 20 ms that a fork need not spend."""
    with pypdfium2.PdfDocument(_LETTER) as document:
        read_pages(document)
        document[0].render().to_pil().save(io.BytesIO(), "WEBP")


def read(source: Path, folder: Path) -> dict[str, Any]:
    """Facts of a PDF. Raises Rejected: encrypted, polyglot, active_content, corrupt_pdf."""
    if zipfile.is_zipfile(source):
        raise Rejected("polyglot")
    document = open_document(source)
    if is_active(document, source):
        raise Rejected("active_content")
    facts = read_pages(document, folder)
    flags = []
    if not facts["words"]:
        flags.append("no_text_layer")
    if pdfium.FPDF_GetSecurityHandlerRevision(document) >= 0:
        flags.append("owner_password")
    said = document.get_metadata_dict()
    metadata = {key: fact(said[key]) for key in _METADATA if said.get(key)}
    return {"pages": len(document), "flags": flags, "metadata": metadata, **facts}


def open_document(source: Path) -> pypdfium2.PdfDocument:
    """Raises Rejected: encrypted, corrupt_pdf."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == pdfium.FPDF_ERR_PASSWORD
        raise Rejected("encrypted" if locked else "corrupt_pdf") from error
    if not len(document):
        raise Rejected("corrupt_pdf")
    return document


def is_active(document: pypdfium2.PdfDocument, source: Path) -> bool:
    """Whether something runs, or opens, from within it."""
    if pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        return True
    if pdfium.FPDFDoc_GetAttachmentCount(document) > 0:
        return True
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as raw:
        if not _SUSPICIOUS.search(raw):
            return False
    # pdfium counts what belongs to the document as a whole. What opens with a page or at a click
    # is found in a copy it writes: no object packed or encrypted, every name spelt out.
    plain = io.BytesIO()
    document.save(plain, flags=pdfium.FPDF_REMOVE_SECURITY)
    return _ACTIVE.search(plain.getbuffer()) is not None


def read_pages(document: pypdfium2.PdfDocument, folder: Path | None = None) -> dict[str, Any]:
    """Words and text; pictures of the first pages go into ``folder``.

    Raises Rejected corrupt_pdf.
    """
    collector = TextCollector()
    try:
        for index in range(len(document)):
            if index:
                collector.turn_page()
            # To load it is the better part of reading it.
            page = document[index]
            collector.add(_text(page))
            if folder and index < PAGES:
                _draw(page, folder, index + 1)
            page.close()
    except pypdfium2.PdfiumError as error:
        raise Rejected("corrupt_pdf") from error
    return collector.facts()


def _text(page: pypdfium2.PdfPage) -> str:
    text_page = page.get_textpage()
    text: str = text_page.get_text_range()
    text_page.close()
    if "\x02" in text or "\ufffe" in text:
        text = _HYPHEN.sub("", text)
    return text


def _draw(page: pypdfium2.PdfPage, folder: Path, number: int) -> None:
    # A scale, not a size in dots: a poster of 200,000 points costs no more than a letter.
    scale = PAGE_EDGE / max(*page.get_size(), 1)
    # Pixels in the order that Pillow has them: it takes them as they are.
    drawn = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True, prefer_bgrx=True)
    picture = drawn.to_pil()
    save_preview(picture, folder, number)
    if number == 1:
        save_thumbnail(picture, folder)
