"""What who signs for a client gets: a mail whose link works, and says what one needs to know."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from tests.api.world import asked
from tests.capabilities.conftest import Mailbox, notifications
from tests.mail_server import Played
from tests.people import Caller, Firm, Person, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]


def test_the_link_of_the_mail_signs(
    firm: Firm,
    db: Database,
    drain: Drain,
    mailbox: Mailbox,
    visitor: Caller,
) -> None:
    (signer,) = asked(firm, db, "ada@client.example", title="Pricing <strategy>\u2028")
    drain()
    mail = mailbox.expect("ada@client.example", "please sign Pricing <strategy>")
    assert "<strategy>" not in mail["html"]
    found = re.search(r"/sign#token=([0-9a-f]{64})", mail["text"])
    assert found
    assert found[1] == signer["token"]
    kept = db.execute(
        "select count(*) from emails where firm_id = %s and params <> '{}'", [firm.id]
    ).fetchone()
    assert kept == (0,), "the token is gone with the mail"
    assert created(visitor.rpc("sign_contract", token=found[1], name="Ada")) == "signed"
    drain()
    assert "Everybody has signed" in mailbox.expect(firm.owner.email, "is signed")["text"]


def suppress(firm: Firm, address: str) -> None:
    words = {"address": address, "reason": "bounced"}
    created(firm.api.as_service("POST", "/rest/v1/rpc/suppress_address", json=words))


def told(person: Person) -> list[str]:
    return [row["body"] for row in notifications(person, "signer_unreachable")]


def out_of_reach(firm: Firm, signer: dict[str, Any]) -> bool:
    """As everybody in the firm sees it."""
    (row,) = created(firm.viewer.get("contract_signers", id=f"eq.{signer['id']}"))
    return row["unreachable_since"] is not None


def later(db: Database, signer: dict[str, Any]) -> None:
    db.execute(
        "update private.signing_tokens set asked_at = asked_at - interval '4 days 1 hour'"
        " where signer_id = %s",
        [signer["id"]],
    )
    db.execute("select private.remind_signers()")


def test_whoever_sent_it_hears_that_the_next_signer_gets_no_mail(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, visitor: Caller
) -> None:
    people = (firm.admin, firm.manager, firm.member)
    first, second = asked(firm, db, "ada@client.example", "ben@client.example")
    suppress(firm, "ben@client.example")
    created(visitor.rpc("sign_contract", token=first["token"], name="Ada"))
    drain()
    (said,) = told(firm.owner)
    assert "did not reach Ada Marsh at ben@client.example" in said
    assert [told(person) for person in people] == [[], [], []]
    assert (out_of_reach(firm, first), out_of_reach(firm, second)) == (False, True)
    drain()
    assert "Reach them another way" in mailbox.expect(firm.owner.email, "gets no mail")["text"]
    # Once is enough, however often they would have been asked.
    for _ in range(3):
        later(db, second)
        drain()
    assert len(told(firm.owner)) == 1


def test_who_unsubscribes_can_still_sign_by_the_link_they_have(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox, visitor: Caller
) -> None:
    (signer,) = asked(firm, db, "cleo@client.example")
    query = "select private.unsubscribe_token('cleo@client.example', %s, 'signing_request')"
    (token,) = db.execute(query, [firm.id]).fetchone() or (None,)
    drain()
    created(visitor.rpc("unsubscribe", token=token))
    assert told(firm.owner) == []
    for _ in range(3):
        later(db, signer)
        drain()
    assert len(mailbox.of("cleo@client.example")) == 1
    assert len(told(firm.owner)) == 1
    assert out_of_reach(firm, signer)
    link = {"token": signer["token"], "name": "Cleo"}
    assert created(visitor.rpc("sign_contract", **link)) == "signed"


def test_a_refused_request_is_told_and_the_next_try_counts(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    manager, _ = firm.manager, firm.viewer  # invited by mail, before the others
    drain()
    (signer,) = asked(firm, db, "dora@client.example")
    again = {"signer_id": signer["id"]}
    for times in (1, 2):
        with Played() as server:
            server.says = {"RCPT": ["550 5.1.1 No such user"]}
            drain(SMTP_URL=server.url)
        assert len(told(firm.owner)) == times
        assert out_of_reach(firm, signer)
        created(manager.rpc("resend_signing", **again))
        assert not out_of_reach(firm, signer)
    drain()
    mailbox.expect("dora@client.example")
    assert len(told(firm.owner)) == 2
    assert not out_of_reach(firm, signer)


def test_a_reminder_that_arrives_ends_it(firm: Firm, db: Database, drain: Drain) -> None:
    drain()
    (signer,) = asked(firm, db, "ed@client.example")
    with Played() as server:
        server.says = {"RCPT": ["550 5.2.2 Mailbox full"]}
        drain(SMTP_URL=server.url)
    assert out_of_reach(firm, signer)
    later(db, signer)
    drain()
    assert not out_of_reach(firm, signer)


def test_managers_hear_it_where_who_sent_the_contract_is_none_any_more(
    firm: Firm, db: Database, drain: Drain
) -> None:
    sender = firm.join("manager")
    contract = firm.contract()
    signer = {"name": "Fay", "email": "fay@client.example", "role": "company"}
    firm.add("contract_signers", None, signer | {"contract_id": contract["id"]})
    for status in ("in_review", "sent"):
        created(sender.rpc("transition_contract", id=contract["id"], to_status=status))
    created(firm.owner.rpc("change_role", firm_id=firm.id, user_id=sender.id, role="member"))
    suppress(firm, "fay@client.example")
    people = (firm.owner, firm.admin, firm.manager, firm.member, sender)
    drain()
    assert [len(told(person)) for person in people] == [1, 1, 1, 0, 0]


def test_nobody_hears_of_a_contract_that_waits_no_more(
    firm: Firm, db: Database, drain: Drain
) -> None:
    (signer,) = asked(firm, db, "gus@client.example")
    back = {"id": signer["contract_id"], "to_status": "draft"}
    created(firm.owner.rpc("transition_contract", **back))
    suppress(firm, "gus@client.example")
    drain()
    assert told(firm.owner) == []
    assert not out_of_reach(firm, signer)
