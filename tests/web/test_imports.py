"""A file becomes rows of the firm: tried out first, then for good, and followed as it happens."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.people import Firm, created
from tests.web.axe import check
from tests.web.conftest import Visit
from tests.web.test_people import slow_down

HOSTILE = "<img src=x onerror=alert(1)>"
ROWS = f"name,country,colour\nHelios,,red\nMeridian,GB,\nNordwind,{HOSTILE},\n"


def choose(page: Page, name: str, content: str) -> None:
    page.get_by_label("File", exact=True).set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Try it out").click()


def count(page: Page, name: str) -> str:
    return (
        page.get_by_role("definition")
        .nth([term.inner_text() for term in page.get_by_role("term").all()].index(name))
        .inner_text()
    )


def test_a_file_is_tried_out_then_imported(
    visit: Visit, firm: Firm, drain: Callable[..., str]
) -> None:
    helios = firm.company(name="Helios")
    page = visit("/companies", firm.member)
    page.get_by_role("link", name="Import").click()
    # A member may not import consultants, and is not offered to.
    expect(page.get_by_label("What it holds")).to_have_value("companies")
    expect(page.get_by_role("option", name="Consultants")).to_have_count(0)
    choose(page, "Clients.pdf", ROWS)
    expect(page.get_by_role("alert")).to_contain_text("Only CSV and XLSX files are imported.")
    choose(page, "Clients.csv", ROWS)
    expect(page.get_by_role("progressbar", name="How far the import is")).to_be_visible()
    drain()

    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()
    assert [count(page, name) for name in ("Rows", "To create", "Unchanged", "Refused")] == [
        *("3", "1", "1", "1")
    ]
    columns = page.get_by_role("region", name="Columns")
    expect(columns).to_contain_text("2 of 3 columns are imported.")
    expect(columns.get_by_label("colour")).to_have_value("")
    refused = page.get_by_role("region", name="Refused rows")
    expect(refused.get_by_role("listitem")).to_contain_text(f"Line 4, country: “{HOSTILE}”")
    with page.expect_download() as saved:
        refused.get_by_role("button", name="Download the list").click()
    assert saved.value.suggested_filename == "Refused rows of Clients.csv"
    assert f"4,country,{HOSTILE},bad_form".encode() in saved.value.path().read_bytes()
    assert [row["id"] for row in created(firm.owner.get("companies"))] == [helios["id"]]
    check(page, "an import that was tried out")

    page.get_by_role("button", name="Import 1 row").click()
    expect(page.get_by_role("heading", name="Being imported")).to_be_visible()
    drain()
    expect(page.get_by_role("heading", name="What it did")).to_be_visible()
    page.get_by_role("link", name="To the companies").click()
    expect(page.get_by_role("link", name=re.compile("Meridian"))).to_be_visible()
    # It is told, and the line of the notification leads to what became of it.
    page.get_by_role("button", name=re.compile("1 unread")).click()
    page.get_by_role("link", name=re.compile("“Clients.csv” was imported")).click()
    expect(page.get_by_role("heading", name="Clients.csv")).to_contain_text("Imported")


def test_an_import_is_cancelled_and_tried_again(
    visit: Visit, firm: Firm, drain: Callable[..., str]
) -> None:
    page = visit("/imports", firm.manager)
    page.get_by_label("File", exact=True).wait_for()
    network = slow_down(page.context, page)
    choose(page, "Large.csv", "name\n" + 'Helios,"' * 100_000)
    page.get_by_role("progressbar", name="How much is sent").wait_for()
    with page.expect_event("requestfailed", lambda request: "/storage/" in request.url):
        page.get_by_role("link", name="Contracts").click()
    network.detach()
    expect(page.get_by_role("heading", name="No contracts yet")).to_be_visible()
    page.get_by_role("link", name="Import").click()
    expect(page.get_by_role("listitem").filter(has_text="Large.csv")).to_contain_text("Cancelled")
    choose(page, "Empty.csv", "")
    expect(page.get_by_role("alert")).to_contain_text("The file is empty.")
    choose(page, "Broken.csv", 'name\n"never closed\n')
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="It was cancelled")).to_be_visible()
    page.get_by_role("button", name="Try it out again").click()
    drain()
    expect(page.get_by_role("heading", name="It could not be imported")).to_be_visible()
    page.get_by_role("link", name="All imports").click()
    expect(page.get_by_role("listitem").filter(has_text="Broken.csv")).to_contain_text("Failed")


def test_columns_of_unknown_names_are_mapped_by_keyboard(
    visit: Visit, firm: Firm, drain: Callable[..., str]
) -> None:
    page = visit("/imports", firm.member)
    choose(page, "Kunden.csv", f"Firma,Kd-Nr.,{HOSTILE},\nOdin,7,x,\nMimir,8,,\n")
    drain()
    expect(page.get_by_role("heading", name="It could not be imported")).to_be_visible()
    columns = page.get_by_role("region", name="Columns")
    expect(columns).to_contain_text("0 of 4 columns are imported.")
    expect(columns).to_contain_text("No name")
    keyless = "Nothing says which entry is meant: choose a column for Reference, Tax ID or Name."
    expect(columns.get_by_role("status")).to_contain_text(keyless)
    expect(page.get_by_role("button", name="Try it out again")).to_have_count(0)
    again = columns.get_by_role("button", name="Try again with these columns")
    again.press("Enter")
    expect(columns.get_by_role("alert")).to_contain_text(keyless)

    firma, number, hostile = map(columns.get_by_label, ("Firma", "Kd-Nr.", HOSTILE))
    expect(hostile).to_have_value("")
    firma.focus()
    page.keyboard.type("Name")
    page.keyboard.press("Tab")
    page.keyboard.type("Name")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(columns.get_by_role("alert")).to_contain_text("Two columns cannot both be Name.")
    expect(firma).to_be_focused()
    expect(number).to_have_accessible_description("Another column is Name too.")
    check(page, "an import whose columns are mapped")

    page.keyboard.press("Tab")
    page.keyboard.type("Reference")
    expect(columns.get_by_role("alert")).to_have_count(0)
    expect(columns.get_by_role("status")).to_have_text("2 of 4 columns are imported.")
    expect(columns).not_to_contain_text("Without a column")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Being tried out")).to_be_focused()
    drain()
    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()
    assert [count(page, name) for name in ("Rows", "To create")] == ["2", "2"]

    # What would be imported is what was tried out, or nothing.
    expect(again).to_have_count(0)
    hostile.select_option("Industry")
    expect(page.get_by_role("button", name="Import 2 rows")).to_have_count(0)
    expect(again).to_be_visible()
    hostile.select_option("Not imported")
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_role("heading", name="Being imported")).to_be_visible()
    drain()
    expect(page.get_by_role("heading", name="What it did")).to_be_visible()
    companies = created(firm.member.get("companies", select="name,external_ref,industry"))
    assert sorted(map(tuple, map(dict.values, companies))) == [
        ("Mimir", "8", None),
        ("Odin", "7", None),
    ]
