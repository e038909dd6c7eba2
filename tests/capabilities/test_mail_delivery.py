"""How people get their mails: at once, in the digest, not at all; and by whom they are carried."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from tests.capabilities.conftest import Mailbox, deliveries, notifications
from tests.conftest import RunningStack
from tests.jobs.runners import ROOT
from tests.people import Caller, Firm, Person, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]

REPORT = '{"report": "Contract portfolio", "format": "PDF", "kept_until": "2026-12-16"}'


def tell(
    db: Database, firm: Firm, person: Person, title: str = "Ready", kind: str = "report_ready"
) -> None:
    db.execute(
        "select private.notify(%s, %s, gen_random_uuid()::text, %s, 'Now', '/reports/1', "
        "p_user_ids => array[%s::uuid], p_email => %s)",
        [firm.id, kind, title, person.id, REPORT],
    )


def choose(person: Person, firm: Firm, delivery: str, kind: str = "report_ready") -> None:
    created(person.rpc("set_notification", firm_id=firm.id, kind=kind, delivery=delivery))


def mails(db: Database, address: str, event: str | None = None) -> list[dict[str, Any]]:
    cursor = db.execute(
        "select id::text, event, subject, params, status, error, attempts from emails"
        " where to_address = %s and event = coalesce(%s, event) order by created_at",
        [address, event],
    )
    assert cursor.description
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def make_digests(db: Database, at: datetime) -> None:
    """As the clock does, at a time of the test's choice."""
    db.execute("select private.send_digests(%s)", [at])


def past_eight(zone: str = "UTC") -> datetime:
    """The next time that the clocks there show five past eight."""
    now = datetime.now(ZoneInfo(zone))
    day = now + timedelta(days=now.hour >= 8)
    return day.replace(hour=8, minute=5, second=0, microsecond=0)


def test_each_gets_it_as_they_chose(firm: Firm, db: Database) -> None:
    for person, delivery in (
        (firm.owner, None),
        (firm.manager, "now"),
        (firm.member, "digest"),
        (firm.viewer, "off"),
    ):
        if delivery:
            choose(person, firm, delivery)
        tell(db, firm, person)
        (told,) = notifications(person, "report_ready")
        assert told["delivery"] == delivery or (told["delivery"] == "now" and delivery is None)
        assert len(mails(db, person.email, "report_ready")) == (told["delivery"] == "now")
    # A choice holds in its firm only.
    assert deliveries(firm.member, firm)["report_ready"] == "digest"
    other = Firm(firm.api)
    other.join("member", firm.member)
    assert deliveries(firm.member, other)["report_ready"] == "now"


def test_attack_53_a_flood_becomes_a_digest(firm: Firm, db: Database) -> None:
    for number in range(23):
        tell(db, firm, firm.owner, f"Report {number}")
    assert len(mails(db, firm.owner.email, "report_ready")) == 20
    kinds = [row["delivery"] for row in notifications(firm.owner, "report_ready")]
    assert (kinds.count("now"), kinds.count("digest")) == (20, 3)


def test_the_digest_is_one_mail_a_day_at_eight_by_the_firms_clock(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    zone = "Pacific/Auckland"
    created(
        firm.owner.update("firms", {"timezone": zone, "brand_color": "#0b6e4f"}, id=f"eq.{firm.id}")
    )
    for person in (firm.member, firm.viewer):
        choose(person, firm, "digest")
        tell(db, firm, person, "A & <b>")
        tell(db, firm, person, "B")
    tell(db, firm, firm.member, "Seen already")
    (seen,) = [n for n in notifications(firm.member, "report_ready") if n["title"][0] == "S"]
    created(firm.member.update("notifications", {"read_at": "now"}, id=f"eq.{seen['id']}"))
    # Whoever wants none of it any more gets none, though it was gathered.
    choose(firm.viewer, firm, "off")

    make_digests(db, past_eight(zone) - timedelta(hours=1))
    assert mails(db, firm.member.email, "digest") == []
    for _ in range(3):
        make_digests(db, past_eight(zone))
    (made,) = mails(db, firm.member.email, "digest")
    assert made["subject"] == "Marlow & Partners: 2 things since yesterday"
    assert mails(db, firm.viewer.email, "digest") == []

    drain()
    mail = mailbox.expect(firm.member.email, "2 things")
    assert mail["text"].index("A & <b>") < mail["text"].index("B (")
    assert "A &amp; &lt;b&gt;" in mail["html"]
    assert "background:#0b6e4f" in mail["html"]
    assert "Seen already" not in mail["text"]

    # Nothing new, nothing sent; what comes later waits for its own day.
    make_digests(db, past_eight(zone) + timedelta(days=1))
    assert len(mails(db, firm.member.email, "digest")) == 1
    tell(db, firm, firm.member, "C")
    make_digests(db, past_eight(zone))
    assert len(mails(db, firm.member.email, "digest")) == 1
    make_digests(db, past_eight(zone) + timedelta(days=1))
    (_, second) = mails(db, firm.member.email, "digest")
    assert [item["title"] for item in second["params"]["items"]] == ["C"]


def test_a_digest_shows_fifty_and_counts_the_rest(firm: Firm, db: Database) -> None:
    for person in (firm.member, firm.viewer):
        choose(person, firm, "digest")
        for number in range(53):
            tell(db, firm, person, f"Report {number}")
    choose(firm.viewer, firm, "off", kind="digest")
    make_digests(db, past_eight())
    assert mails(db, firm.viewer.email, "digest") == []
    (made,) = mails(db, firm.member.email, "digest")
    assert made["subject"].endswith("53 things since yesterday")
    assert (len(made["params"]["items"]), made["params"]["more"]) == (50, 3)


def test_who_left_gets_no_digest(firm: Firm, db: Database) -> None:
    choose(firm.member, firm, "digest")
    tell(db, firm, firm.member)
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=firm.member.id))
    make_digests(db, past_eight())
    assert mails(db, firm.member.email, "digest") == []


def click(mail: EmailMessage) -> str:
    """The address that one click sends a POST to."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(http\S+)>", mail["List-Unsubscribe"])
    assert found
    return found[1]


def test_one_click_ends_mails_of_a_kind(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, stack: RunningStack
) -> None:
    """Without a key and a session; through the Edge Function in Deno."""
    tell(db, firm, firm.member)
    drain()
    url = click(mailbox.received(mailbox.expect(firm.member.email, "Ready")))
    assert url.startswith(f"{stack.url}/functions/v1/unsubscribe?token=")

    # Scanners follow links: looking changes nothing.
    for method in ("GET", "HEAD"):
        page = httpx.request(method, url)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert page.headers["referrer-policy"] == "no-referrer"
    assert '<form method="post">' in httpx.get(url).text
    assert httpx.delete(url).status_code == 405
    assert deliveries(firm.member, firm)["report_ready"] == "now"

    for _ in range(2):
        done = httpx.post(url, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "no more of these mails from Marlow &#38; Partners" in done.text
    off = {kind for kind, delivery in deliveries(firm.member, firm).items() if delivery == "off"}
    assert off == {"report_ready"}
    assert deliveries(firm.owner, firm)["report_ready"] == "now"
    tell(db, firm, firm.member)
    assert len(mails(db, firm.member.email, "report_ready")) == 1
    choose(firm.member, firm, "now")
    tell(db, firm, firm.member)
    assert len(mails(db, firm.member.email, "report_ready")) == 2

    for token in ("", "x", "../../rest/v1/firms", "<script>alert(1)</script>", "A" * 130):
        wrong = httpx.post(f"{stack.url}/functions/v1/unsubscribe", params={"token": token})
        assert (wrong.status_code, "script" in wrong.text) == (404, False)
    assert httpx.post(f"{stack.url}/functions/v1/nothing").status_code == 401
    headers = {"apikey": stack.publishable_key}
    missing = httpx.post(f"{stack.url}/functions/v1/nothing", headers=headers)
    assert missing.status_code == 404


@contextmanager
def function(stack: RunningStack, **env: str) -> Iterator[str]:
    """The Edge Function alone, with these secrets; its address."""
    deno = next((ROOT / "supabase" / "local" / "node_modules" / "@deno").glob("*/deno"))
    file = ROOT / "supabase" / "functions" / "unsubscribe" / "index.ts"
    with subprocess.Popen(
        [deno, "run", "--no-config", "--no-lock", "--allow-net=127.0.0.1", "--allow-env", file],
        env={
            "DENO_DIR": str(stack.config.directory / "deno"),
            "DENO_SERVE_ADDRESS": "tcp:127.0.0.1:0",
            "NO_COLOR": "1",
            **env,
        },
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stderr
            found = re.search(r"http://127\.0\.0\.1:\d+", running.stderr.readline())
            assert found
            yield found[0]
        finally:
            running.terminate()


def test_the_function_leads_to_the_page_of_the_product(stack: RunningStack) -> None:
    """A hosted project shows no HTML: there the secret APP_URL says where the button is."""
    with function(stack, APP_URL="https://app.example.com/") as url:
        answer = httpx.get(url, params={"token": "a&b=c"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://app.example.com/unsubscribe#token=a%26b%3Dc"


@pytest.mark.parametrize(("key", "status"), [("wrong", 503), (None, 404)])
def test_a_link_is_called_invalid_only_if_it_is(
    stack: RunningStack, key: str | None, status: int
) -> None:
    """Whoever meets a fault of ours shall come again."""
    env = {"SUPABASE_URL": stack.url, "SUPABASE_ANON_KEY": key or stack.publishable_key}
    with function(stack, **env) as url:
        assert httpx.post(url, params={"token": "x"}).status_code == status


def test_who_is_no_member_is_asked_no_more(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, outsider: Person
) -> None:
    invite = {"email": outsider.email, "role": "viewer"}
    invitation = created(firm.owner.rpc("invite_member", firm_id=firm.id, **invite))
    drain()
    url = click(mailbox.received(mailbox.expect(outsider.email, "invites you")))
    assert httpx.post(url).status_code == 200
    again = firm.owner.rpc("resend_invitation", invitation_id=invitation["id"])
    assert (again.status_code, again.json()["details"]) == (409, "address_suppressed")
    # Others may still ask, and this firm for something else.
    other = Firm(firm.api)
    created(other.owner.rpc("invite_member", firm_id=other.id, **invite))
    suppressed = "select private.is_suppressed(%s, %s, 'signing_request')"
    assert db.execute(suppressed, [outsider.email, firm.id]).fetchone() == (False,)
    # Until they ask for it.
    allow = {"address": outsider.email.upper()}
    assert created(service(firm, "allow_address", **allow)) == 1
    created(firm.owner.rpc("resend_invitation", invitation_id=invitation["id"]))


def service(firm: Firm, function: str, **arguments: Any) -> httpx.Response:
    return firm.api.as_service("POST", f"/rest/v1/rpc/{function}", json=arguments)


def test_nothing_goes_to_an_address_that_bounced(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    tell(db, firm, firm.member)
    for _ in range(2):
        created(service(firm, "suppress_address", address=firm.member.email, reason="bounced"))
    drain()
    (mail,) = mails(db, firm.member.email, "report_ready")
    assert (mail["status"], mail["params"]) == ("suppressed", {})
    assert mailbox.of(firm.member.email, "Ready") == []
    assert len(notifications(firm.member, "report_ready")) == 1
    for wrong in (
        {"address": firm.member.email, "reason": "unsubscribed"},
        {"address": "a@b.example, c@d.example", "reason": "bounced"},
    ):
        assert service(firm, "suppress_address", **wrong).status_code == 400


def test_who_left_or_turned_it_off_gets_nothing_that_still_waited(
    firm: Firm, db: Database, drain: Drain
) -> None:
    """A mail server may be away for hours."""
    left, suspended, decided, stays = firm.join("viewer"), firm.member, firm.manager, firm.admin
    drain()
    for person in (left, suspended, decided, stays):
        tell(db, firm, person)
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=left.id))
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=suspended.id))
    choose(decided, firm, "off")
    drain()
    came = [mails(db, p.email, "report_ready")[0] for p in (left, suspended, decided, stays)]
    assert [mail["status"] for mail in came] == ["suppressed"] * 3 + ["sent"]
    assert [mail["params"] for mail in came] == [{}] * 4


class Played(ThreadingHTTPServer):
    """Plays Resend: keeps what it is sent, and gives the answers it was told to give."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.answers: list[tuple[int, dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Played

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((names, json.loads(body)))
        told = self.server.answers.pop(0) if self.server.answers else (200, {}, {"id": "1"})
        status, headers, answer = told
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def resend() -> Iterator[Played]:
    server = Played()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


KEY = "re_secret_key"


def test_resend_gets_a_mail_once_however_often_it_is_tried(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, resend: Played
) -> None:
    member = firm.member
    drain()  # the mail of the invitation
    tell(db, firm, member, "Reçu")
    limited = {"name": "rate_limit_exceeded", "message": f"Too many requests with {KEY}"}
    resend.answers = [
        (429, {"Retry-After": "120"}, limited),
        (500, {}, {}),
        (409, {}, {"name": "concurrent_idempotent_requests", "message": "In progress"}),
        (401, {}, {"name": "missing_api_key", "message": "Missing API Key"}),
    ]
    waiting = "message ->> 'kind' = 'email.send' and message ->> 'firm_id' = %s"
    before = datetime.now(UTC)
    for attempt in range(5):
        log = drain(RESEND_API_KEY=KEY, RESEND_URL=resend.url)
        assert KEY not in log
        (mail,) = mails(db, firm.member.email, "report_ready")
        assert mail["attempts"] == attempt + 1, mail
        if attempt == 0:
            query = f"select vt from pgmq.q_jobs_default where {waiting}"
            due = db.execute(query, [firm.id]).fetchone()
            assert due
            assert due[0] >= before + timedelta(seconds=119)
        db.execute(f"update pgmq.q_jobs_default set vt = now() where {waiting}", [firm.id])
    assert mail["status"] == "sent"
    assert mailbox.of(firm.member.email, "Reçu") == []

    assert len(resend.requests) == 5
    first, sent = resend.requests[0]
    assert all(headers["idempotency-key"] == mail["id"] for headers, _ in resend.requests)
    assert all(body == sent for _, body in resend.requests)
    assert first["authorization"] == f"Bearer {KEY}"
    assert sent["from"] == "Marlow & Partners via Firmbase <no-reply@firmbase.test>"
    assert (sent["to"], sent["subject"]) == ([firm.member.email], "Reçu")
    assert sent["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["headers"]["Message-ID"] == f"<{mail['id']}@firmbase.test>"
    for part in ("text", "html"):
        assert "Your report is ready" in sent[part]


def test_a_mail_outlasts_any_number_of_others_before_it(
    firm: Firm, db: Database, drain: Drain, resend: Played
) -> None:
    """Digests leave by the thousand, Resend takes a few each second and says: in a second."""
    member = firm.member
    drain()
    tell(db, firm, member)
    limited = {"name": "rate_limit_exceeded", "message": "Too many requests"}
    resend.answers = [(429, {"Retry-After": "1"}, limited)] * 15
    waiting = "message ->> 'kind' = 'email.send' and message ->> 'firm_id' = %s"
    while resend.answers:
        drain(RESEND_API_KEY=KEY, RESEND_URL=resend.url)
        (mail,) = mails(db, member.email, "report_ready")
        assert mail["status"] != "failed", mail
        db.execute(f"update pgmq.q_jobs_default set vt = now() where {waiting}", [firm.id])
    drain(RESEND_API_KEY=KEY, RESEND_URL=resend.url)
    (mail,) = mails(db, member.email, "report_ready")
    assert mail["status"] == "sent"


def test_a_mail_that_resend_has_is_sent_though_it_reads_differently_now(
    firm: Firm, db: Database, drain: Drain, resend: Played
) -> None:
    """Its yes was lost, and then came a new version of the program."""
    member = firm.member
    drain()
    tell(db, firm, member)
    answer = {"name": "invalid_idempotent_request", "message": "Used with another payload"}
    resend.answers = [(409, {}, answer)]
    drain(RESEND_API_KEY=KEY, RESEND_URL=resend.url)
    (mail,) = mails(db, member.email, "report_ready")
    assert (mail["status"], mail["error"]) == ("sent", None)


def test_what_resend_refuses_is_not_tried_again(
    firm: Firm, db: Database, drain: Drain, resend: Played
) -> None:
    member = firm.member
    drain()
    tell(db, firm, member)
    answer = {"name": "validation_error", "message": f"Invalid `to` field. {KEY}"}
    resend.answers = [(422, {}, answer)]
    log = drain(RESEND_API_KEY=KEY, RESEND_URL=resend.url)
    (mail,) = mails(db, firm.member.email, "report_ready")
    assert mail["status"] == "failed"
    said = "Resend answered: validation_error: Invalid `to` field. …"
    assert mail["error"] == f"message_refused: {said}"
    assert KEY not in log
    # Nobody is suppressed for one refusal: a key, a domain or a quota may be to blame.
    suppressed = "select private.is_suppressed(%s, %s, 'report_ready')"
    assert db.execute(suppressed, [firm.member.email, firm.id]).fetchone() == (False,)


def test_attack_52_a_token_opens_nothing_but_its_own(
    firm: Firm, db: Database, visitor: Caller, other_firm: Firm
) -> None:
    """Guessed, cut, changed by one sign, put together from two, by GET."""

    def token(of: Firm, kind: str, address: str = firm.member.email) -> str:
        query = "select private.unsubscribe_token(%s, %s, %s)"
        return str((db.execute(query, [address, of.id, kind]).fetchone() or (None,))[0])

    other_firm.join("member", firm.member)
    mine, theirs = token(firm, "report_ready"), token(other_firm, "report_ready")
    assert mine != theirs
    assert mine == token(firm, "report_ready", firm.member.email.upper())
    # The signature is the first 43 signs: that of one on the subject of the other.
    forged = [theirs[:44] + mine[44:], mine[:44] + theirs[44:], mine[:-1], mine + "A", mine[1:]]
    forged += [("B" if mine[n] == "A" else "A").join((mine[:n], mine[n + 1 :])) for n in (0, 50)]
    forged += ["", "%00", "A" * 108, "A" * 109, "A" * 174, "é" * 120, mine + "\n"]
    for guess in forged:
        refused = visitor.rpc("unsubscribe", token=guess)
        assert (refused.status_code, refused.json().get("details")) == (404, "unknown_token"), guess
    # A GET of the function itself is a transaction that can only read.
    assert visitor.rest("GET", "rpc/unsubscribe", params={"token": mine}).is_error
    assert deliveries(firm.member, firm)["report_ready"] == "now"

    said = created(visitor.rpc("unsubscribe", token=mine))
    assert said == {"firm": "Marlow & Partners", "kind": "report_ready"}
    assert deliveries(firm.member, firm)["report_ready"] == "off"
    assert deliveries(firm.member, firm)["contract_ending"] == "now"
    assert deliveries(firm.member, other_firm)["report_ready"] == "now"
    assert deliveries(firm.owner, firm)["report_ready"] == "now"
    # Whoever left is told the same; it changes nothing for anybody.
    created(visitor.rpc("unsubscribe", token=token(firm, "report_ready", "gone@example.com")))
    # A firm that is gone has no mails.
    query = "select private.unsubscribe_token('a@example.com', gen_random_uuid(), 'invitation')"
    (gone,) = db.execute(query).fetchone() or (None,)
    assert visitor.rpc("unsubscribe", token=gone).status_code == 404
