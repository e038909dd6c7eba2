"""The contract portfolio as PDF and CSV, from the shape the database answers with."""

import csv
import io
from typing import Any

import pypdfium2
import pytest

from edge_jobs.reports.portfolio import to_csv, to_pdf

LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesellschaft" * 2


def contract(number: int, **values: Any) -> dict[str, Any]:
    return {
        "number": str(number),
        "title": "Pricing strategy",
        "kind": "client_services",
        "status": "active",
        "company": "Harbour Foods",
        "consultant": None,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "currency": "EUR",
        "value": "48000.00",
        "rate": "950.00",
        "rate_unit": "day",
    } | values


def portfolio(contracts: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    count = len(contracts)
    total = {"currency": "EUR", "total": "48000.00", "active": "48000.00", "preparing": "0.00"}
    amount = {"currency": "EUR", "amount": "48000.00"}
    return {
        "firm": {"name": "Marlow & Hart"},
        "title": "Contract portfolio",
        "client": None,
        "as_of": "2026-11-22",
        "prepared_by": "Ada Marlow",
        "figures": {"contracts": count, "active": count, "ending_soon": count, "clients": 1},
        "totals": [total] if count else [],
        "statuses": [{"status": "active", "count": count, "values": [amount]}] if count else [],
        "months": [
            {"month": f"{2026 + (10 + i) // 12}-{(10 + i) % 12 + 1:02}", "count": count if i else 0}
            for i in range(12)
        ],
        "contracts": contracts,
    } | values


def pages(document: bytes) -> list[str]:
    with pypdfium2.PdfDocument(document) as opened:
        return [page.get_textpage().get_text_range() for page in opened]


def test_the_document_shows_the_figures() -> None:
    (page,) = pages(to_pdf(portfolio([contract(1), contract(2, title="Interim CFO")])))
    for words in (
        "Marlow & Hart",
        "As of 22 November 2026",
        "Prepared by Ada Marlow",
        "Harbour Foods",
        "Interim CFO",
        "EUR 48,000",
        "31 Dec 2026",
        "Page 1 of 1",
    ):
        assert words in page.replace("\xa0", " ")


def test_an_empty_portfolio_is_still_a_document() -> None:
    (page,) = pages(to_pdf(portfolio([])))
    assert "No contracts yet" in page


def test_a_contract_without_a_sum_shows_its_rate() -> None:
    (page,) = pages(to_pdf(portfolio([contract(1, value=None, rate="1150.00")])))
    assert "1,150" in page
    assert "per day" in page


def test_cents_show_everywhere_or_nowhere() -> None:
    (page,) = pages(to_pdf(portfolio([contract(1), contract(2, value="1234567.50")])))
    assert "1,234,567.50" in page
    assert "48,000.00" in page


def test_two_thousand_contracts() -> None:
    sheets = pages(to_pdf(portfolio([contract(number) for number in range(1, 2001)])))
    assert f"Page {len(sheets)} of {len(sheets)}" in sheets[-1]
    assert all("Number" in sheet for sheet in sheets)
    assert sum(sheet.count("Pricing strategy") for sheet in sheets) == 2000


@pytest.mark.parametrize("field", ["title", "company"])
def test_long_names_wrap_inside_their_column(field: str) -> None:
    document = to_pdf(portfolio([contract(1, **{field: LONG})], client=LONG, prepared_by=None))
    with pypdfium2.PdfDocument(document) as opened:
        for page in opened:
            width = page.get_width()
            text = page.get_textpage()
            rights = [text.get_charbox(i)[2] for i in range(text.count_chars())]
            assert max(rights) < width - 30


def test_markup_in_names_stays_text() -> None:
    title = '#panic("x") $x$ *bold* @ref'
    assert title in pages(to_pdf(portfolio([contract(1, title=title)])))[0]


def test_missing_facts_have_a_place() -> None:
    bare = contract(1, starts_on=None, ends_on=None, value=None, rate=None, rate_unit=None)
    assert "Pricing strategy" in pages(to_pdf(portfolio([bare])))[0]
    assert to_csv(portfolio([bare])).count(b",,") > 1


def test_csv_is_what_spreadsheets_expect() -> None:
    raw = to_csv(portfolio([contract(1, title='Say "yes", or\nno'), contract(2)]))
    assert raw.startswith(b"\xef\xbb\xbfnumber,title,")
    assert raw.endswith(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row["number"] for row in rows] == ["1", "2"]
    assert rows[0]["title"] == 'Say "yes", or\nno'
    assert (rows[0]["currency"], rows[0]["value"], rows[0]["consultant"]) == ("EUR", "48000.00", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_csv_cells_are_never_formulas(start: str) -> None:
    title = f'{start}HYPERLINK("https://example.com")'
    raw = to_csv(portfolio([contract(1, title=title)]))
    row = next(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert row["title"] == f"'{title}"


@pytest.mark.parametrize("divider", [";", "; ", "\t", "\n"])
def test_csv_cells_stay_harmless_where_something_else_divides_them(divider: str) -> None:
    raw = to_csv(portfolio([contract(1, title=f"Audit{divider}=cmd|' /C calc'!A0")]))
    row = next(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert row["title"] == f"Audit{divider[0]}'{divider[1:]}=cmd|' /C calc'!A0"
    plain = to_csv(portfolio([contract(1, title="Audit; tax, e-mail\nand more")]))
    assert b"Audit; tax, e-mail\nand more" in plain
