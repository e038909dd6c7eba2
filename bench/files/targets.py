"""What the benchmark runs in the sandbox, beside the pipeline itself."""

from pathlib import Path
from typing import Any

from edge_jobs.files import pdf


def nothing(_source: Path, _folder: Path) -> dict[str, Any]:
    return {}


def pdf_text(source: Path, _folder: Path) -> dict[str, Any]:
    """As the pipeline does it, without the pictures."""
    document = pdf.open_document(source)
    return {"active": pdf.is_active(document, source), **pdf.read_pages(document)}
