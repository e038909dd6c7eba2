"""The portal: what a consultant with an account sees of the firm, and nobody else of them."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.matrix import CLOSED_TABLES, TABLES
from tests.people import Api, Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]

CONTENT = b"%PDF-1.4 for you"


def linked(consultant: Row, person: Person | None) -> Row:
    return {"consultant_id": consultant["id"], "user_id": person and person.id}


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def at(firm: Firm, db: Db, status: str, **terms: Any) -> str:
    """The id of a contract in some status, however it got there."""
    contract = firm.contract(**terms)
    db.execute(
        "update contracts set status = %s, signed_at = now(), reason = 'x',"
        " terminated_at = case when %s = 'terminated' then now() end where id = %s",
        (status, status, contract["id"]),
    )
    return str(contract["id"])


def ready(firm: Firm, db: Db, **values: Any) -> Row:
    """A file of the owner's, processed."""
    document = {"name": "a.pdf", "size_bytes": len(CONTENT), "mime": "application/pdf"}
    file: Row = created(firm.owner.rpc("begin_upload", firm_id=firm.id, **document, **values))
    created(firm.owner.upload(file["path"], CONTENT, "application/pdf"))
    db.execute("update files set status = 'ready' where id = %s", (file["id"],))
    return file


def seen(person: Caller) -> set[str]:
    return {row["id"] for row in created(person.rpc("portal_contracts"))}


def download(person: Caller, file: Row) -> httpx.Response:
    person.rpc("open_file", file_id=file["id"])
    return person.send("GET", f"/storage/v1/object/authenticated/firm-files/{file['path']}")


def test_attack_26_another_consultants_contracts_rates_and_drafts(firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    other = firm.consultant()["id"]
    for_own: Row = {"kind": "consultant", "consultant_id": own}
    sent = [
        at(firm, db, status, **for_own)
        for status in ("sent", "signed", "active", "expired", "terminated")
    ]
    for status in ("draft", "in_review", "cancelled"):
        at(firm, db, status, **for_own)
    nda = at(firm, db, "sent", kind="nda", consultant_id=own, company_id=None)
    at(firm, db, "active", kind="consultant", consultant_id=other)
    # What the client pays for them is the firm's business.
    at(firm, db, "active", kind="client_services", consultant_id=own)
    archived = at(firm, db, "sent", **for_own)
    created(firm.owner.update("contracts", {"archived_at": "now"}, id=f"eq.{archived}"))

    assert seen(portal) == {*sent, nda}
    filtered = portal.rest("POST", "rpc/portal_contracts?status=eq.draft", json={})
    assert created(filtered) == []
    assert seen(firm.owner) == set()


def test_attack_26_of_the_firm_and_the_company_only_the_names(firm: Firm, db: Db) -> None:
    company = firm.company(tax_id="DE123")
    own = {"kind": "consultant", "consultant_id": firm.portal_consultant["id"]}
    contract = at(firm, db, "sent", company_id=company["id"], value_cap=77777, **own)
    firm.add("notes", None, {"contract_id": contract, "body": "Hard to deal with"})
    answer = firm.portal.rpc("portal_contracts")
    (row,) = created(answer)
    assert (row["firm_name"], row["company_name"]) == ("Marlow & Partners", company["name"])
    assert not {"value_cap", "company_id", "created_by", "reason"} & row.keys()
    assert "DE123" not in answer.text
    assert "77777" not in answer.text


def test_attack_26_every_table_holds_only_their_own(firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    at(firm, db, "active", kind="consultant", consultant_id=own)
    firm.consultant()
    mine = {"consultants": {own}, "consultant_private": {own}, "profiles": {portal.id}}
    for table in TABLES.keys() - CLOSED_TABLES:
        key = "consultant_id" if table == "consultant_private" else "id"
        rows = created(portal.get(table))
        assert {row.get(key) for row in rows} == mine.get(table, set()), table


def test_consultants_keep_a_few_facts_about_themselves(firm: Firm) -> None:
    portal, where = firm.portal, {"id": f"eq.{firm.portal_consultant['id']}"}
    change = {
        "phone": "+351 21 000 0000",
        "headline": "Data engineer",
        "skills": ["sql"],
        "available_from": "2026-12-01",
    }
    row = created(portal.update("consultants", change, **where))[0]
    assert {key: row[key] for key in change} == change
    assert row["updated_by"] == portal.id
    for kept in (
        {"name": "Boss"},
        {"email": "me@example.com"},
        {"kind": "partner"},
        {"status": "inactive"},
        {"seniority": "principal"},
        {"external_ref": "1"},
        {"archived_at": "now"},
        {"phone": None, "name": "Boss"},
    ):
        refused(portal.update("consultants", kept, **where), 403, "not_allowed")
    rate = portal.update("consultant_private", {"tax_ref": "1"}, consultant_id=where["id"])
    assert created(rate) == []


def test_a_manager_who_is_a_consultant_stays_a_manager(firm: Firm) -> None:
    consultant = firm.consultant()
    created(firm.owner.rpc("link_consultant", **linked(consultant, firm.manager)))
    where = {"id": f"eq.{consultant['id']}"}
    assert created(firm.manager.update("consultants", {"name": "Ines"}, **where))


def test_attack_27_consultant_repoints_user_id(firm: Firm, outsider: Person) -> None:
    portal, other = firm.portal, firm.consultant()
    for person in (portal, firm.owner):
        for change in ({"user_id": person.id}, {"user_id": None}):
            answer = person.update("consultants", change, firm_id=f"eq.{firm.id}")
            assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    new = {"firm_id": firm.id, "name": "x", "user_id": portal.id}
    assert firm.owner.insert("consultants", new).status_code == 403
    link = linked(other, portal)
    refused(portal.rpc("link_consultant", **link), 404, "consultant_not_found")
    refused(outsider.rpc("link_consultant", **link), 404, "consultant_not_found")
    refused(firm.manager.rpc("link_consultant", **link), 403, "not_allowed")
    refused(firm.admin.rpc("link_consultant", **link), 409, "user_linked")
    (row,) = created(firm.owner.get("consultants", user_id=f"eq.{portal.id}"))
    assert row["id"] == firm.portal_consultant["id"]


def test_only_confirmed_accounts_are_linked(firm: Firm, api: Api) -> None:
    consultant = firm.consultant()
    unconfirmed = Person(api, "unconfirmed", confirmed=False)
    refused(
        firm.owner.rpc("link_consultant", **linked(consultant, unconfirmed)),
        404,
        "user_not_found",
    )
    nobody = {"consultant_id": consultant["id"], "user_id": consultant["id"]}
    refused(firm.owner.rpc("link_consultant", **nobody), 404, "user_not_found")


def test_an_account_is_a_consultant_of_several_firms(firm: Firm, other_firm: Firm, db: Db) -> None:
    person, second = firm.portal, other_firm.consultant()
    created(other_firm.owner.rpc("link_consultant", **linked(second, person)))
    ours = at(firm, db, "sent", kind="nda", consultant_id=firm.portal_consultant["id"])
    theirs = at(other_firm, db, "sent", kind="nda", consultant_id=second["id"])
    assert seen(person) == {ours, theirs}
    created(other_firm.owner.rpc("link_consultant", **linked(second, None)))
    assert seen(person) == {ours}


@pytest.mark.parametrize(
    "closed",
    [
        "update consultants set user_id = null where id = %(consultant)s",
        "update consultants set status = 'inactive' where id = %(consultant)s",
        "update consultants set archived_at = now() where id = %(consultant)s",
        "update firms set status = 'suspended' where id = %(firm)s",
        "update firms set archived_at = now() where id = %(firm)s",
        "insert into firm_members (firm_id, user_id, role, status)"
        " values (%(firm)s, %(user)s, 'admin', 'suspended')",
    ],
)
def test_attack_18_the_portal_closes_at_once(firm: Firm, db: Db, closed: str) -> None:
    portal, consultant = firm.portal, firm.portal_consultant["id"]
    at(firm, db, "sent", kind="nda", consultant_id=consultant)
    file = ready(firm, db, consultant_id=consultant, visibility="portal")
    assert seen(portal)
    assert download(portal, file).content == CONTENT
    db.execute(closed, {"consultant": consultant, "firm": firm.id, "user": portal.id})
    assert seen(portal) == set()
    assert not download(portal, file).is_success
    for table in ("consultants", "consultant_private", "files"):
        assert created(portal.get(table)) == [], table


def test_attack_29_the_portal_shows_what_was_shared(firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    other = firm.consultant()["id"]
    sent, draft = (
        at(firm, db, status, kind="consultant", consultant_id=own) for status in ("sent", "draft")
    )
    bill = at(firm, db, "active", kind="client_services", consultant_id=own)
    shared = [
        ready(firm, db, consultant_id=own, visibility="portal"),
        ready(firm, db, contract_id=sent, visibility="portal"),
    ]
    hidden = [
        ready(firm, db, consultant_id=own),
        ready(firm, db, consultant_id=own, visibility="managers"),
        ready(firm, db, contract_id=sent),
        ready(firm, db, contract_id=draft, visibility="portal"),
        ready(firm, db, contract_id=bill, visibility="portal"),
        ready(firm, db, consultant_id=other, visibility="portal"),
        ready(firm, db),
    ]
    archived = ready(firm, db, consultant_id=own, visibility="portal")
    created(firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{archived['id']}"))
    assert {row["id"] for row in created(portal.get("files"))} == {file["id"] for file in shared}
    for file in shared:
        assert download(portal, file).content == CONTENT
        assert created(firm.viewer.get("files", id=f"eq.{file['id']}")), "the firm reads it too"
    for file in (*hidden, archived):
        assert not download(portal, file).is_success
    for file in shared:
        assert created(portal.update("files", {"name": "x"}, id=f"eq.{file['id']}")) == []


def test_consultants_send_in_what_is_about_them(firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    sent = at(firm, db, "sent", kind="consultant", consultant_id=own)
    for parent in ({"consultant_id": own}, {"contract_id": sent}):
        file = created(portal.rpc("begin_upload", **intent(firm), **parent))
        created(portal.upload(file["path"], CONTENT, "application/pdf"))
        assert created(portal.rpc("finish_upload", file_id=file["id"]))["status"] == "processing"
        assert not download(portal, file).is_success
        db.execute("update files set status = 'ready' where id = %s", (file["id"],))
        for person in (portal, firm.viewer):
            assert download(person, file).content == CONTENT
    begun = created(portal.rpc("begin_upload", **intent(firm), consultant_id=own))
    created(portal.rpc("cancel_upload", file_id=begun["id"]))
    refused(portal.rpc("finish_upload", file_id=begun["id"]), 409, "upload_closed")


def intent(firm: Firm) -> Row:
    return {
        "firm_id": firm.id,
        "name": "a.pdf",
        "size_bytes": len(CONTENT),
        "mime": "application/pdf",
        "visibility": "portal",
    }


def test_attack_30_consultants_send_nothing_else(firm: Firm, other_firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    draft = at(firm, db, "draft", kind="consultant", consultant_id=own)
    bill = at(firm, db, "active", kind="client_services", consultant_id=own)
    for wrong in (
        {"consultant_id": firm.consultant()["id"]},
        {"contract_id": draft},
        {"contract_id": bill},
        {"company_id": firm.company()["id"]},
        {"contact_id": firm.contact()["id"]},
        {},
        {"consultant_id": own, "visibility": "firm"},
        {"consultant_id": own, "visibility": "managers"},
        # Somebody else's firm, with ids of one's own: not even whether it has space left.
        {"consultant_id": own, "firm_id": other_firm.id},
    ):
        refused(portal.rpc("begin_upload", **intent(firm) | wrong), 404, "firm_not_found")
    for other in ("company", "contact"):
        two = {"consultant_id": own, f"{other}_id": getattr(firm, other)()["id"]}
        refused(portal.rpc("begin_upload", **intent(firm), **two), 422, "one_parent")


def test_attack_18_an_upload_ends_with_the_link(firm: Firm) -> None:
    portal, own = firm.portal, firm.portal_consultant
    file = created(portal.rpc("begin_upload", **intent(firm), consultant_id=own["id"]))
    created(firm.owner.rpc("link_consultant", **linked(own, None)))
    assert not portal.upload(file["path"], CONTENT, "application/pdf").is_success
    refused(portal.rpc("finish_upload", file_id=file["id"]), 404, "upload_not_found")


def test_only_managers_share_in_the_portal(firm: Firm) -> None:
    own = firm.portal_consultant["id"]
    document = {"firm_id": firm.id, "name": "a.pdf", "size_bytes": 9, "mime": "application/pdf"}
    shared = document | {"consultant_id": own, "visibility": "portal"}
    refused(firm.member.rpc("begin_upload", **shared), 403, "not_allowed")
    created(firm.manager.rpc("begin_upload", **shared))
    lost = document | {"visibility": "portal"}
    refused(firm.manager.rpc("begin_upload", **lost), 422, "portal_parent")
    mine = created(firm.member.rpc("begin_upload", **document, consultant_id=own))
    change = {"visibility": "portal"}
    answer = firm.member.update("files", change, id=f"eq.{mine['id']}")
    assert answer.status_code == 403
    created(firm.manager.update("files", change, id=f"eq.{mine['id']}"))
    assert created(firm.member.update("files", {"name": "x"}, id=f"eq.{mine['id']}")) == []


@pytest.mark.parametrize(
    "query",
    [
        "consultant_private",
        "consultants?select=name,consultant_private(*)",
        "consultants?select=name,consultant_private!inner(cost_rate)",
        "consultants?select=name,consultant_private!inner()&consultant_private.cost_rate=gt.600",
        "consultants?select=name&order=consultant_private(cost_rate)&limit=1",
        "contracts?select=title,consultants(consultant_private(*))",
        "contract_consultants?select=id,consultants(consultant_private(*))",
        "firms?select=name,consultant_private(*)",
        "audit_log?table_name=eq.consultant_private",
    ],
)
def test_attack_28_member_reads_consultant_private(shared_firm: Firm, query: str) -> None:
    consultant = shared_firm.consultant()
    secret = {"cost_rate": 640.5, "cost_unit": "day", "currency": "EUR", "bank_ref": "PT50-SECRET"}
    where = {"consultant_id": f"eq.{consultant['id']}"}
    created(shared_firm.manager.update("consultant_private", secret, **where))
    contract = shared_firm.contract(kind="consultant", consultant_id=consultant["id"])
    part = {"contract_id": contract["id"], "consultant_id": consultant["id"]}
    shared_firm.add("contract_consultants", None, part | {"period": "[2026-01-01,2026-02-01)"})
    for person in (shared_firm.member, shared_firm.viewer):
        text = person.rest("GET", query).text
        assert "640.5" not in text
        assert "SECRET" not in text
        if "inner" in query or "consultant_private" in query.split("?")[0]:
            assert text == "[]"
    assert "SECRET" in shared_firm.manager.rest("GET", "consultant_private").text


def test_the_private_row_comes_and_goes_with_the_consultant(shared_firm: Firm, db: Db) -> None:
    consultant = shared_firm.consultant(by=shared_firm.manager)["id"]
    (row,) = created(
        shared_firm.manager.get("consultant_private", consultant_id=f"eq.{consultant}")
    )
    assert (row["firm_id"], row["created_by"]) == (shared_firm.id, shared_firm.manager.id)
    where = {"consultant_id": f"eq.{consultant}"}
    for wrong in ({"cost_rate": 1}, {"cost_rate": -1, "cost_unit": "day", "currency": "EUR"}):
        answer = shared_firm.manager.update("consultant_private", wrong, **where)
        assert answer.json()["code"] == "23514"
    db.execute("delete from consultants where id = %s", (consultant,))
    assert created(shared_firm.manager.get("consultant_private", **where)) == []
