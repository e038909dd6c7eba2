"""Which mails one gets: chosen in the app, or ended by the link of one."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, Response, expect

from cli.notifications import body, example
from edge_jobs.notifications.letters import EVENTS
from tests.capabilities.conftest import deliveries
from tests.people import Firm, created
from tests.web.axe import check
from tests.web.conftest import Mailbox, Visit


def kind(page: Page, what: str, choice: str) -> Locator:
    return page.get_by_role("radiogroup", name=what).get_by_role("radio", name=choice)


def keeps(answer: Response, kind: str) -> bool:
    """Whether it is the answer to a choice for mails of a kind."""
    sent = answer.request.post_data_json if "set_notification" in answer.url else None
    return bool(sent and sent["kind"] == kind)


def test_mails_are_chosen_by_keyboard_and_kept_at_once(visit: Visit, firm: Firm) -> None:
    page = visit("/settings/notifications", firm.member)
    kind(page, "A contract ends soon.", "At once").focus()
    page.keyboard.press("ArrowRight")
    expect(kind(page, "A contract ends soon.", "Daily")).to_be_checked()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    expect(kind(page, "A contract renews itself", "At once")).to_be_focused()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with page.expect_response(lambda answer: keeps(answer, "digest")):
        kind(page, "The daily mail", "No mail").check()
    expect(page.get_by_text("told under the bell only")).to_be_visible()
    assert deliveries(firm.member, firm) == deliveries(firm.owner, firm) | {
        "contract_ending": "off",
        "digest": "off",
    }

    # What was not kept is not shown as if it were.
    page.context.set_offline(True)
    kind(page, "A contract ends soon.", "At once").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(kind(page, "A contract ends soon.", "No mail")).to_be_checked()
    page.context.set_offline(False)
    kind(page, "A contract ends soon.", "Daily").check()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(kind(page, "A contract ends soon.", "Daily")).to_be_checked()
    expect(kind(page, "The daily mail", "No mail")).to_be_checked()


def test_an_admin_colours_the_mails_of_the_firm(visit: Visit, firm: Firm) -> None:
    page = visit("/settings", firm.admin)
    page.get_by_label("Colour", exact=True).fill("#0b6e4f")
    page.get_by_role("button", name="Save the colour").click()
    back = page.get_by_role("button", name="Back to the colours of the house")
    expect(back).to_be_visible()
    assert created(firm.member.get("firms"))[0]["brand_color"] == "#0b6e4f"
    back.click()
    expect(back).to_have_count(0)
    assert created(firm.member.get("firms"))[0]["brand_color"] is None

    page = visit("/settings", firm.manager)
    expect(page.get_by_role("radiogroup").first).to_be_visible()
    expect(page.get_by_role("heading", name="Colour of the firm")).to_have_count(0)


def test_one_button_ends_mails_of_a_kind(
    visit: Visit, firm: Firm, mailbox: Mailbox, drain: Callable[..., str]
) -> None:
    asked = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "csv"}
    created(firm.member.rpc("request_report", **asked))
    drain()
    text = mailbox.expect(firm.member.email, "Your report is ready")["text"]
    (token,) = re.findall(r"/unsubscribe\?token=([\w-]+)", text)

    # Nobody is signed in; to look at the page is no click.
    page = visit()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"/unsubscribe#token={token}")
    button = page.get_by_role("button", name="Stop these mails")
    expect(button).to_be_visible()
    assert deliveries(firm.member, firm)["report_ready"] == "now"
    page.context.set_offline(True)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.context.set_offline(False)
    button.click()
    expect(page.get_by_text("sends you none of the kind “Report ready”")).to_be_visible()
    expect(page.get_by_role("heading", name="No more of these mails")).to_be_focused()
    check(page, "unsubscribed")
    assert deliveries(firm.member, firm) == deliveries(firm.owner, firm) | {"report_ready": "off"}
    assert any(url.endswith("/rpc/unsubscribe") for url in sent)
    assert not any(token in url.split("#")[0] for url in sent)
    page.get_by_role("link", name="Choose which mails you get").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    # A link that lost its end changes nothing, and says so.
    page.goto(f"/unsubscribe#token={token[:-1]}")
    page.reload()
    page.get_by_role("button", name="Stop these mails").click()
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


def test_no_mail_is_wider_than_a_phone(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600})
    for event in EVENTS:
        page.set_content(body(example(event, "Elektrizitätswerk" * 12, None, None), "html"))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (event, width) == (event, 320)
    page.close()
