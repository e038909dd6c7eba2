"""Resend carries the mails: once each, however often it is tried."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.capabilities.conftest import Mailbox
from tests.capabilities.mails import Database, Drain, mails, tell
from tests.people import Firm


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
