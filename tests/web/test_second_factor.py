"""Two-step sign-in: turned on and asked for, in a firm that requires it too."""

import re

from playwright.sync_api import Page, expect

from tests.authenticator import code, sent, verify, wrong_code
from tests.people import PASSWORD, Firm, Person, created
from tests.web.axe import check
from tests.web.conftest import Mailbox, Visit, sign_in


def set_up(page: Page, name: str = "Phone") -> str:
    """Takes a device on, as far as the first code of it; returns the secret that is shown."""
    page.get_by_label("Name of the device").fill(name)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Code")).to_be_focused()
    # Drawn, whatever the policy of the page says about pictures.
    page.wait_for_function("() => document.querySelector('.set-up img').naturalWidth > 0")
    return page.locator(".set-up code").inner_text().replace(" ", "")


def enter(page: Page, digits: str) -> None:
    """As apps show it, with a space in the middle, and at once as from the clipboard."""
    field = page.get_by_label("Code")
    field.focus()
    page.keyboard.insert_text(f"{digits[:3]} {digits[3:]}")
    form = page.locator("form").filter(has=field)
    form.get_by_role("button", name=re.compile("Continue|Turn on|Add")).click()


def test_turned_on_it_is_asked_for(visit: Visit, firm: Firm) -> None:
    page = visit("/settings", firm.owner)
    panel = page.get_by_role("region", name="Two-step sign-in", exact=True)
    requirement = page.get_by_role("region", name="Two-step sign-in for everybody")
    expect(requirement).to_contain_text("Turn on your own before you require it of others.")
    panel.get_by_role("button", name="Turn on").click()
    secret = set_up(page)
    check(page, "a device is set up")
    enter(page, wrong_code(secret))
    expect(page.get_by_text("This code is wrong, or was used already.")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_focused()
    enter(page, code(secret))
    expect(panel.get_by_role("listitem")).to_contain_text("Phone")
    expect(panel.get_by_role("button", name="Add a device")).to_be_visible()

    page.get_by_role("button", name="Sign out on this device").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, firm.owner.email)
    heading = page.get_by_role("heading", name="Enter your code")
    expect(heading).to_be_visible()
    expect(page.get_by_label("Code")).to_be_focused()
    check(page, "the code")
    enter(page, wrong_code(secret))
    expect(page.get_by_text("This code is wrong, or was used already.")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_focused()
    page.reload()
    expect(heading).to_be_visible()
    assert [url for url in asked if "/rest/" in url or "/realtime/" in url] == []
    enter(page, code(secret, 1))
    expect(panel.get_by_role("listitem")).to_contain_text("Phone")
    page.reload()
    expect(panel.get_by_role("listitem")).to_contain_text("Phone")

    requirement.get_by_role("button", name="Require it").click()
    page.get_by_role("dialog").get_by_role("button", name="Require it").click()
    expect(requirement).to_contain_text("Marlow & Partners requires it")
    panel.get_by_role("button", name="Remove Phone").click()
    check(page, "turning it off")
    page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    expect(panel.get_by_role("button", name="Turn on")).to_be_visible()
    expect(requirement).to_have_count(0)
    page.get_by_role("link", name="Contracts").click()
    expect(page.get_by_role("heading", name="requires two-step sign-in")).to_be_visible()


def test_a_firm_that_begins_to_require_it_says_so(visit: Visit, firm: Firm) -> None:
    company = firm.company()
    page = visit("/contracts", firm.member)
    expect(page.get_by_role("heading", name="No contracts yet")).to_be_visible()
    with_factor(firm.owner, "Phone")
    created(firm.owner.update("firms", {"require_mfa": True}, id=f"eq.{firm.id}"))
    page.get_by_role("link", name="Companies").click()
    sentence = page.get_by_role("heading", name="This firm requires two-step sign-in")
    expect(sentence).to_be_visible()
    expect(page.get_by_role("heading", name="No companies yet")).to_have_count(0)
    check(page, "a firm that requires it")
    page.get_by_role("button", name=re.compile("Switch firm")).click()
    expect(page.get_by_text("Requires two-step sign-in", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Turn on two-step sign-in").click()
    enter(page, code(set_up(page)))
    expect(page.get_by_role("main").get_by_text(company["name"])).to_be_visible()


def test_no_way_in_leads_around_it(
    visit: Visit, firm: Firm, outsider: Person, mailbox: Mailbox
) -> None:
    phone, tablet = (with_factor(outsider, name) for name in ("Phone", "Tablet"))
    invite = {"email": outsider.email, "role": "member"}
    token = created(firm.owner.rpc("invite_member", firm_id=firm.id, **invite))["token"]
    page = visit(f"/invitations/accept#token={token}", outsider)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    assert len(created(firm.owner.get("firm_members"))) == 1
    page.get_by_label("Device").select_option("Tablet")
    enter(page, code(tablet, 1))
    expect(page.get_by_role("heading", name="No contracts yet")).to_be_visible()

    page = visit("/forgot-password")
    forget(page, mailbox, outsider, "a new passphrase")
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    page.get_by_label("Device").select_option("Phone")
    enter(page, code(phone, 1))
    expect(page.get_by_role("heading", name="A new password")).to_be_visible()
    page.get_by_label("New password").fill(f"{PASSWORD} anew")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()

    # A session rests on the device it was raised with, and falls with it.
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Add a device").click()
    enter(page, code(set_up(page, "Laptop")))
    page.get_by_role("button", name="Remove Laptop").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    options = page.get_by_label("Device").locator("option")
    expect(options).to_have_text(["Phone", "Tablet"])


def test_a_new_password_that_is_refused_is_asked_for_again(
    visit: Visit, outsider: Person, mailbox: Mailbox
) -> None:
    created(outsider.rpc("create_firm", name="Elsewhere", slug=f"elsewhere-{outsider.id[:8]}"))
    page = visit("/forgot-password")
    forget(page, mailbox, outsider, PASSWORD)
    expect(page.get_by_role("heading", name="A new password")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("This is the password you have already.")


def test_the_link_of_the_mail_leads_to_a_new_password_once(
    visit: Visit, firm: Firm, mailbox: Mailbox
) -> None:
    page = visit("/forgot-password")
    link = ask(page, mailbox, firm.member, r"https?://\S+")
    page.goto(link)
    expect(page.get_by_role("heading", name="A new password")).to_be_visible()
    page.get_by_label("New password").fill(f"{PASSWORD} anew")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    assert "token" not in page.url
    page = visit(link)
    expect(page.get_by_role("alert")).to_contain_text("This link does not work any more.")


def ask(page: Page, mailbox: Mailbox, person: Person, secret: str) -> str:
    """What the mail for a new password has in it."""
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_role("button", name="Send the code").click()
    mailed = re.search(secret, mailbox.expect(person.email, "Reset")["text"])
    assert mailed
    return mailed.group()


def forget(page: Page, mailbox: Mailbox, person: Person, password: str) -> None:
    mailed = ask(page, mailbox, person, r"\b\d{6}\b")
    page.get_by_label("Code").fill(mailed)
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Set the password").click()


def with_factor(person: Person, name: str) -> str:
    """The secret of a device the person has from now on."""
    factor = sent(person, "", factor_type="totp", friendly_name=name)
    secret = str(factor["totp"]["secret"])
    verify(person, factor["id"], code(secret))
    return secret
