"""What a file is, decided on its bytes in the sandbox: real documents, then hostile ones."""

from pathlib import Path

import pytest
from PIL import Image

from edge_jobs.files.kinds import SUFFIXES, Kind
from edge_jobs.files.reasons import sentence
from tests.unit import documents
from tests.unit.looking import SAMPLES, look


@pytest.mark.parametrize(
    ("name", "pages", "words", "said"),
    [
        ("google-doc-document.pdf", 1, 177, "Beautiful is better than ugly."),
        ("libreoffice-form.pdf", 1, 18, "Example for a Form"),
        ("mistitled_outlines_example.pdf", 4, 1412, "Contents"),
        ("multicolumn.pdf", 3, 1041, "Two-Column Document"),
        ("pdflatex-4-pages.pdf", 4, 2603, "Hello, here is some text without a meaning."),
        ("testWORD_features.docx", None, 76, "consectetur adipiscing elit"),
        ("testPDF_protected.pdf", 41, 11480, "RETHINKING THE FINANCIAL NETWORK"),
        ("testEXCEL.xlsx", None, 55, "Sample Excel Worksheet"),
        ("testEXCEL_dateFormats.xlsx", None, 4, "2018-09-20"),
        ("protectedSheets.xlsx", None, 14, "защищена"),
        ("testComment.docx", None, 4, "Here is some text."),
        ("testPPT.pptx", 3, 45, "Attachment Test"),
        ("testStyles.odt", None, 16, "This is just a test."),
        ("professional-services-agreement.pdf", 6, 4113, "Professional Services Agreement"),
        ("mutual-nda.md", None, 1047, "Mutual Non-Disclosure Agreement"),
        ("testCSV.csv", None, 35, "Numbers and their Squares"),
    ],
)
def test_real_documents(
    tmp_path: Path, name: str, pages: int | None, words: int, said: str
) -> None:
    found = look(tmp_path, (SAMPLES / name).read_bytes(), name)
    assert (found["page_count"], found["word_count"]) == (pages, words)
    assert said in found["text"]
    assert found["mime"] == SUFFIXES[Path(name).suffix]


def test_pdf_has_a_picture_and_says_who_made_it(tmp_path: Path) -> None:
    raw = (SAMPLES / "google-doc-document.pdf").read_bytes()
    found = look(tmp_path, raw, "a.pdf")
    assert found["metadata"]["Title"] == "PDF Example Document"
    with Image.open(tmp_path / "work" / "thumbnail.webp") as thumbnail:
        assert thumbnail.format == "WEBP"
        assert max(thumbnail.size) == 400
        # Not an empty sheet: text was drawn on it.
        assert len(set(thumbnail.convert("L").tobytes())) > 20


def test_an_owner_password_is_only_noted(tmp_path: Path) -> None:
    found = look(tmp_path, (SAMPLES / "owner-password.pdf").read_bytes(), "a.pdf")
    assert found["page_count"] == 1
    assert found["metadata"]["flags"] == ["owner_password"]


def test_a_scan_has_no_text(tmp_path: Path) -> None:
    found = look(tmp_path, documents.pdf(content=b"0 0 100 100 re f"), "scan.pdf")
    assert (found["word_count"], found["text"]) == (0, "")
    assert found["metadata"]["flags"] == ["no_text_layer"]


def test_a_poster_of_200_000_points_is_drawn_small(tmp_path: Path) -> None:
    poster = documents.pdf(page="/UserUnit 1").replace(b"[0 0 595 842]", b"[0 0 200000 9]")
    assert look(tmp_path, poster, "poster.pdf")["page_count"] == 1
    with Image.open(tmp_path / "work" / "thumbnail.webp") as thumbnail:
        assert max(thumbnail.size) <= 400


def test_text_of_other_times(tmp_path: Path) -> None:
    assert look(tmp_path, "Müller;5\r\n".encode("cp1252"), "a.csv")["text"] == "Müller;5"


def test_text_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert look(tmp_path, "a;ü".encode("utf-16"), "a.csv")["text"] == "a;ü"


def test_a_table_as_large_as_the_store_takes(tmp_path: Path) -> None:
    line = b"2026-11-22;Harbour Foods;950.00\n"
    count = 50 * 1024**2 // len(line)
    found = look(tmp_path, line * count, "times.csv")
    assert found["word_count"] == 2 * count
    assert 999_000 < len(found["text"]) <= 1_000_000


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (b"", "empty.pdf", "file_empty"),
        (b"MZ\x90\x00" + bytes(200), "invoice.pdf", "type_mismatch"),
        (documents.docx(), "contract.pdf", "type_mismatch"),
        (documents.pdf(), "notes.txt", "type_mismatch"),
        (b"<html><script>1</script>" + documents.pdf(), "page.pdf", "polyglot"),
        (b"<svg onload='x()'/>", "logo.png", "type_not_allowed"),
        (documents.picture("PNG") + documents.docx(), "logo.png", "trailing_data"),
        (documents.picture("JPEG") + documents.docx(), "logo.jpg", "trailing_data"),
        (documents.picture("PNG") + b"more", "logo.png", "trailing_data"),
        (documents.picture("PNG")[:2000], "logo.png", "corrupt_image"),
        (documents.huge_png(), "logo.png", "image_too_large"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "noise.pdf", "corrupt_pdf"),
        (documents.pdf()[:200], "cut.pdf", "corrupt_pdf"),
        (documents.looping_pdf(), "loop.pdf", "corrupt_pdf"),
        (
            documents.pdf(catalog="/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(app)>>]>>>>"),
            "script.pdf",
            "active_content",
        ),
        (documents.docx({"../x": "y"}), "a.docx", "unsafe_path"),
        (documents.docx({"word/media/a.bin": bytes(8 << 20)}), "a.docx", "bomb_ratio"),
        (documents.docx({"word/vbaProject.bin": "x"}), "a.docx", "macro"),
        (
            documents.docx(types=documents.WORD_TYPES.replace("document.main", "macroEnabled.x")),
            "renamed.docx",
            "macro",
        ),
        (
            documents.docx(body='<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
            "a.docx",
            "doctype_forbidden",
        ),
        (documents.docx(body="<open>"), "a.docx", "corrupt_zip"),
        (documents.docx()[:-30], "a.docx", "corrupt_zip"),
        (documents.lying_docx(), "a.docx", "corrupt_zip"),
        (documents.docx(types="<Types/>"), "archive.docx", "type_not_allowed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "old.docx", "type_not_allowed"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + bytes(1016)
            + "EncryptedPackage".encode("utf-16-le"),
            "locked.docx",
            "encrypted",
        ),
    ],
)
def test_refusals(tmp_path: Path, raw: bytes, name: str, code: str) -> None:
    assert look(tmp_path, raw, name) == {"rejected": code}
    assert sentence(code, name).startswith(f"“{name}” ")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("password.pdf", "encrypted"),
        ("with-attachment.pdf", "active_content"),
        ("testWORD_truncated.docx", "corrupt_zip"),
    ],
)
def test_refusals_of_real_documents(tmp_path: Path, name: str, code: str) -> None:
    assert look(tmp_path, (SAMPLES / name).read_bytes(), name) == {"rejected": code}


def test_a_bomb_costs_no_more_than_its_limits(tmp_path: Path) -> None:
    assert look(tmp_path, documents.hungry_pdf(), "a.pdf") == {"rejected": "too_complex"}


def test_name_and_declared_type_must_agree(tmp_path: Path) -> None:
    raw = documents.pdf()
    assert look(tmp_path, raw, "a.docx", Kind.PDF) == {"rejected": "type_mismatch"}
