"""The end of an account: who may go, what goes along, and what stays of the person."""

import re
import uuid
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from psycopg import sql

from cli.local.config import ROOT
from tests.api.races import LOCK_FIRM, race
from tests.api.world import asked
from tests.authenticator import step_up
from tests.conftest import RunningStack
from tests.people import Api, Firm, Person, created

Db = psycopg.Connection[Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def exists(db: Db, person: Person) -> bool:
    query = "select exists (select from auth.users where id = %s)"
    row = db.execute(query, (person.id,)).fetchone()
    assert row
    return bool(row[0])


def by_admin(person: Person) -> httpx.Response:
    return person.api.as_service("DELETE", f"/auth/v1/admin/users/{person.id}")


def test_an_account_goes_and_the_work_stays(firm: Firm, db: Db) -> None:
    person = firm.member
    company = firm.company(by=person)
    firm.add("saved_views", person, {"name": "Mine", "entity": "contracts"})
    own = {"consultant_id": firm.consultant()["id"], "user_id": person.id}
    created(firm.owner.rpc("link_consultant", **own))
    created(person.rpc("request_report", firm_id=firm.id, kind="contract_portfolio", format="csv"))
    created(person.rpc("delete_account"))

    assert not exists(db, person)
    members = created(firm.owner.get("firm_members", select="user_id"))
    assert members == [{"user_id": firm.owner.id}]
    assert created(firm.owner.get("companies"))[0]["created_by"] == person.id
    assert created(firm.owner.get("consultants"))[0]["user_id"] is None
    assert created(firm.owner.get("profiles", id=f"eq.{person.id}")) == []
    entry = {"table_name": "eq.firm_members", "action": "eq.delete", "row_id": f"eq.{person.id}"}
    assert created(firm.owner.get("audit_log", **entry))[0]["actor"] == person.id
    assert created(person.get("companies", id=f"eq.{company['id']}")) == []


def test_a_repeated_request_breaks_nothing(outsider: Person, db: Db) -> None:
    created(outsider.rpc("delete_account"))
    refused(outsider.rpc("delete_account"), 401, "not_signed_in")
    refused(outsider.rpc("create_firm", name="Mine", slug=uuid.uuid4().hex), 401, "not_signed_in")
    assert not exists(db, outsider)


def test_a_consultant_of_the_portal_goes(firm: Firm, db: Db) -> None:
    created(firm.portal.rpc("delete_account"))
    assert created(firm.owner.get("consultants"))[0]["user_id"] is None
    assert not exists(db, firm.portal)


def test_only_shortly_after_signing_in(outsider: Person, stack: RunningStack, db: Db) -> None:
    """A token that was found somewhere is older, however often its session was refreshed."""
    session = outsider.client.auth.get_session()
    assert session
    db.execute(
        "update auth.mfa_amr_claims set updated_at = now() - interval '11 minutes'"
        " where session_id in (select id from auth.sessions where user_id = %s)",
        (outsider.id,),
    )
    renewed = outsider.client.auth.refresh_session().session
    assert renewed
    outsider.token = renewed.access_token
    refused(outsider.rpc("delete_account"), 401, "reauthentication_needed")
    assert exists(db, outsider)
    del outsider.token
    created(outsider.rpc("delete_account"))


@pytest.mark.parametrize(
    "amr",
    [None, "password", ["password"], [{"method": "password"}], [{"timestamp": "now"}]],
    ids=str,
)
def test_without_the_time_of_the_sign_in_it_is_long_ago(
    outsider: Person, stack: RunningStack, db: Db, amr: Any
) -> None:
    claims = jwt.decode(outsider.token, options={"verify_signature": False}) | {"amr": amr}
    outsider.token = jwt.encode(claims, stack.config.keys.jwt_secret, "HS256")
    refused(outsider.rpc("delete_account"), 401, "reauthentication_needed")
    assert exists(db, outsider)


def test_a_second_factor_is_asked_for_if_there_is_one(outsider: Person, db: Db) -> None:
    step_up(outsider)
    raised = outsider.token
    del outsider.token
    refused(outsider.rpc("delete_account"), 403, "mfa_required")
    assert exists(db, outsider)
    outsider.token = raised
    created(outsider.rpc("delete_account"))


def test_attack_47_the_last_owner_stays(firm: Firm, other_firm: Firm, db: Db) -> None:
    owner = firm.owner
    db.execute("update firms set name = 'Marlow' where id = %s", (firm.id,))
    created(
        other_firm.owner.rpc(
            "invite_member", firm_id=other_firm.id, email=owner.email, role="owner"
        )
    )
    other_firm.join("owner")
    answer = owner.rpc("delete_account")
    refused(answer, 409, "owns_firms")
    assert "Marlow" in answer.json()["hint"]
    assert "transfer_ownership" in answer.json()["hint"]
    assert not by_admin(owner).is_success
    # A suspended owner is none who could go on.
    second = firm.join("owner")
    created(owner.rpc("suspend_member", firm_id=firm.id, user_id=second.id))
    refused(owner.rpc("delete_account"), 409, "owns_firms")
    assert exists(db, owner)
    assert created(owner.get("firm_members", role="eq.owner", status="eq.active"))
    invitations = db.execute("select from invitations where email = %s", (owner.email,)).fetchall()
    assert invitations, "a refusal leaves everything as it was"


def test_attack_47_with_a_second_owner_the_first_goes(firm: Firm, db: Db) -> None:
    second = firm.join("owner")
    created(firm.owner.rpc("delete_account"))
    assert created(second.get("firm_members", select="user_id")) == [{"user_id": second.id}]
    refused(second.rpc("delete_account"), 409, "owns_firms")


@pytest.mark.parametrize("way", ["own", "admin"])
def test_attack_47_the_owner_of_an_archived_firm_goes(firm: Firm, db: Db, way: str) -> None:
    created(firm.owner.rpc("archive_firm", firm_id=firm.id))
    created(firm.owner.rpc("delete_account") if way == "own" else by_admin(firm.owner))
    assert not exists(db, firm.owner)
    kept = db.execute("select archived_at from firms where id = %s", (firm.id,)).fetchone()
    assert kept
    assert kept[0]


@pytest.mark.parametrize("way", ["own", "admin"])
def test_attack_47_two_owners_go_at_once(stack: RunningStack, firm: Firm, db: Db, way: str) -> None:
    owners = [firm.owner, firm.join("owner")]
    tokens = [person.token for person in owners]
    assert len(set(tokens)) == len(owners)
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        *[
            lambda p=person: p.rpc("delete_account") if way == "own" else by_admin(p)
            for person in owners
        ],
    )
    assert sorted(answer.is_success for answer in answers) == [False, True]
    left = [person for person in owners if exists(db, person)]
    assert len(left) == 1
    assert created(left[0].get("firm_members", select="user_id")) == [{"user_id": left[0].id}]


def test_attack_47_two_owners_of_two_firms_go_at_once(
    stack: RunningStack, firm: Firm, other_firm: Firm, db: Db
) -> None:
    """Each waits for the same firm first, so that none of them holds what the other waits for."""
    owners = [firm.owner, other_firm.owner]
    firm.join("owner", other_firm.owner)
    other_firm.join("owner", firm.owner)
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        min(firm.id, other_firm.id),
        *[lambda p=person: p.rpc("delete_account") for person in owners],
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    refused(max(answers, key=lambda answer: answer.status_code), 409, "owns_firms")


def test_an_address_nobody_confirmed_takes_nothing_along(firm: Firm, api: Api, db: Db) -> None:
    stranger = Person(api, "stranger", confirmed=False)
    arguments = {"firm_id": firm.id, "email": stranger.email, "role": "viewer"}
    created(firm.owner.rpc("invite_member", **arguments))
    created(by_admin(stranger))
    assert created(firm.owner.get("invitations", email=f"eq.{stranger.email}"))


DOCUMENT = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| `((?:public|private|auth)\.\w+)` \| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


def documented() -> set[str]:
    """Where something of a person stays, as docs/security.md says."""
    return {
        f"{table}.{column}"
        for table, columns in ROW.findall(DOCUMENT.read_text())
        for column in re.findall(r"\w+", columns)
    }


def test_what_is_left_of_a_person(firm: Firm, other_firm: Firm, api: Api, db: Db) -> None:
    surname = f"Quill{uuid.uuid4().hex[:8]}"
    person = firm.join("admin", named(api, f"Ada {surname}"))
    step_up(person)
    # Of everything that names somebody: invited and inviting, mailed, told, signing, noted, linked.
    created(
        other_firm.owner.rpc(
            "invite_member", firm_id=other_firm.id, email=person.email, role="viewer"
        )
    )
    created(person.rpc("invite_member", firm_id=firm.id, email="next@example.com", role="viewer"))
    signer = asked(firm, db, person.email)[0]
    db.execute("update contract_signers set name = %s where id = %s", (surname, signer["id"]))
    created(person.rpc("sign_contract", token=signer["token"], name=f"Ada {surname}"))
    db.execute(
        "update emails set status = 'sent', params = '{}' where dedupe_key like %s",
        (f"signing_request:{signer['id']}:%",),
    )
    asked(other_firm, db, person.email)
    declined = asked(firm, db, person.email)[0]
    db.execute("update contract_signers set name = %s where id = %s", (surname, declined["id"]))
    created(person.rpc("decline_contract", token=declined["token"], reason=f"Not {surname}'s"))
    db.execute(
        "update emails set status = 'sent', params = '{}' where dedupe_key like %s",
        (f"signing_request:{declined['id']}:%",),
    )
    consultant = firm.consultant(name=f"Ada {surname}", email=person.email)
    created(firm.owner.rpc("link_consultant", consultant_id=consultant["id"], user_id=person.id))
    note = {"company_id": firm.company()["id"], "body": f"Ask {surname}"}
    firm.add("notes", None, note)
    created(person.rpc("request_report", firm_id=firm.id, kind="contract_portfolio", format="csv"))
    person.client.auth.update_user({"data": {"nick": surname}})
    created(person.rpc("delete_account"))

    assert places(db, person.email) | places(db, surname) == documented()
    to_them = db.execute("select event, status from emails where to_address = %s", (person.email,))
    assert to_them.fetchall() == [("signing_request", "queued")], "the link they still need"


def named(api: Api, name: str) -> Person:
    """A confirmed account with that full name."""
    person = Person(api, "person")
    change = {"user_metadata": {"full_name": name}}
    created(api.as_service("PUT", f"/auth/v1/admin/users/{person.id}", json=change))
    created(person.update("profiles", {"full_name": name}, id=f"eq.{person.id}"))
    return person


def places(db: Db, text: str) -> set[str]:
    """Columns of every table, of clients, of ours, of Auth and of the queue, that hold the text."""
    columns = db.execute(
        """
        select n.nspname, c.relname, a.attname
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'private', 'auth', 'pgmq', 'storage')
          and a.attnum > 0
          and not a.attisdropped
        """
    ).fetchall()
    query = sql.SQL("select exists (select from {}.{} where {}::text ilike %s)")
    found = set()
    for column in columns:
        row = db.execute(query.format(*map(sql.Identifier, column)), (f"%{text}%",)).fetchone()
        if row and row[0]:
            found.add(".".join(column))
    return found
