"""The first day of a firm, as its people see it."""

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.capabilities.conftest import SAMPLES, Mailbox
from tests.conftest import RunningStack
from tests.web.axe import check
from tests.web.conftest import Visit

AGREEMENT = SAMPLES / "professional-services-agreement.pdf"


def new_email(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@northlight.example"


def fill_sign_up(page: Page, mailbox: Mailbox, name: str, email: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("a long passphrase")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    code = re.search(r"\b\d{6}\b", mailbox.expect(email, "Confirm")["text"])
    assert code
    page.get_by_label("Code").fill(code.group())
    page.get_by_role("button", name="Confirm").click()


def test_the_first_day(
    visit: Visit, mailbox: Mailbox, drain: Callable[..., str], stack: RunningStack
) -> None:
    # Ada makes an account and a firm.
    ada = visit("/")
    ada.get_by_role("link", name="Create an account").click()
    fill_sign_up(ada, mailbox, "Ada Lindqvist", new_email("ada"))
    slug = f"northlight-{uuid.uuid4().hex[:8]}"
    ada.get_by_label("Name", exact=True).fill("Northlight Advisory")
    expect(ada.get_by_label("Short name")).to_have_value("northlight-advisory")
    ada.get_by_label("Short name").fill(slug)
    for name in ("Northlight", "Northlight Advisory"):
        ada.get_by_label("Name", exact=True).fill(name)
    expect(ada.get_by_label("Short name")).to_have_value(slug)
    ada.get_by_role("button", name="Create firm").click()
    expect(ada.get_by_role("heading", name="No contracts yet")).to_be_visible()

    # She invites Ben, who comes by the link of his mail.
    ada.get_by_role("link", name="People").click()
    ada.get_by_role("button", name="Invite somebody").click()
    address = new_email("ben")
    ada.get_by_label("E-mail address").fill(address)
    ada.get_by_label("Role").select_option("manager")
    ada.get_by_role("button", name="Send the invitation").click()
    expect(ada.get_by_role("status").filter(has_text="gets a mail")).to_be_visible()
    drain()
    link = re.search(r"https?://\S+", mailbox.expect(address, "invites you")["text"])
    assert link
    assert link.group().startswith(stack.env["APP_URL"])
    ben = visit(link.group())
    ben.get_by_role("link", name="Create an account").click()
    fill_sign_up(ben, mailbox, "Ben Okafor", address)
    expect(ben.get_by_role("button", name="Northlight Advisory")).to_be_visible()

    # He adds a client and a contract with it.
    ben.get_by_role("link", name="Companies").click()
    ben.get_by_role("button", name="Add a company").click()
    ben.get_by_label("Name", exact=True).fill("Helios Energy GmbH")
    ben.get_by_label("Country").fill("Germany")
    expect(ben.get_by_label("Country")).to_have_value("Ge")
    ben.get_by_label("Website").fill("helios.example")
    ben.get_by_role("button", name="Add company").click()
    expect(ben.get_by_text("This cannot be the website.").first).to_be_visible()
    expect(ben.get_by_label("Website")).to_be_focused()
    ben.get_by_label("Website").fill("https://helios.example")
    ben.get_by_label("Country").fill("de")
    ben.get_by_role("button", name="Add company").click()
    expect(ben.get_by_role("heading", name="Helios Energy GmbH")).to_be_visible()

    ben.get_by_role("link", name="Contracts").click()
    ben.get_by_role("link", name="New contract").click()
    ben.get_by_label("Title").fill("Grid transition programme")
    ben.get_by_label("Company").select_option("Helios Energy GmbH")
    ben.get_by_label("First day").fill("2027-01-01")
    ben.get_by_label("Last day").fill("2027-12-31")
    ben.get_by_label("Rate").fill("1450")
    ben.get_by_role("button", name="Create draft").click()
    expect(ben.get_by_role("heading", name="Grid transition programme")).to_be_visible()
    expect(ben.get_by_text("€1,450 / day")).to_be_visible()

    # Its document, and the next steps; Ada sees them on the list as they happen.
    ada.get_by_role("link", name="Contracts").click()
    row = ada.get_by_role("link", name="Grid transition programme")
    expect(row).to_contain_text("Draft")
    ben.get_by_label("Choose files").set_input_files(AGREEMENT)
    files = ben.get_by_role("list", name="Files")
    expect(files.get_by_text(AGREEMENT.name)).to_be_visible()
    expect(files.get_by_text("Checking")).to_be_visible()
    ben.get_by_role("button", name="Send to review").click()
    ben.get_by_label("Note").fill("Please have a look.")
    ben.get_by_role("dialog").get_by_role("button", name="Send to review").click()
    expect(ben.get_by_text("moved it to in review – “Please have a look.”")).to_be_visible()
    expect(row).to_contain_text("In review")

    # Clara has to sign for the client: she comes by a mail, and needs no account.
    ben.get_by_role("button", name="Add a signer").click()
    clara = new_email("clara")
    ben.get_by_label("Name", exact=True).fill("Clara Weiss")
    ben.get_by_label("E-mail address").fill(clara)
    ben.get_by_role("button", name="Add signer").click()
    ben.get_by_role("button", name="Mark as sent").click()
    ben.get_by_role("dialog").get_by_role("button", name="Mark as sent").click()
    drain()
    link = re.search(r"https?://\S+", mailbox.expect(clara, "please sign")["text"])
    assert link
    signer = visit(link.group())
    expect(signer.get_by_text("Northlight Advisory asks for your signature.")).to_be_visible()
    expect(signer.get_by_text("€1,450 / day")).to_be_visible()
    signer.get_by_label("Your name").fill("Clara Weiss")
    check(signer, "signing")
    signer.get_by_role("button", name="Sign", exact=True).click()
    expect(signer.get_by_role("heading", name="Signed")).to_be_visible()
    expect(row).to_contain_text("Signed")

    # He asks for a report; the job runner works; everything is there without reloading.
    report = visit("/reports", None, storage_state=ben.context.storage_state())
    report.get_by_role("button", name="Make the report").click()
    expect(report.get_by_role("progressbar", name="How far the report is")).to_be_visible()
    drain()
    expect(files.get_by_role("button", name=f"Download {AGREEMENT.name}")).to_be_visible()
    with ben.expect_download() as saved:
        files.get_by_role("button", name=f"Download {AGREEMENT.name}").click()
    assert saved.value.path().read_bytes() == AGREEMENT.read_bytes()
    assert saved.value.suggested_filename == AGREEMENT.name
    with report.expect_download() as saved:
        report.get_by_role("button", name="Download the report as PDF").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF-")

    # The bell tells it, and leads there.
    ben.get_by_role("button", name=re.compile("Notifications.*2 unread")).click()
    expect(ben.get_by_role("link", name=re.compile("Grid transition.*is signed"))).to_be_visible()
    ben.get_by_role("link", name=re.compile("Your report is ready")).click()
    expect(ben.get_by_role("heading", name="Reports")).to_be_visible()
    ben.get_by_role("button", name=re.compile("Notifications.*1 unread")).click()
    ben.get_by_role("button", name="Mark all as read").click()
    expect(ben.get_by_role("button", name=re.compile("unread"))).to_have_count(0)
