"""What somebody typed, chose or stood on is there after they sent it, or did not."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.authenticator import code
from tests.people import Firm, created
from tests.web.conftest import Mailbox, Visit
from tests.web.test_second_factor import enter, set_up


def test_an_edit_changes_what_was_edited(visit: Visit, firm: Firm) -> None:
    noor, helios = firm.consultant(name="Noor Haddad"), firm.company(name="Helios")
    parties = {"consultant_id": noor["id"], "company_id": helios["id"]}
    architect = firm.contract(kind="consultant", title="Architect", **parties)
    secret = firm.contract(kind="nda", title="Secret", **parties | {"company_id": None})
    page = visit("/contracts", firm.owner)
    page.get_by_role("link", name="Architect").wait_for()
    for contract in (architect, secret):
        page.goto(f"/contracts/{contract['id']}")
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Title").fill(f"{contract['title']} anew")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name=f"{contract['title']} anew")).to_be_visible()
    rows = created(firm.owner.get("contracts", select="company_id,consultant_id", order="number"))
    assert rows == [parties | {"company_id": company} for company in (helios["id"], None)]


def test_the_focus_is_not_lost(visit: Visit, firm: Firm) -> None:
    invited = {"email": "cleo@firm.example", "role": "member"}
    created(firm.owner.rpc("invite_member", firm_id=firm.id, **invited))
    page = visit("/members", firm.owner)
    invite = page.get_by_role("button", name="Invite somebody")
    invite.press("Enter")
    page.get_by_label("E-mail address").fill(invited["email"])
    send = page.get_by_role("button", name="Send the invitation")
    send.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("has an open invitation")
    expect(send).to_be_focused()
    page.keyboard.press("Escape")
    withdraw = page.get_by_role("button", name="Withdraw the invitation")
    withdraw.press("Enter")
    expect(withdraw).to_have_count(0)
    expect(page.get_by_role("heading", name="People")).to_be_focused()

    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="Settings").click()
    panel = page.get_by_role("region", name="Two-step sign-in", exact=True)
    panel.get_by_role("button", name="Turn on").press("Enter")
    enter(page, code(set_up(page)))
    heading = panel.get_by_role("heading", name="Two-step sign-in")
    expect(heading).to_be_focused()
    panel.get_by_role("button", name="Remove Phone").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Turn off").press("Enter")
    expect(panel.get_by_role("button", name="Turn on")).to_be_visible()
    expect(heading).to_be_focused()


def test_a_signer_sees_what_has_changed_before_signing(
    visit: Visit, firm: Firm, mailbox: Mailbox, drain: Callable[..., str]
) -> None:
    company = firm.company(name="Helios")
    contract = firm.contract(company_id=company["id"])
    clara = {"name": "Clara Weiss", "email": f"clara-{contract['id'][:8]}@helios.example"}
    signer = clara | {"firm_id": firm.id, "contract_id": contract["id"], "role": "company"}
    created(firm.owner.insert("contract_signers", signer))
    for to in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", id=contract["id"], to_status=to))
    drain()
    link = re.search(r"https?://\S+", mailbox.expect(clara["email"], "please sign")["text"])
    assert link
    page = visit(link.group())
    expect(page.get_by_text("Helios", exact=True)).to_be_visible()
    created(firm.owner.update("companies", {"name": "Helios AG"}, id=f"eq.{company['id']}"))
    page.get_by_label("Your name").fill("Clara Weiss")
    sign = page.get_by_role("button", name="Sign", exact=True)
    sign.click()
    expect(page.get_by_role("alert")).to_contain_text("Look at it again before you sign.")
    expect(page.get_by_text("Helios AG", exact=True)).to_be_visible()
    sign.click()
    expect(page.get_by_role("heading", name="Signed")).to_be_visible()
