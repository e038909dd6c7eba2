"""What the pipeline learns: pages, languages, mails, and what a contract hints at."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_jobs.files import hints, language
from edge_jobs.files.kinds import Kind
from edge_jobs.files.text import MAX_CHARS
from tests.unit import documents, mails
from tests.unit.looking import SAMPLES, look


def test_every_page_has_its_place_in_the_text(tmp_path: Path) -> None:
    found = look(tmp_path, documents.long_pdf(300, "the unlikely phrase"), "book.pdf")
    pages = found["text"].split("\f")
    assert (found["page_count"], len(pages)) == (300, 300)
    assert (pages[0], pages[299]) == ("Page 1 of the report", "the unlikely phrase")


def test_an_empty_page_counts(tmp_path: Path) -> None:
    raw = documents.long_pdf(3, "last").replace(
        b"(Page 1 of the report)", b"(                    )"
    )
    assert look(tmp_path, raw, "a.pdf")["text"] == "\fPage 2 of the report\flast"


def test_the_first_five_pages_are_drawn(tmp_path: Path) -> None:
    look(tmp_path, documents.long_pdf(7, "last"), "book.pdf")
    drawn = sorted(path.name for path in (tmp_path / "work").glob("*.webp"))
    assert drawn == [*(f"preview-{n}.webp" for n in range(1, 6)), "thumbnail.webp"]


def test_a_row_has_room_for_whatever_a_document_says(tmp_path: Path) -> None:
    found = look(tmp_path, documents.talkative_xlsx(), "a.xlsx")
    assert len(found["metadata"]) == 6
    # What files_metadata_object allows, less what a row needs to tell the values apart.
    assert len(json.dumps(found["metadata"], ensure_ascii=False).encode()) < 16_384 - 512


def test_slides_and_sheets_are_pages(tmp_path: Path) -> None:
    slides = "".join(
        f"<draw:page><text:p>Slide {n}</text:p><presentation:notes><text:p>note</text:p>"
        "</presentation:notes></draw:page>"
        for n in (1, 2)
    )
    body = f"<office:presentation>{slides}</office:presentation>"
    found = look(tmp_path, documents.opendocument(Kind.ODP, body), "a.odp")
    assert (found["page_count"], found["text"]) == (2, "Slide 1\nnote\fSlide 2\nnote")


def test_an_opendocument_sheet(tmp_path: Path) -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    sheets = "".join(
        f"<table:table><table:table-row>{cell.format(name)}{cell.format(950)}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
        "</table:table-row></table:table>"
        for name in ("Ada", "Max")
    )
    body = f"<office:spreadsheet>{sheets}</office:spreadsheet>"
    found = look(tmp_path, documents.opendocument(Kind.ODS, body), "a.ods")
    assert (found["mime"], found["text"]) == (Kind.ODS, "Ada\n950\nx\fMax\n950\nx")


def test_a_workbook_is_read_cell_by_cell(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Ada Berg</t></is></c><c r="B1"><v>950</v></c>'
        '<c r="C1"><v>0.5</v></c></row><row r="3"><c r="A3" t="b"><v>1</v></c></row>'
    )
    found = look(tmp_path, documents.xlsx(rows), "a.xlsx")
    assert found["text"] == "Hours\nAda Berg\t950\t0.5\nTrue"
    assert found["metadata"]["sheets"] == ["Hours"]


def test_a_large_workbook(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>Harbour Foods {n * 7919}</t></is></c>'
        f'<c r="B{n}"><v>{n * 31 % 997}</v></c></row>'
        for n in range(1, 100_001)
    )
    found = look(tmp_path, documents.xlsx(rows), "a.xlsx")
    assert found["word_count"] == 1 + 100_000 * 4
    assert MAX_CHARS - 100 < len(found["text"]) <= MAX_CHARS


def test_who_wrote_it(tmp_path: Path) -> None:
    found = look(tmp_path, (SAMPLES / "testEXCEL.xlsx").read_bytes(), "a.xlsx")
    assert found["metadata"]["Author"] == "Keith Bennett"
    assert found["metadata"]["CreationDate"] == "2007-10-01T16:13:56Z"


def test_an_office_program_may_have_drawn_the_first_page(tmp_path: Path) -> None:
    raw = documents.docx({"docProps/thumbnail.jpeg": documents.picture("JPEG")})
    look(tmp_path, raw, "a.docx")
    assert (tmp_path / "work" / "thumbnail.webp").exists()


@pytest.mark.parametrize(
    "drawing", [b"no picture", documents.huge_png(), documents.picture("PNG")[:99]]
)
def test_its_drawing_is_no_reason_to_refuse_it(tmp_path: Path, drawing: bytes) -> None:
    found = look(tmp_path, documents.docx({"docProps/thumbnail.png": drawing}), "a.docx")
    assert found["word_count"] == 3
    assert not (tmp_path / "work" / "thumbnail.webp").exists()


@pytest.mark.parametrize("html", [False, True])
def test_a_mail(tmp_path: Path, html: bool) -> None:
    found = look(tmp_path, mails.eml(html=html, attachment="Angebot März.pdf"), "a.eml")
    assert found["mime"] == Kind.EML
    assert found["metadata"]["Title"] == "Tagessätze für März"
    assert found["metadata"]["Author"] == "Ada Berg <ada@helios.example>"
    assert found["metadata"]["attachments"] == ["Angebot März.pdf"]
    assert "The rate is 950" in found["text"]
    assert found["text"].endswith("Angebot März.pdf")
    assert "no()" not in found["text"]


def test_a_mail_by_outlook(tmp_path: Path) -> None:
    raw = mails.msg(
        {"0037": "Tagessätze", "0C1A": "Ada Berg", "0E04": "Max", "1000": "The rate is 950."},
        "Angebot.pdf",
    )
    found = look(tmp_path, raw, "a.msg")
    assert found["mime"] == Kind.MSG
    assert found["metadata"] == {
        "Title": "Tagessätze",
        "Author": "Ada Berg",
        "attachments": ["Angebot.pdf"],
    }
    assert "The rate is 950." in found["text"]


def test_a_mail_is_text_to_whoever_says_so(tmp_path: Path) -> None:
    assert look(tmp_path, mails.eml(), "a.txt")["mime"] == Kind.TEXT


SENTENCES = {
    "danish": "Konsulenten skal levere de ydelser, som er aftalt, og har ikke ret til mere.",
    "dutch": "De opdrachtnemer levert de diensten die zijn overeengekomen en niet meer dan dat.",
    "english": "The provider shall deliver the services that are agreed with the client.",
    "finnish": "Toimittaja on vastuussa palveluista, jotka ovat sovittu, ja niin se on tai ei ole.",
    "french": "Le prestataire fournit les services qui sont convenus avec le client.",
    "german": "Der Auftragnehmer erbringt die Leistungen, die mit dem Kunden vereinbart sind.",
    "hungarian": "A vállalkozó elvégzi a munkát, és ez nem több, mint a szerződés, ha az is kell.",
    "italian": "Il fornitore presta i servizi che sono concordati con il cliente e non di più.",
    "norwegian": "Konsulenten skal levere det som er avtalt og ikke noe annet fra kunden av.",
    "portuguese": "O prestador fornece os serviços que são acordados com o cliente e não mais.",
    "romanian": "Prestatorul este obligat să ofere serviciile din contract și nu mai mult.",
    "russian": "Исполнитель оказывает услуги, которые согласованы с заказчиком, и не более того.",
    "spanish": "El proveedor presta los servicios que se acuerdan con el cliente y no más.",
    "swedish": "Konsulten ska leverera det som är avtalat och har inte rätt till något mer.",
    "turkish": "Yüklenici bu sözleşme ile hizmetleri sunar ve bir daha çok şey için olarak değil.",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_languages(name: str) -> None:
    assert language.detect(SENTENCES[name]) == name


@pytest.mark.parametrize("text", ["", "Helios", "12 34 56", "Lorem ipsum dolor sit amet " * 9])
def test_no_language(text: str) -> None:
    assert language.detect(text) == "simple"


def found_in(text: str) -> list[tuple[str, str]]:
    return [(hint["kind"], hint["value"]) for hint in hints.find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("from 2026-03-01 on", "date", "2026-03-01"),
        ("ab 1.3.2026 gilt", "date", "2026-03-01"),
        ("on 1 March 2026.", "date", "2026-03-01"),
        ("the 1st of March 2026", "date", "2026-03-01"),
        ("March 1, 2026", "date", "2026-03-01"),
        ("am 1. März 2026", "date", "2026-03-01"),
        ("le 1er février 2026", "date", "2026-02-01"),
        ("EUR 12,500.00 a month", "amount", "12500.00 EUR"),
        ("12.500,50 € im Monat", "amount", "12500.50 EUR"),
        ("$950 a day", "amount", "950.00 USD"),
        ("CHF 1’200", "amount", "1200.00 CHF"),
        ("1 200 000 EUR", "amount", "1200000.00 EUR"),
        ("with Helios Logistics GmbH in Bremen", "party", "Helios Logistics GmbH"),
        ("and Harbour Foods Ltd.", "party", "Harbour Foods Ltd."),
        ('between Ada Berg ("Consultant") and', "party", "Ada Berg"),
        ("Nordwind Energie AG (der „Auftraggeber“)", "party", "Nordwind Energie AG"),
    ],
)
def test_hints(text: str, kind: str, value: str) -> None:
    assert found_in(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-30",
        "31.4.2026",
        "version 1.2.2026.1x",
        "$5 billion",
        "US",
        "see EUROPE 2026",
        "5 EURO2",
    ],
)
def test_no_hints(text: str) -> None:
    assert found_in(text) == []


def test_hints_have_a_place() -> None:
    text = "Agreement\fbetween Helios GmbH and us\f\ffrom 2026-03-01"
    party, day = hints.find(text)
    assert (party["page"], day["page"]) == (2, 4)
    for hint in (party, day):
        assert text[hint["start"] : hint["end"]] == hint["text"] == hint["value"]


def test_hints_are_few() -> None:
    text = " ".join(f"2026-01-{day:02} EUR {day}" for day in range(1, 32)) * 40
    names = " and ".join(f"Helios{letter} GmbH" for letter in "ABCDEFGHIJKLMNOP")
    kinds = [kind for kind, _ in found_in(text + names)]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "date": 20,
        "amount": 20,
        "party": 10,
    }


def test_hints_of_a_contract(tmp_path: Path) -> None:
    drawn = (
        "This agreement is made on 1 March 2026 between Helios GmbH and us, at EUR 950.00 a day."
    )
    found: dict[str, Any] = look(tmp_path, documents.long_pdf(2, drawn), "contract.pdf")
    assert [(hint["value"], hint["page"]) for hint in found["hints"]] == [
        ("2026-03-01", 2),
        ("Helios GmbH", 2),
        ("950.00 EUR", 2),
    ]
    assert found["language"] == "english"
