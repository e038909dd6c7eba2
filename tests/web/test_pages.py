"""Every page, on a phone and on a desk, by day and by night: nothing keeps anybody out."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.capabilities.conftest import SAMPLES, upload
from tests.people import Firm, Person, created
from tests.web.axe import check
from tests.web.conftest import Visit

PDF = "application/pdf"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def fill(firm: Firm, drain: Callable[..., str]) -> dict[str, Any]:
    """Something on every page: companies, people, contracts, files of each state, reports."""
    helios = firm.company(name="Helios Energy GmbH", status="active", country="DE")
    firm.company(name=LONG, industry=LONG)
    noor = firm.consultant(name="Noor Haddad", headline="Energy strategy", skills=["Grids"])
    contract = firm.contract(company_id=helios["id"], title="Grid transition programme")
    step = {"id": contract["id"], "to_status": "in_review"}
    created(firm.owner.rpc("transition_contract", **step))
    firm.contract(kind="consultant", consultant_id=noor["id"], company_id=None, title=LONG)
    created(firm.owner.update("firms", {"name": LONG}, id=f"eq.{firm.id}"))
    agreement = (SAMPLES / "professional-services-agreement.pdf").read_bytes()
    where = {"contract_id": contract["id"]}
    upload(firm.owner, firm, "Agreement.pdf", agreement, PDF, **where)
    bad = upload(firm.owner, firm, "Invoice.pdf", b"<script></script>", PDF, **where)
    asked = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "pdf"}
    created(firm.owner.rpc("request_report", **asked))
    export = created(firm.owner.rpc("export_firm", firm_id=firm.id))
    drain()
    upload(firm.owner, firm, "New.txt", b"Still being looked at.", "text/plain", **where)
    created(firm.owner.rpc("request_report", **asked))
    created(
        firm.owner.rpc("invite_member", firm_id=firm.id, email="cleo@firm.example", role="member")
    )
    return {"company": helios["id"], "consultant": noor["id"], "contract": contract["id"]} | {
        "file": bad,
        "export": export,
    }


def test_every_page_is_for_everybody(
    visit: Visit, firm: Firm, outsider: Person, drain: Callable[..., str]
) -> None:
    ids = fill(firm, drain)
    pages = {
        "/contracts": "Contracts",
        "/contracts?q=nothing-of-the-kind": "No contracts like that",
        "/contracts/new": "New contract",
        f"/contracts/{ids['contract']}": "History",
        "/companies": "Companies",
        f"/companies/{ids['company']}": "Helios Energy GmbH",
        "/consultants": "Consultants",
        f"/consultants/{ids['consultant']}": "Noor Haddad",
        f"/files/{ids['file']}": "Invoice.pdf",
        "/reports": "Reports",
        "/imports?kind=contracts": "A file of rows",
        "/members": "Invited",
        "/notifications": "Notifications",
        "/firms/new": "Create a firm",
        "/settings": "Settings",
        "/settings/password": "A new password",
        f"/settings/exports/{ids['export']}": "Everything the firm has here",
        "/nowhere": "No such page",
    }
    outside = {
        "/": "Sign in",
        "/sign-up": "Create an account",
        "/forgot-password": "A new password",
        "/invitations/accept#token=0": "Sign in",
        "/sign#token=0": "Nothing to sign here",
        "/unsubscribe#token=0": "No more of these mails?",
    }
    page = visit("/")
    for path, heading in outside.items():
        look(page, path, heading)
    page = visit("/", firm.owner)
    expect(page.get_by_role("heading", name="Contracts")).to_be_visible()
    for path, heading in pages.items():
        look(page, path, heading)
    open_what_opens(page, ids)
    page = visit("/", outsider)
    expect(page.get_by_role("heading", name="Create your firm")).to_be_visible()
    check(page, "the first firm")


def open_what_opens(page: Page, ids: dict[str, Any]) -> None:
    """Menus and dialogs, which lie over a page."""
    page.goto("/companies")
    page.get_by_role("button", name=re.compile("Notifications")).click()
    expect(page.get_by_text("Your report is ready")).to_be_visible()
    check(page, "notifications")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Switch firm")).click()
    check(page, "firms")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a company").click()
    page.get_by_label("Name", exact=True).fill("Helios")
    page.get_by_label("Website").fill("helios")
    page.get_by_role("button", name="Add company").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, "a form with an error")
    page.goto(f"/contracts/{ids['contract']}")
    page.get_by_role("button", name="Cancel it").click()
    check(page, "a step of a contract")


def look(page: Page, path: str, heading: str) -> None:
    page.goto(path)
    expect(page.get_by_role("heading", name=heading).first).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)
    check(page, path)
