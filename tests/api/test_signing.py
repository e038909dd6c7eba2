"""Signing: by the link of a mail or signed in, in turn, once, and only what was shown."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import LOCK_CONTRACT, race
from tests.api.world import asked, signers
from tests.conftest import RunningStack
from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def invalid(answer: httpx.Response) -> None:
    """The one answer for whatever opens nothing."""
    refused(answer, 404, "link_invalid")


def sign(caller: Caller, signer: Row, **values: Any) -> httpx.Response:
    return caller.rpc("sign_contract", **{"token": signer["token"], "name": "Ada Marsh"} | values)


def contract_of(firm: Firm, signer: Row) -> Row:
    rows: list[Row] = created(firm.owner.get("contracts", id=f"eq.{signer['contract_id']}"))
    return rows[0]


def reviewed(firm: Firm, *emails: str) -> str:
    """The id of a contract that is about to be sent to these."""
    contract = firm.contract()
    for email in emails:
        signer = {"contract_id": contract["id"], "name": "Ada Marsh", "email": email}
        firm.add("contract_signers", None, signer | {"role": "company"})
    to = {"id": contract["id"], "to_status": "in_review"}
    return str(created(firm.owner.rpc("transition_contract", **to))["id"])


def mailed(firm: Firm, db: Db, contract: str) -> dict[str, str]:
    """Address of each signer to where their link was sent."""
    found = db.execute(
        "select s.email, e.to_address from contract_signers s left join emails e"
        " on e.firm_id = s.firm_id and e.dedupe_key like 'signing_request:' || s.id || ':%%'"
        " where s.contract_id = %s",
        [contract],
    ).fetchall()
    return dict(found)


def test_two_sign_in_turn_and_the_contract_is_signed(firm: Firm, db: Db, visitor: Caller) -> None:
    first, second = asked(firm, db, "ada@client.example", "ben@client.example")
    assert second["token"] is None, "not their turn yet"
    shown = created(visitor.rpc("view_signing", token=first["token"]))
    assert shown["terms"]["title"] == "Advisory services"
    assert shown["terms"]["firm"] == "Marlow & Partners"
    assert "id" not in str(shown["terms"].keys())
    assert shown["status"] == "viewed"
    assert created(sign(visitor, first, name="  Ada Marsh ")) == "sent"
    first, second = signers(firm, db, first["contract_id"])
    assert (first["status"], first["signed_name"]) == ("signed", "Ada Marsh")
    assert first["signed_terms"] == shown["terms"]
    assert created(sign(visitor, second, name="Ben")) == "signed"
    contract = contract_of(firm, first)
    assert contract["status"] == "signed"
    assert contract["signed_at"]
    (last,) = created(
        firm.viewer.get(
            "contract_events", contract_id=f"eq.{contract['id']}", to_status="eq.signed"
        )
    )
    assert (last["actor"], last["note"]) == (None, "Everybody has signed.")
    told = created(firm.owner.get("notifications", kind="eq.contract_signed"))
    assert [row["link"] for row in told] == [f"/contracts/{contract['id']}"]


def test_a_retry_of_the_last_signature_finds_its_answer(
    firm: Firm, db: Db, visitor: Caller
) -> None:
    (signer,) = asked(firm, db)
    assert [created(sign(visitor, signer)) for _ in range(2)] == ["signed", "signed"]
    again = signers(firm, db, signer["contract_id"])[0]
    assert created(sign(visitor, signer, name="Somebody else")) == "signed"
    assert signers(firm, db, signer["contract_id"])[0]["decided_at"] == again["decided_at"]
    refused(
        visitor.rpc("decline_contract", token=signer["token"], reason="No"), 409, "signed_already"
    )


def test_declining_makes_it_a_draft_again(firm: Firm, db: Db, visitor: Caller) -> None:
    (signer,) = asked(firm, db)
    refused(
        visitor.rpc("decline_contract", token=signer["token"], reason=" "), 422, "reason_required"
    )
    answer = visitor.rpc("decline_contract", token=signer["token"], reason="The rate is too high")
    assert created(answer) == "draft"
    assert contract_of(firm, signer)["status"] == "draft"
    (row,) = signers(firm, db, signer["contract_id"])
    assert (row["status"], row["reason"]) == ("declined", "The rate is too high")
    (told,) = created(firm.owner.get("notifications", kind="eq.contract_declined"))
    assert told["body"] == "Ada Marsh declined: The rate is too high"
    invalid(sign(visitor, signer))
    for status in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", id=signer["contract_id"], to_status=status))
    (row,) = signers(firm, db, signer["contract_id"])
    assert (row["status"], row["reason"]) == ("pending", None)
    assert row["token"] != signer["token"]
    invalid(sign(visitor, signer))
    assert created(sign(visitor, row)) == "signed"


def test_those_who_have_an_account_sign_without_a_token(firm: Firm, db: Db) -> None:
    member, consultant = firm.member, firm.portal
    terms = {"kind": "consultant", "consultant_id": firm.portal_consultant["id"]}
    first, _ = asked(firm, db, member.email, consultant.email, company_id=None, **terms)
    of = {"contract_id": first["contract_id"]}
    for other in (firm.owner, firm.viewer, consultant):
        invalid(other.rpc("sign_contract", name="Not me", **of))
    created(member.rpc("view_signing", **of))
    assert created(member.rpc("sign_contract", name="Mia Member", **of)) == "sent"
    assert created(consultant.rpc("view_signing", **of))["terms"]["consultant"] == "Noor Haddad"
    assert created(consultant.rpc("sign_contract", name="Noor", **of)) == "signed"


def test_an_unconfirmed_address_signs_nothing(firm: Firm, db: Db) -> None:
    person = firm.join("viewer")
    (signer,) = asked(firm, db, person.email)
    db.execute("update auth.users set email_confirmed_at = null where id = %s", [person.id])
    invalid(person.rpc("sign_contract", name="Me", contract_id=signer["contract_id"]))


def test_signed_on_paper_needs_a_word(firm: Firm, db: Db, visitor: Caller) -> None:
    (signer,) = asked(firm, db)
    to = {"id": signer["contract_id"], "to_status": "signed"}
    refused(firm.manager.rpc("transition_contract", **to), 409, "signers_pending")
    created(firm.manager.rpc("transition_contract", note="Signed on paper", **to))
    invalid(sign(visitor, signer))


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "Ada\nMarsh", "Ada\u0000"])
def test_a_signature_is_a_name(firm: Firm, db: Db, visitor: Caller, name: str) -> None:
    (signer,) = asked(firm, db)
    assert sign(visitor, signer, name=name).status_code in (400, 422)
    assert contract_of(firm, signer)["status"] == "sent"


def test_the_name_of_a_signer_is_one_line(firm: Firm) -> None:
    """A mail to a stranger begins with it: it must not add paragraphs of its own."""
    row = {"firm_id": firm.id, "contract_id": reviewed(firm), "role": "company"}
    made = {"name": "Ada\n\nPay here:", "email": "ada@client.example"}
    answer = firm.manager.insert("contract_signers", row | made)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


def test_a_new_link_replaces_the_one_before(firm: Firm, db: Db, visitor: Caller) -> None:
    first, second = asked(firm, db, "ada@client.example", "ben@client.example")
    created(firm.manager.rpc("resend_signing", signer_id=first["id"]))
    refused(firm.manager.rpc("resend_signing", signer_id=second["id"]), 409, "not_their_turn")
    invalid(sign(visitor, first))
    assert created(sign(visitor, signers(firm, db, first["contract_id"])[0])) == "sent"
    refused(firm.manager.rpc("resend_signing", signer_id=first["id"]), 409, "not_their_turn")


def test_nobody_is_flooded_with_requests(firm: Firm, db: Db) -> None:
    (signer,) = asked(firm, db)
    for _ in range(4):
        created(firm.manager.rpc("resend_signing", signer_id=signer["id"]))
    answer = firm.manager.rpc("resend_signing", signer_id=signer["id"])
    refused(answer, 429, "too_many_signing_requests")
    to = {"id": signer["contract_id"]}
    created(firm.owner.rpc("transition_contract", to_status="draft", **to))
    created(firm.owner.rpc("transition_contract", to_status="in_review", **to))
    answer = firm.owner.rpc("transition_contract", to_status="sent", **to)
    refused(answer, 429, "too_many_signing_requests")


def test_many_at_once_find_no_more_room_than_one(stack: RunningStack, firm: Firm, db: Db) -> None:
    contracts = [reviewed(firm, f"{name}@client.example") for name in ("ada", "ben", "cy")]
    db.execute(
        "insert into emails (firm_id, dedupe_key, event, to_address, subject)"
        " select %s::uuid, %s || n, 'signing_request', 'old@client.example', 'x'"
        " from generate_series(1, 99) n",
        [firm.id, firm.id],
    )
    owner = firm.owner
    answers = race(
        stack.superuser_url,
        "select pg_advisory_xact_lock(hashtextextended('private.require_mail_room:' || %s, 0))",
        firm.id,
        *(
            lambda id=id: owner.rpc("transition_contract", id=id, to_status="sent")
            for id in contracts
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429]


def test_a_contract_is_no_mailing_list(firm: Firm, db: Db) -> None:
    contract = reviewed(firm)
    rows = [
        {
            "firm_id": firm.id,
            "contract_id": contract,
            "name": "Ada Marsh",
            "email": f"ada-{number}@client.example",
            "role": "company",
        }
        for number in range(51)
    ]
    made = created(firm.manager.insert("contract_signers", rows))
    to = {"id": contract, "to_status": "sent"}
    refused(firm.manager.rpc("transition_contract", **to), 422, "too_many_signers")
    change = {"archived_at": "now"}
    created(firm.manager.update("contract_signers", change, id=f"eq.{made[0]['id']}"))
    created(firm.manager.rpc("transition_contract", **to))
    assert len(mailed(firm, db, contract)) == 51


def test_nobody_is_reminded_of_a_contract_they_cannot_open(firm: Firm, db: Db) -> None:
    (signer,) = asked(firm, db)
    archived = {"archived_at": "now"}
    created(firm.owner.update("contracts", archived, id=f"eq.{signer['contract_id']}"))
    db.execute(
        "update private.signing_tokens set asked_at = now() - interval '9 days'"
        " where signer_id = %s",
        [signer["id"]],
    )
    db.execute("select private.remind_signers()")
    assert signers(firm, db, signer["contract_id"])[0]["token"] == signer["token"]


def test_who_does_not_sign_is_asked_twice_more(firm: Firm, db: Db) -> None:
    (signer,) = asked(firm, db)
    mails = "select count(*) from emails where firm_id = %s and event = 'signing_request'"

    def later(days: int) -> int:
        db.execute(
            "update private.signing_tokens set asked_at = asked_at - make_interval(days => %s)"
            " where signer_id = %s",
            [days, signer["id"]],
        )
        db.execute("select private.remind_signers()")
        row = db.execute(mails, [firm.id]).fetchone()
        assert row
        return int(row[0])

    assert [later(2), later(2), later(3), later(2), later(30)] == [1, 2, 2, 3, 3]


def test_a_token_is_kept_nowhere(firm: Firm, db: Db) -> None:
    (signer,) = asked(firm, db)
    hashes = db.execute(
        "select token_hash from private.signing_tokens where signer_id = %s", [signer["id"]]
    ).fetchall()
    assert signer["token"].encode() not in bytes(hashes[0][0])
    assert len(signer["token"]) == 64


def test_attack_12_a_token_opens_one_contract_once(firm: Firm, db: Db, visitor: Caller) -> None:
    (one,), (other,) = asked(firm, db), asked(firm, db)
    assert created(sign(visitor, one)) == "signed"
    assert contract_of(firm, other)["status"] == "sent"
    for token in (one["token"][:-1], one["token"] + "0", "", "x" * 64, one["id"], "%"):
        invalid(visitor.rpc("sign_contract", token=token, name="x"))
        invalid(visitor.rpc("view_signing", token=token))
    invalid(visitor.rpc("sign_contract", name="x"))
    invalid(visitor.rpc("sign_contract", contract_id=other["contract_id"], name="x"))


@pytest.mark.parametrize(
    "change",
    [
        "update private.signing_tokens set expires_at = now() where signer_id = %(signer)s",
        "update contract_signers set archived_at = now() where id = %(signer)s",
        "update contracts set archived_at = now() where id = %(contract)s",
        "update firms set status = 'suspended' where id = %(firm)s",
        "update contracts set status = 'draft' where id = %(contract)s",
        "update contracts set status = 'cancelled' where id = %(contract)s",
    ],
)
def test_attack_13_a_link_ends_with_its_reason(
    firm: Firm, db: Db, visitor: Caller, change: str
) -> None:
    (signer,) = asked(firm, db)
    names = {"signer": signer["id"], "contract": signer["contract_id"], "firm": firm.id}
    db.execute(change, names)
    for answer in (
        sign(visitor, signer),
        visitor.rpc("view_signing", token=signer["token"]),
        visitor.rpc("decline_contract", token=signer["token"], reason="No"),
    ):
        invalid(answer)


def test_attack_15_two_last_signers_at_once(stack: RunningStack, firm: Firm, db: Db) -> None:
    first, second = asked(firm, db, "ada@client.example", "ben@client.example")
    db.execute("update contract_signers set sign_order = 1 where id = %s", [second["id"]])
    db.execute("select private.ask_signer(%s)", [second["id"]])
    both = signers(firm, db, first["contract_id"])
    answers = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        first["contract_id"],
        *(lambda row=row: sign(Caller(firm.api), row) for row in both),
    )
    assert sorted(created(answer) for answer in answers) == ["sent", "signed"]
    events = created(firm.owner.get("contract_events", contract_id=f"eq.{first['contract_id']}"))
    assert [row["to_status"] for row in events].count("signed") == 1


def test_attack_15_signing_while_it_is_taken_back(
    stack: RunningStack, firm: Firm, db: Db, visitor: Caller
) -> None:
    (signer,) = asked(firm, db)
    (answer,) = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        signer["contract_id"],
        lambda: sign(visitor, signer),
        meanwhile=f"update contracts set status = 'draft' where id = '{signer['contract_id']}'",
    )
    invalid(answer)


def test_attack_23_terms_stand_still_while_they_are_signed(firm: Firm, db: Db) -> None:
    (signer,) = asked(firm, db)
    of = {"id": f"eq.{signer['contract_id']}"}
    refused(firm.owner.update("contracts", {"rate": 1}, **of), 409, "terms_frozen")
    change = {"email": "evil@example.com"}
    answer = firm.owner.update("contract_signers", change, id=f"eq.{signer['id']}")
    refused(answer, 409, "contract_closed")
    for column in ("status", "signed_name", "signed_terms", "decided_at"):
        answer = firm.owner.update("contract_signers", {column: None}, id=f"eq.{signer['id']}")
        assert answer.status_code == 403


def test_attack_23_an_address_that_changes_while_the_contract_is_sent(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    """Else the link goes to one address and the evidence names another."""
    contract = reviewed(firm, "mine@example.com")
    (answer,) = race(
        stack.superuser_url,
        "update contract_signers set email = 'ada@client.example' where contract_id = %s",
        contract,
        lambda: firm.owner.rpc("transition_contract", id=contract, to_status="sent"),
    )
    created(answer)
    assert mailed(firm, db, contract) == {"ada@client.example": "ada@client.example"}


def test_attack_23_a_signer_who_arrives_while_the_contract_is_sent(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    contract, other = reviewed(firm, "ada@client.example"), reviewed(firm)
    late = {"firm_id": firm.id, "name": "Late", "role": "company"}
    rows = [
        late | {"contract_id": contract, "email": "late@client.example"},
        late | {"contract_id": other, "email": "taken@client.example"},
    ]
    # The second row waits for whoever is about to take its place; the first is past its guard.
    answers = race(
        stack.superuser_url,
        "insert into contract_signers (firm_id, contract_id, name, email, role)"
        " select firm_id, id, 'First', 'taken@client.example', 'company'"
        " from contracts where id = %s",
        other,
        lambda: firm.owner.insert("contract_signers", rows),
        lambda: firm.owner.rpc("transition_contract", id=contract, to_status="sent"),
        meanwhile="rollback",
        in_turn=True,
    )
    for answer in answers:
        created(answer)
    assert mailed(firm, db, contract) == {
        email: email for email in ("ada@client.example", "late@client.example")
    }


def test_attack_23_a_party_renamed_between_reading_and_signing(
    firm: Firm, db: Db, visitor: Caller
) -> None:
    """Members cannot touch the contract; nor, by the name of a company, what somebody signs."""
    (signer,) = asked(firm, db)
    created(visitor.rpc("view_signing", token=signer["token"]))
    company = contract_of(firm, signer)["company_id"]
    created(firm.member.update("companies", {"name": "Somebody else"}, id=f"eq.{company}"))
    refused(sign(visitor, signer), 409, "terms_changed")
    shown = created(visitor.rpc("view_signing", token=signer["token"]))
    assert shown["terms"]["company"] == "Somebody else"
    assert created(sign(visitor, signer)) == "signed"
    assert signers(firm, db, signer["contract_id"])[0]["signed_terms"] == shown["terms"]
    created(firm.member.update("companies", {"name": "Again"}, id=f"eq.{company}"))
    assert created(sign(visitor, signer)) == "signed", "a retry finds its answer"


def test_attack_23_other_terms_than_somebody_signed_in_has_seen(firm: Firm, db: Db) -> None:
    """A link goes when the contract is taken back; whoever is signed in has none that could."""
    (signer,) = asked(firm, db, firm.member.email)
    of = {"contract_id": signer["contract_id"]}
    created(firm.member.rpc("view_signing", **of))
    to = {"id": signer["contract_id"]}
    created(firm.owner.rpc("transition_contract", to_status="draft", **to))
    created(firm.owner.update("contracts", {"rate": 1}, id=f"eq.{to['id']}"))
    for status in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", to_status=status, **to))
    refused(firm.member.rpc("sign_contract", name="Mia", **of), 409, "terms_changed")
    assert created(firm.member.rpc("view_signing", **of))["terms"]["rate"] == 1
    assert created(firm.member.rpc("sign_contract", name="Mia", **of)) == "signed"


def test_attack_26_signing_shows_nothing_else(
    firm: Firm, db: Db, visitor: Caller, outsider: Person
) -> None:
    (signer,) = asked(firm, db)
    shown = created(visitor.rpc("view_signing", token=signer["token"]))
    assert shown.keys() == {
        *("terms", "name", "role", "status", "decided_at", "contract_status"),
    }
    assert visitor.get("contracts").status_code == 401
    invalid(outsider.rpc("view_signing", contract_id=signer["contract_id"]))
