"""Who can get at what: the review against what people can really read."""

import csv
import io
import uuid
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.world import asked
from tests.authenticator import step_up
from tests.people import ROLES, Api, Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]

TABLE = {
    "company": "companies",
    "consultant": "consultants",
    "contract": "contracts",
    "file": "files",
    "report": "reports",
}


def review(firm: Firm, entity: str | None = None, id: str | None = None) -> list[Row]:
    asked_for = {"entity": entity, "id": id} if entity else {}
    rows: list[Row] = created(firm.admin.rpc("access_review", firm_id=firm.id, **asked_for))
    return rows


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def everybody(firm: Firm, outsider: Person) -> list[Person]:
    """Each role, each kind of consultant, and those who should see nothing."""
    people = [getattr(firm, role) for role in ROLES]
    both = firm.join("viewer")
    consultant = firm.consultant(name="Both")
    created(firm.owner.rpc("link_consultant", consultant_id=consultant["id"], user_id=both.id))
    return [*people, both, firm.portal, firm.suspended, firm.removed, outsider]


def reads(person: Person, entity: str, id: str) -> bool:
    if created(person.get(TABLE[entity], id=f"eq.{id}")):
        return True
    own = created(person.rpc("portal_contracts")) if entity == "contract" else []
    return id in {row["id"] for row in own}


def check(firm: Firm, people: list[Person], entity: str, id: str, tokens: Row) -> set[str]:
    """The review names exactly those who can read this; returns their addresses.

    Args:
        tokens: address to the token of a mail, of people who were asked to sign something.
    """
    named = {row["email"] for row in review(firm, entity, id)}
    real = {person.email for person in people if reads(person, entity, id)}
    if entity == "contract":
        number = created(firm.owner.get("contracts", id=f"eq.{id}"))[0]["number"]
        for email, token in tokens.items():
            answer = Caller(firm.api).rpc("view_signing", token=token)
            if answer.is_success and answer.json()["terms"]["number"] == number:
                real.add(email)
    assert named == real, f"{entity} {id}"
    return named


def at(firm: Firm, db: Db, status: str, **terms: Any) -> str:
    """The id of a contract in some status, however it got there."""
    contract = firm.contract(**terms)
    db.execute(
        "update contracts set status = %s, signed_at = now(), reason = 'x',"
        " terminated_at = case when %s = 'terminated' then now() end where id = %s",
        (status, status, contract["id"]),
    )
    return str(contract["id"])


def upload(firm: Firm, db: Db, status: str, **values: Any) -> str:
    document = {"name": "a.pdf", "size_bytes": 9, "mime": "application/pdf"}
    file: Row = created(firm.owner.rpc("begin_upload", firm_id=firm.id, **document, **values))
    db.execute("update files set status = %s where id = %s", (status, file["id"]))
    return str(file["id"])


def archive(firm: Firm, table: str, id: str) -> str:
    created(firm.owner.update(table, {"archived_at": "now"}, id=f"eq.{id}"))
    return id


def test_the_review_of_a_company_is_what_people_can_read(firm: Firm, outsider: Person) -> None:
    people = everybody(firm, outsider)
    named = check(firm, people, "company", firm.company()["id"], {})
    assert len(named) == 6, "the roles and the viewer who is a consultant"
    check(firm, people, "company", archive(firm, "companies", firm.company()["id"]), {})


def test_the_review_of_a_consultant_is_what_people_can_read(firm: Firm, outsider: Person) -> None:
    people = everybody(firm, outsider)
    own, other = firm.portal_consultant["id"], firm.consultant()["id"]
    assert firm.portal.email in check(firm, people, "consultant", own, {})
    assert firm.portal.email not in check(firm, people, "consultant", other, {})
    for row in review(firm, "consultant", own):
        person = next(each for each in people if each.email == row["email"])
        private = created(person.get("consultant_private", consultant_id=f"eq.{own}"))
        assert bool(private) == (row["sees"] == "all of it"), row


def test_the_review_of_a_contract_is_what_people_can_read(
    firm: Firm, outsider: Person, db: Db
) -> None:
    people = everybody(firm, outsider)
    own, other = firm.portal_consultant["id"], firm.consultant()["id"]
    shown = set()
    for status in ("draft", "in_review", "sent", "active", "expired", "terminated", "cancelled"):
        id = at(firm, db, status, kind="consultant", consultant_id=own)
        if firm.portal.email in check(firm, people, "contract", id, {}):
            shown.add(status)
    assert shown == {"sent", "active", "expired", "terminated"}
    for id in (
        at(firm, db, "sent", kind="nda", consultant_id=own),
        at(firm, db, "active", kind="client_services", consultant_id=own),
        at(firm, db, "active", kind="consultant", consultant_id=other),
        archive(firm, "contracts", at(firm, db, "sent", kind="nda", consultant_id=own)),
    ):
        check(firm, people, "contract", id, {})


def test_the_review_of_a_contract_names_who_holds_a_link(
    firm: Firm, outsider: Person, db: Db
) -> None:
    people = everybody(firm, outsider)
    ada, ben = asked(firm, db, "ada@client.example", "ben@client.example")
    (eve,) = asked(firm, db, "eve@client.example")
    tokens = {"ada@client.example": ada["token"], "eve@client.example": eve["token"]}
    contract = ada["contract_id"]
    named = check(firm, people, "contract", contract, tokens)
    assert "ada@client.example" in named
    assert not {ben["email"], eve["email"]} & named
    sign = {"token": ada["token"], "name": "Ada Marsh"}
    created(Caller(firm.api).rpc("sign_contract", **sign))
    assert {"ada@client.example", "ben@client.example"} <= {
        row["email"] for row in review(firm, "contract", contract)
    }
    (fay,) = asked(firm, db, "fay@client.example")
    created(Caller(firm.api).rpc("sign_contract", token=fay["token"], name="Fay"))
    links = {"fay@client.example": fay["token"]}
    named = check(firm, people, "contract", fay["contract_id"], links)
    assert "fay@client.example" in named, "who has signed may look at it"
    for ended in (
        "update private.signing_tokens set expires_at = now() where signer_id = %s",
        "update public.contract_signers set archived_at = now() where id = %s",
    ):
        db.execute(ended, [eve["id"]])
        assert "eve@client.example" not in check(
            firm, people, "contract", eve["contract_id"], tokens
        )
        (eve,) = asked(firm, db, "eve@client.example")
        tokens["eve@client.example"] = eve["token"]
    back = {"id": eve["contract_id"], "to_status": "draft"}
    created(firm.owner.rpc("transition_contract", **back))
    check(firm, people, "contract", eve["contract_id"], tokens)


def test_attack_29_the_review_of_a_file_is_what_people_can_read(
    firm: Firm, outsider: Person, db: Db
) -> None:
    people = everybody(firm, outsider)
    own, other = firm.portal_consultant["id"], firm.consultant()["id"]
    sent = at(firm, db, "sent", kind="consultant", consultant_id=own)
    draft = at(firm, db, "draft", kind="consultant", consultant_id=own)
    bill = at(firm, db, "active", kind="client_services", consultant_id=own)
    managers = check(firm, people, "file", upload(firm, db, "ready", visibility="managers"), {})
    assert managers == {getattr(firm, role).email for role in ("owner", "admin", "manager")}
    portal: Row = {"visibility": "portal"}
    for shared in ({"consultant_id": own}, {"contract_id": sent}):
        id = upload(firm, db, "ready", **portal, **shared)
        assert firm.portal.email in check(firm, people, "file", id, {})
    for id in (
        upload(firm, db, "ready"),
        upload(firm, db, "ready", contact_id=firm.contact()["id"]),
        upload(firm, db, "ready", consultant_id=own),
        upload(firm, db, "ready", consultant_id=other, **portal),
        upload(firm, db, "pending", consultant_id=own, **portal),
        upload(firm, db, "ready", contract_id=draft, **portal),
        upload(firm, db, "ready", contract_id=bill, **portal),
        archive(firm, "files", upload(firm, db, "ready", consultant_id=own, **portal)),
    ):
        assert firm.portal.email not in check(firm, people, "file", id, {})


def test_the_review_of_a_report_is_what_people_can_read(
    firm: Firm, outsider: Person, db: Db
) -> None:
    people = everybody(firm, outsider)
    for person in people:
        row = db.execute(
            "insert into reports (firm_id, requested_by, kind, format)"
            " values (%s, %s, 'contract_portfolio', 'csv') returning id::text",
            (firm.id, person.id),
        ).fetchone()
        assert row
        named = check(firm, people, "report", row[0], {})
        assert (firm.member.email in named) == (person is firm.member)


@pytest.mark.parametrize(
    "closed",
    [
        "update consultants set status = 'inactive' where user_id = %(user)s",
        "update consultants set archived_at = now() where user_id = %(user)s",
        "update consultants set user_id = null where user_id = %(user)s",
        "insert into firm_members (firm_id, user_id, role, status)"
        " values (%(firm)s, %(user)s, 'viewer', 'suspended')",
    ],
)
def test_a_portal_that_closed_is_closed_in_the_review(firm: Firm, db: Db, closed: str) -> None:
    own, portal = firm.portal_consultant["id"], firm.portal
    file = upload(firm, db, "ready", visibility="portal", consultant_id=own)
    objects = (("consultant", own), ("file", file))
    for entity, id in objects:
        assert portal.email in check(firm, [portal, firm.owner, firm.admin], entity, id, {})
    db.execute(closed, {"firm": firm.id, "user": portal.id})
    for entity, id in objects:
        assert portal.email not in check(firm, [portal, firm.owner, firm.admin], entity, id, {})
    assert {row["sees"] for row in review(firm) if row["email"] == portal.email} <= {"nothing"}


def test_what_it_says_that_a_role_does_not_see_is_what_it_does_not_see(firm: Firm, db: Db) -> None:
    company = firm.company()
    merged = {"kept_id": company["id"], "merged_id": firm.company()["id"]}
    created(firm.owner.rpc("merge_companies", **merged))
    created(
        firm.member.rpc("request_report", firm_id=firm.id, kind="contract_portfolio", format="csv")
    )
    created(
        firm.owner.rpc("request_report", firm_id=firm.id, kind="contract_portfolio", format="csv")
    )
    upload(firm, db, "ready", visibility="managers")
    firm.consultant()
    for role in ROLES:
        person: Person = getattr(firm, role)
        (sees,) = [row["sees"] for row in review(firm) if row["email"] == person.email]
        assert sees.startswith("everything")
        reports = len(created(person.get("reports")))
        hidden = {
            "managers' files": not created(person.get("files")),
            "consultants' private facts": not created(person.get("consultant_private")),
            "merges": not created(person.get("merge_log")),
            "the audit log": not created(person.get("audit_log")),
            " others' reports": reports == 1,
            ", reports": reports == 0,
        }
        assert {words: words in sees for words in hidden} == hidden, role
        assert created(person.get("companies")), role


def test_everybody_with_access_is_listed_and_by_which_way(
    firm: Firm, db: Db, outsider: Person
) -> None:
    people = everybody(firm, outsider)
    for email in ("open@example.com", "late@example.com", "no@example.com", outsider.email):
        invitation = created(
            firm.owner.rpc("invite_member", firm_id=firm.id, email=email, role="member")
        )
        if email.startswith("late"):
            db.execute(
                "update invitations set expires_at = now() where id = %s", [invitation["id"]]
            )
        if email.startswith("no@"):
            created(firm.owner.rpc("revoke_invitation", invitation_id=invitation["id"]))
    (ada,) = asked(firm, db, "ada@client.example", title="Advice")
    answer = firm.admin.rpc("access_review", firm_id=firm.id)
    rows = {(row["email"], row["via"]): row for row in created(answer)}
    *members, both, portal, suspended, removed, _ = people
    assert rows.keys() == {
        *((person.email, "member") for person in (*members, both, suspended)),
        *((person.email, "portal") for person in (both, portal)),
        *((email, "invitation") for email in ("open@example.com", outsider.email)),
        ("ada@client.example", "signing"),
    }
    assert len(created(answer)) == len(rows)
    assert removed.email not in answer.text
    row = rows[(suspended.email, "member")]
    assert (row["role"], row["status"], row["sees"]) == ("admin", "suspended", "nothing")
    row = rows[(portal.email, "portal")]
    assert (row["user_id"], row["person"], row["status"]) == (portal.id, "Portal", "active")
    assert row["since"], "the day of the link"
    assert row["last_sign_in_at"] is None
    assert rows[(firm.admin.email, "member")]["last_sign_in_at"]
    row = rows[("open@example.com", "invitation")]
    assert (row["role"], row["sees"]) == ("member", "nothing until it is accepted")
    assert row["expires_at"]
    row = rows[("ada@client.example", "signing")]
    assert row["sees"].endswith(", Advice")
    assert row["expires_at"]
    # Nobody learns here who has an account, nor gets at a link.
    row = rows[(outsider.email, "invitation")]
    assert (row["user_id"], row["person"], row["last_sign_in_at"]) == (None, None, None)
    assert row["second_factor"] is None
    assert ada["token"] not in answer.text


def test_who_has_a_second_factor(firm: Firm) -> None:
    step_up(firm.member)
    answer = firm.admin.rpc("access_review", firm_id=firm.id)
    has = {row["email"]: row["second_factor"] for row in created(answer)}
    assert has == {firm.owner.email: False, firm.admin.email: False, firm.member.email: True}


def test_a_link_does_not_tell_when_somebody_was_there(firm: Firm, outsider: Person) -> None:
    """An admin may link any account whose id they know; its comings and goings are not theirs."""
    created(outsider.rpc("my_firms"))
    link = {"consultant_id": firm.consultant()["id"], "user_id": outsider.id}
    created(firm.owner.rpc("link_consultant", **link))
    (row,) = [row for row in review(firm) if row["user_id"] == outsider.id]
    assert (row["via"], row["last_sign_in_at"]) == ("portal", None)


def test_a_closed_firm_is_closed_for_all(api: Api, firm: Firm, db: Db) -> None:
    portal = firm.portal
    (ada,) = asked(firm, db)
    db.execute("update firms set status = 'suspended' where id = %s", [firm.id])
    refused(firm.owner.rpc("access_review", firm_id=firm.id), 404, "firm_not_found")
    body: Row = {"firm_id": firm.id}
    rows = created(api.as_service("POST", "/rest/v1/rpc/list_access", json=body))
    assert {row["email"] for row in rows} == {firm.owner.email, portal.email}
    assert {row["sees"] for row in rows} == {"nothing"}
    body |= {"entity": "contract", "id": ada["contract_id"]}
    assert created(api.as_service("POST", "/rest/v1/rpc/list_access", json=body)) == []


def test_attack_02_objects_of_another_firm(firm: Firm, other_firm: Firm, db: Db) -> None:
    theirs = {
        "company": other_firm.company()["id"],
        "consultant": other_firm.consultant()["id"],
        "contract": other_firm.contract()["id"],
        "file": upload(other_firm, db, "ready"),
        "report": created(
            other_firm.owner.rpc(
                "request_report", firm_id=other_firm.id, kind="contract_portfolio", format="csv"
            )
        ),
    }
    for entity, id in theirs.items():
        for what in (id, str(uuid.uuid4()), None):
            answer = firm.owner.rpc("access_review", firm_id=firm.id, entity=entity, id=what)
            refused(answer, 404, "object_not_found")
        answer = firm.owner.rpc("access_review", firm_id=other_firm.id, entity=entity, id=id)
        refused(answer, 404, "firm_not_found")
    assert firm.owner.rpc("list_access", firm_id=firm.id).status_code == 403


@pytest.mark.parametrize("entity", ["note", "companies", "", None, "x'; select 1; --"])
def test_attack_49_an_entity_that_is_none(shared_firm: Firm, entity: str | None) -> None:
    body = {"firm_id": shared_firm.id, "entity": entity, "id": shared_firm.company()["id"]}
    refused(shared_firm.owner.rpc("access_review", **body), 422, "unknown_entity")


def test_attack_43_as_a_table_it_is_what_people_typed(firm: Firm) -> None:
    """PostgREST guards no cell: that is for who makes a file of it, as the command line does."""
    formula = '=HYPERLINK("https://example.com")'
    change = {"full_name": formula}
    created(firm.viewer.update("profiles", change, id=f"eq.{firm.viewer.id}"))
    answer = firm.owner.rest(
        "POST", "rpc/access_review", json={"firm_id": firm.id}, headers={"Accept": "text/csv"}
    )
    assert answer.is_success
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert list(rows[0]) == list(review(firm)[0])
    assert formula in {row["person"] for row in rows}
