"""What happened is seen, whatever the network made of it on its way."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import APIResponse, Page, Route, WebSocketRoute, expect

from tests.capabilities.conftest import upload
from tests.people import Firm, created
from tests.web.conftest import Visit


class Line:
    """The line of a page to Realtime, from the next time it is loaded."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._sockets: list[WebSocketRoute] = []
        self._joined: list[tuple[str, str]] = []
        page.route_web_socket(re.compile("/realtime/"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self._sockets.append(socket)
        # Without a server nobody answers on it.
        if self._is_cut:
            return
        server = socket.connect_to_server()

        def send(message: str | bytes) -> None:
            join_ref, _, topic, event, _ = json.loads(message)
            if event == "phx_join":
                self._joined.append((join_ref, topic))
            server.send(message)

        self._joined.clear()
        socket.on_message(send)

    def cut(self) -> None:
        """Until it is mended."""
        self._is_cut = True
        self._hang_up()

    def mend(self) -> None:
        self._is_cut = False
        self._hang_up()

    def close_channels(self) -> None:
        """As Realtime does where a token ran out, or too much was asked: no error, and the end."""
        for join_ref, topic in self._joined:
            self._sockets[-1].send(json.dumps([join_ref, None, topic, "phx_close", {}]))

    def _hang_up(self) -> None:
        if self._sockets:
            self._sockets[-1].close(code=3000)


def move(firm: Firm, contract: dict[str, str], to: str) -> None:
    created(firm.owner.rpc("transition_contract", id=contract["id"], to_status=to))


def test_what_happened_while_the_line_was_cut_is_seen(visit: Visit, firm: Firm) -> None:
    contract = firm.contract()
    page = visit("/contracts", firm.owner)
    line = Line(page)
    page.get_by_role("link", name=re.compile(contract["title"])).wait_for()
    page.goto(f"/contracts/{contract['id']}")
    badge = page.get_by_role("heading", level=1)
    expect(badge).to_contain_text("Draft")
    move(firm, contract, "in_review")
    expect(badge).to_contain_text("In review")
    line.cut()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    move(firm, contract, "sent")
    line.mend()
    expect(badge).to_contain_text("Sent", timeout=15_000)
    expect(page.get_by_text("moved it to sent")).to_be_visible()
    expect(page.get_by_text("Reconnecting")).to_have_count(0)
    line.close_channels()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    move(firm, contract, "signed")
    expect(badge).to_contain_text("Signed")
    expect(page.get_by_text("Reconnecting")).to_have_count(0)


def test_what_happened_before_the_line_was_up_is_seen(visit: Visit, firm: Firm) -> None:
    contract = firm.contract()
    page = visit("/contracts", firm.owner)
    row = page.get_by_role("link", name=re.compile(contract["title"]))
    row.wait_for()
    line = Line(page)
    line.cut()
    page.reload()
    expect(row).to_contain_text("Draft")
    move(firm, contract, "in_review")
    line.mend()
    expect(row).to_contain_text("In review", timeout=15_000)


def test_what_others_do_leaves_the_place_in_a_long_list(visit: Visit, firm: Firm) -> None:
    terms = {"firm_id": firm.id, "kind": "nda", "company_id": firm.company()["id"]}
    titles = [f"Secret {n}" for n in range(120)]
    made = created(firm.owner.insert("contracts", [terms | {"title": one} for one in titles]))
    first, *_, last = sorted(made, key=lambda contract: str(contract["id"]))
    page = visit("/contracts", firm.owner)
    rows = page.get_by_role("region", name="contracts").get_by_role("listitem")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    with page.expect_response(lambda answer: "limit=" in answer.url):
        created(firm.owner.update("contracts", {"title": "Ours"}, id=f"eq.{last['id']}"))
    expect(rows).to_have_count(100)
    created(firm.owner.update("contracts", {"archived_at": "now"}, id=f"eq.{first['id']}"))
    expect(rows).to_have_count(99)


def test_a_change_that_cannot_be_read_is_not_lost(visit: Visit, firm: Firm) -> None:
    contract = firm.contract()
    page = visit("/contracts", firm.owner)
    row = page.get_by_role("link", name=re.compile(contract["title"]))
    expect(row).to_contain_text("Draft")
    # The line is up.
    move(firm, contract, "in_review")
    expect(row).to_contain_text("In review")
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=502, body="Bad gateway")

    page.route(re.compile(r"/rest/v1/contracts\?.*\bid=eq\."), refuse, times=1)
    move(firm, contract, "sent")
    expect(row).to_contain_text("Sent")
    assert len(refused) == 1


def test_an_answer_that_comes_late_does_not_take_back_what_happened(
    visit: Visit, firm: Firm, drain: Callable[..., str]
) -> None:
    company = firm.company()["id"]
    upload(firm.member, firm, "Offer.txt", b"1,450 euros a day.", "text/plain", company_id=company)
    page = visit("/companies", firm.owner)
    page.get_by_role("main").get_by_role("link", name="Harbour Foods").wait_for()
    late: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        late.append((route, route.fetch()))
        # The page has asked for the list, and once more as soon as the line was up.
        if len(late) == 2:
            drain()

    page.route(re.compile(r"/rest/v1/files\?.*is_current=eq\.true"), hold, times=2)
    page.goto(f"/companies/{company}")
    expect(page.get_by_text("Offer.txt is ready.")).to_be_visible(timeout=60_000)
    for route, answer in late:
        route.fulfill(response=answer)
    files = page.get_by_role("list", name="Files")
    expect(files.get_by_role("button", name="Download Offer.txt")).to_be_visible()
    expect(files.get_by_text("Checking")).to_have_count(0)
