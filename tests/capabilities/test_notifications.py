"""Rows of one's own, and e-mails that arrive once."""

import re
import smtplib
import socket
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from edge_jobs.notifications.letters import compose
from edge_jobs.notifications.mailer import Mailer
from edge_jobs.notifications.message import build
from tests.capabilities.conftest import Mailbox, notifications
from tests.conftest import RunningStack
from tests.people import Caller, Firm, Person, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]


def tell(db: Database, firm: Firm, person: Person, fact: str, email: str | None = None) -> int:
    (told,) = db.execute(
        "select private.notify(%s, 'report_ready', %s, 'Ready', 'Now', '/reports', "
        "p_user_ids => array[%s::uuid], p_email => %s)",
        [firm.id, fact, person.id, email],
    ).fetchone() or (0,)
    return int(told)


def letter(db: Database, firm: Firm, address: str, subject: str = "Terms end") -> str:
    """Queues one mail; returns its id."""
    facts = (
        '{"firm": "Marlow", "link": "/c", "number": "1", "title": "T", "party": null,'
        ' "ends_on": "2026-12-01", "days": 7}'
    )
    (id,) = db.execute(
        "select private.queue_email(%s, gen_random_uuid()::text, 'contract_ending', %s, %s, %s)",
        [firm.id, address, subject, facts],
    ).fetchone() or (None,)
    return str(id)


def state(db: Database, id: str) -> dict[str, Any]:
    cursor = db.execute(
        "select status, attempts, message_id, error, params, sent_at from public.emails "
        "where id = %s",
        [id],
    )
    (values,) = cursor.fetchall()
    assert cursor.description
    return dict(zip((column.name for column in cursor.description), values, strict=True))


def test_each_hears_a_fact_once(firm: Firm, db: Database) -> None:
    assert [tell(db, firm, firm.member, "a") for _ in range(2)] == [1, 0]
    assert tell(db, firm, firm.member, "b") == 1
    assert len(notifications(firm.member, "report_ready")) == 2


def test_people_see_and_read_their_own_only(
    firm: Firm, db: Database, other_firm: Firm, visitor: Caller
) -> None:
    tell(db, firm, firm.member, "a")
    (mine,) = notifications(firm.member, "report_ready")
    for person in (firm.owner, firm.viewer, other_firm.owner):
        assert notifications(person, "report_ready") == []
        change = person.update("notifications", {"read_at": "now"}, id=f"eq.{mine['id']}")
        assert change.json() == []
    assert visitor.get("notifications").is_error

    created(firm.member.update("notifications", {"read_at": "now"}, id=f"eq.{mine['id']}"))
    assert notifications(firm.member, "report_ready")[0]["read_at"]


@pytest.mark.parametrize(
    "change", [{"title": "x"}, {"user_id": "00000000-0000-0000-0000-000000000000"}, {"link": "/x"}]
)
def test_only_the_read_mark_can_change(firm: Firm, db: Database, change: dict[str, str]) -> None:
    tell(db, firm, firm.member, "a")
    (mine,) = notifications(firm.member, "report_ready")
    answer = firm.member.update("notifications", change, id=f"eq.{mine['id']}")
    assert answer.json()["code"] == "42501"
    assert firm.member.insert("notifications", {"title": "x"}).json()["code"] == "42501"
    assert firm.member.delete("notifications", id=f"eq.{mine['id']}").json()["code"] == "42501"


def test_whoever_left_the_firm_reads_nothing_of_it(firm: Firm, db: Database) -> None:
    tell(db, firm, firm.member, "a")
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=firm.member.id))
    assert notifications(firm.member, "report_ready") == []


def test_clients_never_see_emails(firm: Firm, visitor: Caller) -> None:
    for caller in (firm.owner, visitor):
        assert caller.get("emails").json()["code"] == "42501"
        for function in ("begin_email", "finish_email"):
            id = "00000000-0000-0000-0000-000000000000"
            arguments = {"message_domain": "x"} if function == "begin_email" else {}
            assert caller.rpc(function, email_id=id, **arguments).json()["code"] == "42501"


def test_a_mail_arrives_with_the_id_that_was_stored_first(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    id = letter(db, firm, firm.owner.email)
    drain()
    mail = mailbox.expect(firm.owner.email, "Terms end")
    sent = state(db, id)
    assert (sent["status"], sent["attempts"], sent["params"]) == ("sent", 1, {})
    assert sent["message_id"] == f"<{id}@firmbase.test>"
    assert mail["headers"]["message-id"] == sent["message_id"]
    assert mail["from"][0]["address"] == "no-reply@firmbase.test"


def test_a_sent_mail_is_not_sent_again(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    id = letter(db, firm, firm.owner.email)
    drain()
    db.execute(
        "select private.enqueue('email.send', jsonb_build_object('email_id', %s::uuid))", [id]
    )
    drain()
    mailbox.expect(firm.owner.email, "Terms end")
    assert state(db, id)["attempts"] == 1


def test_a_server_that_is_away_gets_the_same_message_later(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    id = letter(db, firm, firm.owner.email)
    drain(SMTP_URL="smtp://127.0.0.1:9")
    waiting = state(db, id)
    assert (waiting["status"], waiting["attempts"]) == ("sending", 1)
    assert waiting["message_id"]
    db.execute(
        "update pgmq.q_jobs_default set vt = now()"
        " where message ->> 'kind' = 'email.send' and message ->> 'firm_id' = %s",
        [firm.id],
    )
    drain()
    mailbox.expect(firm.owner.email, "Terms end")
    sent = state(db, id)
    assert (sent["status"], sent["attempts"]) == ("sent", 2)
    assert sent["message_id"] == waiting["message_id"]


def test_no_mail_is_lost_by_a_wrong_sender(firm: Firm, db: Database, drain: Drain) -> None:
    """It is a slip of the operator's, and every mail has it."""
    id = letter(db, firm, firm.owner.email)
    for wrong in ("Firmbase", "Firmbase <no-reply>", "a@b.example, c@d.example", "a@b.example\nx"):
        assert "MAIL_FROM" in drain(MAIL_FROM=wrong)
        assert state(db, id)["status"] == "queued"
        db.execute(
            "update pgmq.q_jobs_default set vt = now()"
            " where message ->> 'kind' = 'email.send' and message ->> 'firm_id' = %s",
            [firm.id],
        )
    drain()
    sent = state(db, id)
    assert (sent["status"], sent["message_id"]) == ("sent", f"<{id}@firmbase.test>")


def test_a_mail_that_cannot_be_written_has_failed_and_says_why(
    firm: Firm, db: Database, drain: Drain
) -> None:
    id = letter(db, firm, firm.owner.email)
    db.execute("update public.emails set params = params - 'title' where id = %s", [id])
    drain()
    failed = state(db, id)
    assert failed["status"] == "failed"
    assert failed["error"] == "template_missing: The letter contract_ending needs a proper title."


def test_many_mails_share_one_connection(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"firm": "M", "link": "/", "number": "1", "title": "T", "party": None, "days": 1}
    message = build(
        compose("contract_ending", facts | {"ends_on": "2026-12-01"}),
        firm="M",
        sender="no-reply@firmbase.test",
        to="one@connection.test",
        subject="Again",
        message_id="<1@firmbase.test>",
        app_url="http://127.0.0.1",
        unsubscribe_url="http://127.0.0.1/unsubscribe",
    )
    opened = []
    connect = smtplib.SMTP.connect

    def counted(*args: Any, **more: Any) -> Any:
        opened.append(1)
        return connect(*args, **more)

    monkeypatch.setattr(smtplib.SMTP, "connect", counted)
    mailer = Mailer(stack.smtp_url)
    for _ in range(3):
        mailer.send(message)
    assert len(opened) == 1
    # The server hung up in between: nobody notices.
    assert mailer._connection
    assert mailer._connection.sock
    mailer._connection.sock.shutdown(socket.SHUT_RDWR)
    mailer.send(message)
    mailer.close()
    assert len(opened) == 2


def test_an_invitation_arrives_and_its_token_is_forgotten(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, outsider: Person
) -> None:
    invitation = created(
        firm.owner.rpc("invite_member", firm_id=firm.id, email=outsider.email, role="manager")
    )
    drain()
    mail = mailbox.expect(outsider.email, "invites you to Marlow & Partners")
    found = re.search(r"#token=(\w+)", mail["text"])
    assert found
    assert found[1] == invitation["token"]
    (kept,) = db.execute(
        "select count(*) from public.emails where firm_id = %s and params::text like %s",
        [firm.id, f"%{invitation['token']}%"],
    ).fetchone() or (None,)
    assert kept == 0
    created(outsider.rpc("accept_invitation", token=found[1]))


def test_a_token_is_forgotten_with_a_mail_that_failed(
    firm: Firm, db: Database, drain: Drain
) -> None:
    invitation = created(
        firm.owner.rpc("invite_member", firm_id=firm.id, email="x@failed.test", role="member")
    )
    (id,) = db.execute(
        "update public.emails set params = params - 'role' where firm_id = %s and event = "
        "'invitation' and params::text like %s returning id",
        [firm.id, f"%{invitation['token']}%"],
    ).fetchone() or (None,)
    drain()
    failed = state(db, str(id))
    assert (failed["status"], failed["params"]) == ("failed", {})
    # Sent back by the operator, there is nothing left to send.
    dead = "select 'default:' || msg_id from private.dead_jobs where payload ->> 'email_id' = %s"
    db.execute(f"select private.jobs_retry(({dead}))", [str(id)])
    drain()
    assert state(db, str(id))["status"] == "failed"
    assert db.execute(dead, [str(id)]).fetchone() is None


def test_no_title_keeps_a_mail_from_being_written(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    id = letter(db, firm, firm.owner.email, "Terms\u2028end\u2029\r\nBcc: x@example.com\x85now")
    drain()
    assert state(db, id)["status"] == "sent"
    mailbox.expect(firm.owner.email, "Terms end Bcc: x@example.com now")
