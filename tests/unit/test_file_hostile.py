"""Documents that were made to do harm, each with its code, through the real sandbox."""

from pathlib import Path

import pytest

from edge_jobs.files.kinds import Kind
from edge_jobs.files.reasons import sentence
from tests.unit import documents, mails
from tests.unit.documents import docx, opendocument, packed_pdf, pdf, xlsx, zipped
from tests.unit.looking import look

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FORMAT = "<text:p>words</text:p>"
DOCTYPE = '<?xml version="1.0" encoding="{}"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><x>&i;</x>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (docx(body=LAUGHS), "a.docx", "doctype_forbidden"),
        (docx(body=OUTSIDE), "a.docx", "doctype_forbidden"),
        (
            docx({"word/document.xml": DOCTYPE.format("utf-16").encode("utf-16")}),
            "a.docx",
            "doctype_forbidden",
        ),
        (docx({"docProps/core.xml": LAUGHS}), "a.docx", "doctype_forbidden"),
        (docx({"word/_rels/document.xml.rels": OUTSIDE}), "a.docx", "doctype_forbidden"),
        (opendocument(Kind.ODT, FORMAT, {"meta.xml": LAUGHS}), "a.odt", "doctype_forbidden"),
        (docx({"word/vbaProject.bin": "x"}), "a.docx", "macro"),
        (docx({"word/VBAPROJECT.BIN": "x"}), "a.docx", "macro"),
        (xlsx("", {"xl/macrosheets/sheet1.xml": "<x/>"}), "a.xlsx", "macro"),
        (docx({"word/embeddings/inner.docm": "x"}), "a.docx", "macro"),
        (opendocument(Kind.ODS, FORMAT, {"Basic/script-lc.xml": "<x/>"}), "a.ods", "macro"),
        (zipped({"a.zip": zipped({"a": "b"})}), "a.docx", "type_not_allowed"),
        (docx({"word/media/a.zip": zipped({"a": "b"})}), "a.docx", "type_not_allowed"),
        (zipped({"setup.exe": b"MZ"}), "a.docx", "type_not_allowed"),
        (docx() + docx({"word/other.xml": "<x/>"}), "a.docx", "polyglot"),
        (documents.twice_docx(), "a.docx", "corrupt_zip"),
        (docx({"/etc/passwd": "x"}), "a.docx", "unsafe_path"),
        (docx({"word/../../x": "y"}), "a.docx", "unsafe_path"),
        (docx({"word\\x": "y"}), "a.docx", "unsafe_path"),
        (docx({f"word/{n}": "" for n in range(10_001)}), "a.docx", "bomb_ratio"),
        (docx({f"word/{n}": bytes(1 << 20) for n in range(257)}), "a.docx", "bomb_ratio"),
        (xlsx(documents.far_cell()), "a.xlsx", "sheet_too_sparse"),
        (
            xlsx(documents.far_cell("A1048576") + documents.far_cell("XFD9")),
            "a.xlsx",
            "sheet_too_sparse",
        ),
        (xlsx("", {"xl/workbook.xml": "<open>"}), "a.xlsx", "corrupt_zip"),
        (documents.gigabyte_sheet(), "a.xlsx", "sheet_too_large"),
        (
            opendocument(
                Kind.ODT, FORMAT, {"META-INF/manifest.xml": "<x><manifest:encryption-data/></x>"}
            ),
            "a.odt",
            "encrypted",
        ),
        (opendocument(Kind.ODT, FORMAT), "a.ods", "type_mismatch"),
        (mails.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "a.docx", "encrypted"),
        (mails.compound({"WordDocument": b"x"}), "a.docx", "type_not_allowed"),
        (mails.compound({}, {"x": {"__properties_version1.0": b""}}), "a.msg", "type_not_allowed"),
        (
            OLE + b"\xff" * 9000 + "__properties_version1.0".encode("utf-16-le"),
            "a.msg",
            "corrupt_message",
        ),
        (b"no header at all\n", "a.eml", "type_mismatch"),
        (b"Greeting: hello\n\nnobody sent this", "a.eml", "type_mismatch"),
        (b"MZ\x90\x00" + bytes(99), "a.eml", "type_mismatch"),
        (pdf() + zipped({"a": "b"}), "a.pdf", "polyglot"),
        (b"\n" + pdf(), "a.pdf", "polyglot"),
        (documents.looping_pdf(), "a.pdf", "corrupt_pdf"),
        (pdf(catalog="/OpenAction<</S/JavaScript/JS(app.alert)>>"), "a.pdf", "active_content"),
        (pdf(catalog="/OpenAction<</S/J#61vaScript/JS(x)>>"), "a.pdf", "active_content"),
        (pdf(catalog="/OpenAction<</S/JavaScrip#74/#4a#53(x)>>"), "a.pdf", "active_content"),
        (pdf(catalog="/OpenAction<</S %x\n/Launch/F(cmd.exe)>>"), "a.pdf", "active_content"),
        (pdf(page="/AA<</O<</S/Launch/F(cmd.exe)>>>>"), "a.pdf", "active_content"),
        (packed_pdf(b"<</S/JavaScript/JS(app.alert)>>"), "a.pdf", "active_content"),
        (
            pdf(catalog="/OpenAction<</S 6 0 R/J 1>>", extra=b"/JavaScript"),
            "a.pdf",
            "active_content",
        ),
        (
            pdf(page="/Annots[<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS<</EF<<>>>>>>]"),
            "a.pdf",
            "active_content",
        ),
        (b"<!-- x --><html><script>x()</script>", "a.txt", "type_not_allowed"),
        (b"\x7fELF\x02\x01\x01" + bytes(99), "a.csv", "type_mismatch"),
    ],
)
def test_refusals(tmp_path: Path, raw: bytes, name: str, code: str) -> None:
    assert look(tmp_path, raw, name) == {"rejected": code}
    assert sentence(code, name).startswith(f"“{name}” ")


def test_a_link_is_no_script(tmp_path: Path) -> None:
    raw = packed_pdf(b"<</S/URI/URI(https://example.com/JavaScript)>>")
    assert look(tmp_path, raw, "a.pdf")["page_count"] == 1


def test_charts_keep_their_numbers(tmp_path: Path) -> None:
    raw = docx({"word/embeddings/Microsoft_Excel_Sheet1.xlsx": xlsx(documents.far_cell("B2"))})
    assert look(tmp_path, raw, "a.docx")["word_count"] == 3


def test_parts_within_parts(tmp_path: Path) -> None:
    inner = "<w:p><w:t>Deep down.</w:t></w:p>"
    body = '<w:a xmlns:w="w">' + "<w:b>" * 40_000 + inner + "</w:b>" * 40_000 + "</w:a>"
    assert look(tmp_path, docx(body=body), "a.docx")["text"] == "Deep down."


def test_mails_within_mails(tmp_path: Path) -> None:
    raw = b"Subject: a\nContent-Type: message/rfc822\n\n" * 3000
    found = look(tmp_path, raw, "a.eml")
    assert found == {"rejected": "too_complex"} or found["mime"] == Kind.EML


@pytest.mark.parametrize(
    "text",
    [
        "A" * 1_000_000,
        "Aa " * 330_000,
        "Ab, " * 250_000,
        "1,111" * 200_000,
        "111 " * 250_000,
        "EUR " * 250_000,
        "12.12." * 160_000,
        "(“" * 500_000,
        "1 May " * 160_000,
        "<!-- " * 200_000,
    ],
)
def test_text_that_no_expression_may_stumble_over(tmp_path: Path, text: str) -> None:
    assert "text" in look(tmp_path, text.encode(), "a.txt")
