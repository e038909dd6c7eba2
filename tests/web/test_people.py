"""Several people at once: what one does the other sees, and a stranger does not."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, CDPSession, Dialog, Page, expect

from tests.people import Firm, Person
from tests.web.conftest import Visit

HOSTILE = "<img src=x onerror=alert(1)>“&quot;.txt"
SMALL = b"1,450 euros a day."


def choose(page: Page, name: str, content: bytes, mime: str = "text/plain") -> None:
    page.get_by_label("Choose files").set_input_files(
        {"name": name, "mimeType": mime, "buffer": content}
    )


def test_one_uploads_the_other_sees_it_become_ready(
    visit: Visit, firm: Firm, drain: Callable[..., str]
) -> None:
    path = f"/companies/{firm.company()['id']}"
    ada, ben = visit(path, firm.owner), visit(path, firm.member)
    seen = ben.get_by_role("list", name="Files")
    expect(ben.get_by_role("heading", name="No files yet")).to_be_visible()

    # By dragging it into the page.
    ada.get_by_text("Drop files here").wait_for()
    transfer = ada.evaluate_handle(
        "([name, text]) => { const data = new DataTransfer();"
        " data.items.add(new File([text], name, { type: 'text/plain' })); return data; }",
        ["Offer.txt", SMALL.decode()],
    )
    ada.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
    expect(seen.get_by_text("Offer.txt")).to_be_visible()
    expect(seen.get_by_text("Checking")).to_be_visible()
    drain()
    expect(seen.get_by_text("Checking")).to_have_count(0)
    expect(seen.get_by_role("button", name="Download Offer.txt")).to_be_visible()
    expect(ben.get_by_text("Offer.txt is ready.")).to_be_visible()

    # The same bytes once more are told before they move; what is no PDF is locked away, with why.
    choose(ada, "Copy.txt", SMALL)
    uploads = ada.get_by_role("list", name="Uploads")
    expect(uploads.get_by_text("This file is there already, as “Offer.txt”.")).to_be_visible()
    uploads.get_by_role("button", name="Dismiss Copy.txt").click()
    expect(uploads).to_have_count(0)
    choose(ada, "Invoice.pdf", b"<script>alert(1)</script>", "application/pdf")
    expect(seen.get_by_text("Invoice.pdf")).to_be_visible()
    drain()
    expect(seen.get_by_text("“Invoice.pdf” is of a kind that is not kept here.")).to_be_visible()
    expect(seen.get_by_role("button", name="Download Invoice.pdf")).to_have_count(0)

    # She hears of it, and the line of the notification leads to the file.
    ada.get_by_role("button", name=re.compile("1 unread")).click()
    ada.get_by_role("link", name=re.compile("“Invoice.pdf” is in quarantine")).click()
    expect(ada.get_by_role("heading", name="Invoice.pdf")).to_be_visible()
    expect(ada.get_by_text("Quarantined").first).to_be_visible()


def test_an_upload_tells_how_far_it_is_and_can_be_cancelled(visit: Visit, firm: Firm) -> None:
    page = visit(f"/companies/{firm.company()['id']}", firm.member)
    choose(page, "Scan.pdf", b"", "application/pdf")
    uploads = page.get_by_role("list", name="Uploads")
    expect(uploads.get_by_text("The file is empty.")).to_be_visible()
    uploads.get_by_role("button", name="Dismiss Scan.pdf").click()

    slow_down(page.context, page)
    choose(page, "Scan.pdf", b"%PDF-1.7\n" + bytes(4 << 20), "application/pdf")
    bar = uploads.get_by_role("progressbar", name="Uploading Scan.pdf")
    # Some of it, for as long as it takes.
    page.wait_for_function("() => document.querySelector('.files progress')?.value > 0")
    assert 0 < float(bar.get_attribute("value") or 0) < 100
    uploads.get_by_role("button", name="Cancel Scan.pdf").click()
    expect(uploads).to_have_count(0)
    expect(page.get_by_role("heading", name="No files yet")).to_be_visible()


def slow_down(context: BrowserContext, page: Page) -> CDPSession:
    """Until the session that is returned is detached."""
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", limits | {"uploadThroughput": 256_000})
    return network


def test_uploads_end_with_the_session(visit: Visit, firm: Firm) -> None:
    page = visit(f"/companies/{firm.company()['id']}", firm.member)
    page.get_by_role("heading", name="No files yet").wait_for()
    slow_down(page.context, page)
    choose(page, "Scan.pdf", b"%PDF-1.7\n" + bytes(8 << 20), "application/pdf")
    page.wait_for_function("() => document.querySelector('.files progress')?.value > 0")
    page.get_by_role("button", name="Your account").click()
    with page.expect_event("requestfailed", lambda request: "/storage/" in request.url):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_outsider_sees_nothing(visit: Visit, firm: Firm, outsider: Person) -> None:
    company, contract = firm.company(), firm.contract()
    page = visit(f"/companies/{company['id']}", outsider)
    expect(page.get_by_role("heading", name="Create your firm")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Elsewhere")
    page.get_by_label("Short name").fill(f"elsewhere-{outsider.id[:8]}")
    page.get_by_role("button", name="Create firm").click()
    expect(page.get_by_role("heading", name="No contracts yet")).to_be_visible()
    for path, title in (
        (f"/companies/{company['id']}", "Company"),
        (f"/contracts/{contract['id']}", "Contract"),
        ("/consultants/nobody", "Consultant"),
        ("/files/nothing", "File"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(page).to_have_title(f"{title} · Firmbase")
        expect(page.get_by_role("alert")).to_contain_text("There is no such entry.")
        expect(page.get_by_text(company["name"])).to_have_count(0)
        expect(page.get_by_text(contract["title"])).to_have_count(0)


def test_a_link_to_another_firm_leads_into_it(visit: Visit, firm: Firm, other_firm: Firm) -> None:
    other_firm.join("viewer", firm.owner)
    contract = other_firm.contract()
    page = visit("/contracts", firm.owner)
    switcher = page.get_by_role("button", name=re.compile("Switch firm"))
    expect(switcher).to_be_visible()
    page.goto(f"/contracts/{contract['id']}")
    expect(switcher).to_contain_text("Viewer")
    expect(page.get_by_role("heading", name=contract["title"])).to_be_visible()
    # Who only reads is offered nothing to do.
    expect(page.get_by_role("heading", name="Next step")).to_have_count(0)
    expect(page.get_by_label("Choose files")).to_have_count(0)


def test_a_hostile_name_is_only_text(
    visit: Visit, firm: Firm, drain: Callable[..., str], faults: list[str]
) -> None:
    name = "<script>alert(1)</script>"
    company = firm.company(name=name)
    page = visit(f"/companies/{company['id']}", firm.owner)
    dialogs: list[str] = []

    def hear(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", hear)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    choose(page, HOSTILE, SMALL)
    expect(page.get_by_role("list", name="Files").get_by_text(HOSTILE)).to_be_visible()
    drain()
    expect(page.get_by_text(f"{HOSTILE} is ready.")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name=f"Download {HOSTILE}").click()
    assert "<" not in saved.value.suggested_filename
    made = page.locator("main script, main img[src], main b")
    page.goto("/companies")
    expect(page.get_by_role("main").get_by_role("link", name=name)).to_be_visible()
    assert made.count() == 0
    page.goto("/companies?q=%3Cscript%3E&status=%22%3E%3Cb%3E")
    expect(page.get_by_label("Search companies")).to_have_value("<script>")
    expect(page.get_by_label("Loading")).to_have_count(0)
    assert made.count() == 0
    assert dialogs == []
    # And if the app tried to make HTML of it, the browser would refuse.
    with page.expect_console_message() as said:
        page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>' } catch {} }")
    assert "TrustedHTML" in said.value.text
    faults.remove(said.value.text)


def test_who_was_offline_is_up_to_date_again(visit: Visit, firm: Firm) -> None:
    contract = firm.contract()
    page = visit("/contracts", firm.owner)
    row = page.get_by_role("link", name=re.compile(contract["title"]))
    expect(row).to_contain_text("Draft")
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.get_by_label("Search contracts").fill("nothing of the kind")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_have_count(0)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="No contracts like that")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(row).to_be_visible()
    page.get_by_label("Search contracts").fill("our secret")
    expect(page).to_have_url(re.compile("secret"))
    page.context.set_offline(True)
    page.get_by_role("button", name="Your account").click()
    with page.expect_event("requestfailed", lambda request: "/logout" in request.url):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # What one has searched for is not there for who signs in next.
    expect(page).to_have_url(re.compile("/contracts$"))


def test_the_keyboard_is_enough(visit: Visit, firm: Firm) -> None:
    contract = firm.contract()
    page = visit("/contracts", firm.owner)
    row = page.get_by_role("link", name=re.compile(contract["title"]))
    row.wait_for()
    page.reload()
    row.wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    for focused in (
        page.get_by_role("link", name="Import"),
        page.get_by_role("link", name="New contract"),
        page.get_by_label("Search contracts"),
        page.get_by_label("Status", exact=True),
        row,
    ):
        page.keyboard.press("Tab")
        expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Send to review")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Send to review")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("By hand.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("moved it to in review – “By hand.”")).to_be_visible()


def test_an_owner_takes_a_copy_of_the_firm(
    visit: Visit, firm: Firm, other_firm: Firm, drain: Callable[..., str]
) -> None:
    page = visit("/settings", firm.owner)
    page.get_by_role("button", name="Export the firm").click()
    expect(page.get_by_role("progressbar", name="How far the export is")).to_be_visible()
    drain()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download part 1 of 1").click()
    assert saved.value.suggested_filename == "part-001.zip"
    assert saved.value.path().read_bytes().startswith(b"PK")

    # What it told is on the page of notifications, which leads there, and the bell follows.
    page.goto("/notifications")
    bell = page.get_by_role("button", name=re.compile("1 unread"))
    expect(bell).to_be_visible()
    page.get_by_role("main").get_by_role("link", name=re.compile("export of your firm")).click()
    expect(page.get_by_role("heading", name="Export of the firm")).to_be_visible()
    expect(bell).to_have_count(0)
    address = page.url

    # A link into another firm of theirs leads there; who is no owner is told why there is nothing.
    other_firm.join("viewer", firm.owner)
    page.goto("/notifications")
    page.get_by_role("button", name=re.compile("Switch firm")).click()
    page.locator("#firms li button").filter(has_not=page.locator("svg")).click()
    expect(page.get_by_role("heading", name="No contracts yet")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("heading", name="Export of the firm")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Switch firm"))).to_contain_text("Owner")
    page = visit(address, firm.admin)
    expect(page.get_by_text("shown to owners of its firm alone")).to_be_visible()
