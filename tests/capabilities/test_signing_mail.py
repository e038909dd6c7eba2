"""What who signs for a client gets: a mail whose link works, and says what one needs to know."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from tests.api.world import asked
from tests.capabilities.conftest import Mailbox
from tests.people import Caller, Firm, created


def test_the_link_of_the_mail_signs(
    firm: Firm,
    db: psycopg.Connection[Any],
    drain: Callable[..., str],
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
