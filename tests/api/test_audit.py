"""The log of who changed what: complete, readable by few, written by nobody."""

from typing import Any

import psycopg
import pytest

from tests.people import Firm, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def entries(firm: Firm, row_id: str) -> list[tuple[str, str, str | None, list[str] | None]]:
    """(table, action, actor, columns) of what was done to a row, oldest first."""
    rows = created(firm.admin.get("audit_log", row_id=f"eq.{row_id}", order="at"))
    return [(r["table_name"], r["action"], r["actor"], r["columns"]) for r in rows]


def test_every_write_leaves_an_entry(shared_firm: Firm, db: Db) -> None:
    firm, member, manager = shared_firm, shared_firm.member, shared_firm.manager
    company = firm.company(by=member)["id"]
    where = {"id": f"eq.{company}"}
    created(manager.update("companies", {"name": "New", "country": "PT"}, **where))
    created(manager.update("companies", {"name": "New"}, **where))
    created(manager.update("companies", {"archived_at": "now"}, **where))
    db.execute("delete from companies where id = %s", (company,))
    assert entries(firm, company) == [
        ("companies", "insert", member.id, None),
        ("companies", "update", manager.id, ["country", "name"]),
        ("companies", "update", manager.id, ["archived_at"]),
        ("companies", "delete", None, None),
    ]


def test_what_functions_do_is_logged_in_the_name_of_their_caller(firm: Firm) -> None:
    contract = firm.contract()["id"]
    created(firm.manager.rpc("transition_contract", id=contract, to_status="in_review"))
    assert entries(firm, contract)[1] == ("contracts", "update", firm.manager.id, ["status"])
    firm.portal.get("consultants")
    assert entries(firm, firm.portal_consultant["id"])[1] == (
        "consultants",
        "update",
        firm.owner.id,
        ["user_id"],
    )
    member = {"firm_id": firm.id, "user_id": firm.viewer.id}
    created(firm.admin.rpc("change_role", **member, role="member"))
    created(firm.admin.rpc("remove_member", **member))
    assert entries(firm, firm.viewer.id) == [
        ("firm_members", "insert", firm.viewer.id, None),
        ("firm_members", "update", firm.admin.id, ["role"]),
        ("firm_members", "delete", firm.admin.id, None),
    ]
    created(firm.admin.update("firms", {"name": "Renamed"}, id=f"eq.{firm.id}"))
    assert entries(firm, firm.id) == [
        ("firms", "insert", firm.owner.id, None),
        ("firms", "update", firm.admin.id, ["name"]),
    ]


def test_the_log_keeps_names_of_columns_and_no_values(shared_firm: Firm) -> None:
    consultant = shared_firm.consultant(name="Ines Segredo")["id"]
    secret = {"bank_ref": "PT50-SECRET"}
    where = {"consultant_id": f"eq.{consultant}"}
    created(shared_firm.manager.update("consultant_private", secret, **where))
    table, action, _, columns = entries(shared_firm, consultant)[-1]
    assert (table, action, columns) == ("consultant_private", "update", ["bank_ref"])
    text = shared_firm.owner.get("audit_log").text
    assert "SECRET" not in text
    assert "Segredo" not in text


def test_a_file_is_logged_by_what_people_do(shared_firm: Firm, db: Db) -> None:
    document = {"name": "a.pdf", "size_bytes": 9, "mime": "application/pdf"}
    begun = shared_firm.member.rpc("begin_upload", firm_id=shared_firm.id, **document)
    file = created(begun)["id"]
    db.execute("update files set status = 'ready', text = 'long' where id = %s", (file,))
    change = {"visibility": "managers"}
    created(shared_firm.manager.update("files", change, id=f"eq.{file}"))
    assert entries(shared_firm, file) == [
        ("files", "insert", shared_firm.member.id, None),
        ("files", "update", shared_firm.manager.id, ["visibility"]),
    ]


def test_what_was_rolled_back_left_no_entry(shared_firm: Firm) -> None:
    before = len(created(shared_firm.owner.get("audit_log")))
    rows = [
        {"firm_id": shared_firm.id, "name": "x", "status": "lead"},
        {"firm_id": shared_firm.id, "name": " ", "status": "lead"},
    ]
    assert not shared_firm.owner.insert("companies", rows).is_success
    assert len(created(shared_firm.owner.get("audit_log"))) == before


def test_attack_24_delete_or_edit_of_audit(shared_firm: Firm) -> None:
    company = shared_firm.company()["id"]
    before = entries(shared_firm, company)
    where = {"row_id": f"eq.{company}"}
    owner, service = shared_firm.owner, shared_firm.api.as_service
    forged = {
        "firm_id": shared_firm.id,
        "actor": shared_firm.member.id,
        "action": "delete",
        "table_name": "companies",
        "row_id": company,
    }
    path = "/rest/v1/audit_log"
    for answer in (
        owner.delete("audit_log", **where),
        owner.update("audit_log", {"actor": None}, **where),
        owner.insert("audit_log", forged),
        service("DELETE", path, params=where),
        service("PATCH", path, params=where, json={"actor": None}),
        service("POST", path, json=forged),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    assert entries(shared_firm, company) == before


@pytest.mark.parametrize("role", ["manager", "member", "viewer", "portal", "suspended", "removed"])
def test_only_owners_and_admins_read_it(shared_firm: Firm, role: str) -> None:
    person = getattr(shared_firm, role)
    assert created(person.get("audit_log")) == []
    for embedding in ("firms?select=id,audit_log(*)", "audit_log?select=*,firms(*)"):
        text = person.rest("GET", embedding).text
        assert "table_name" not in text, embedding


def test_a_firm_that_is_deleted_takes_its_log_along(firm: Firm, db: Db) -> None:
    contract = firm.contract(consultant_id=firm.consultant()["id"])
    firm.contact()
    row = {"firm_id": firm.id, "contract_id": contract["id"]}
    created(firm.owner.insert("notes", row | {"body": "x"}))
    person = {"name": "x", "email": "x@example.com", "role": "company"}
    created(firm.owner.insert("contract_signers", row | person))
    db.execute("delete from firms where id = %s", (firm.id,))
    left = db.execute("select count(*) from audit_log where firm_id = %s", (firm.id,)).fetchone()
    assert left == (0,)
