"""One click ends the mails of a kind, and a link opens nothing else."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import httpx
import pytest

from tests.capabilities.conftest import Mailbox, deliveries
from tests.capabilities.mails import Database, Drain, choose, mails, service, tell
from tests.conftest import RunningStack
from tests.jobs.runners import ROOT
from tests.people import Caller, Firm, Person, created


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
