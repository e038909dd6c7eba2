"""Two firms side by side: nothing crosses from one into the other."""

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.api import imports
from tests.api.matrix import CLOSED_TABLES, TABLES
from tests.conftest import RunningStack
from tests.people import Api, Firm, created


@pytest.fixture(scope="module")
def ours(api: Api) -> Firm:
    return Firm(api)


@pytest.fixture(scope="module")
def theirs(api: Api, stack: RunningStack) -> Firm:
    """A firm with a row in every table people can read."""
    firm = Firm(api)
    consultant = firm.consultant()["id"]
    contract = firm.contract(consultant_id=consultant)
    of_contract = {"contract_id": contract["id"]}
    firm.contact()
    period = {"consultant_id": consultant, "period": "[2026-01-01,2026-03-31]"}
    firm.add("contract_consultants", None, of_contract | period)
    person = {"name": "Ada Marsh", "email": "ada@example.com", "role": "company"}
    firm.add("contract_signers", None, of_contract | person)
    firm.add("notes", None, of_contract | {"body": "Renew early"})
    tag = firm.add("tags", None, {"name": "Key account"})["id"]
    firm.add("taggings", None, of_contract | {"tag_id": tag})
    firm.add("saved_views", None, {"name": "Mine", "entity": "contracts", "shared": True})
    firm.add("notification_preferences", None, {"kind": "report_ready", "delivery": "off"})
    created(firm.owner.rpc("transition_contract", id=contract["id"], to_status="in_review"))
    firm.owner.rpc("invite_member", firm_id=firm.id, email="a@example.com", role="viewer")
    pair = {"kept_id": firm.company()["id"], "merged_id": firm.company()["id"]}
    created(firm.owner.rpc("merge_companies", **pair))
    upload = {"name": "a.txt", "size_bytes": 1, "mime": "text/plain"}
    created(firm.owner.rpc("begin_upload", firm_id=firm.id, **upload))
    created(
        firm.owner.rpc("request_report", firm_id=firm.id, kind="contract_portfolio", format="csv")
    )
    created(firm.owner.rpc("export_firm", firm_id=firm.id))
    created(imports.begin(firm.owner, firm))
    erased = {"id": firm.consultant()["id"], "note": "By letter"}
    created(firm.owner.rpc("erase_consultant", **erased))
    with psycopg.connect(stack.superuser_url) as db:
        db.execute(
            "insert into notifications (firm_id, user_id, dedupe_key, kind, title, link)"
            " values (%s, %s, 'x', 'test', 'x', '/x')",
            (firm.id, firm.owner.id),
        )
        db.execute(
            "insert into file_accesses (firm_id, file_id, user_id) select firm_id, id, created_by"
            " from files where firm_id = %s",
            (firm.id,),
        )
        db.execute(
            "insert into file_releases (firm_id, file_id, reason, note)"
            " select firm_id, id, 'macro', 'x' from files where firm_id = %s",
            (firm.id,),
        )
    return firm


def test_attack_02_cross_firm_select_of_every_table(ours: Firm, theirs: Firm) -> None:
    for table in TABLES.keys() - CLOSED_TABLES:
        rows = created(theirs.owner.get(table))
        assert rows, f"{table} has a row to steal"
        own = {"firms": "id", "profiles": "id"}.get(table, "firm_id")
        stolen = {row[own] for row in created(ours.owner.get(table))} & {row[own] for row in rows}
        assert not stolen


@pytest.mark.parametrize(
    "query",
    [
        "contracts?select=*,companies(*),consultants(*),contract_events(*),files(*)",
        "companies?select=*,contracts(*),files(*),firms(*)",
        "firm_members?select=*,firms(*,companies(*)),profiles(*)",
        "profiles?select=*,firm_members(*,firms(*,contracts(*)))",
        "firms?select=*,invitations(*),files(*),consultants(*)",
        "contacts?select=*,files(*),companies(*,files(*))",
        "consultants?select=*,consultant_private(*),notes(*),contract_consultants(*)",
        "contracts?select=*,contract_signers(*),notes(*),taggings(*,tags(*))",
        "tags?select=*,taggings(*,contracts(*,companies(*,contacts(*))))",
        "firms?select=*,audit_log(*),saved_views(*)",
    ],
)
def test_attack_03_embedding_across_firms(ours: Firm, theirs: Firm, query: str) -> None:
    ours.contract(consultant_id=ours.consultant()["id"])
    ours.contact()
    ours.add("tags", None, {"name": uuid.uuid4().hex})
    answer = ours.owner.rest("GET", query)
    assert ours.id in answer.text or ours.owner.id in answer.text, answer.text
    assert theirs.id not in answer.text
    assert theirs.owner.id not in answer.text
    assert theirs.id in theirs.owner.rest("GET", query).text


def rows_for(table: str) -> Callable[[Firm], dict[str, Any]]:
    def row(firm: Firm) -> dict[str, Any]:
        values: dict[str, Any] = {"firm_id": firm.id}
        if table == "contracts":
            return values | {"title": "x", "kind": "nda", "company_id": firm.company()["id"]}
        if table == "contacts":
            values["company_id"] = firm.company()["id"]
        if table == "notes":
            return values | {"body": "x", "company_id": firm.company()["id"]}
        if table == "taggings":
            tag = firm.add("tags", None, {"name": uuid.uuid4().hex})["id"]
            return values | {"tag_id": tag, "company_id": firm.company()["id"]}
        if table == "contract_consultants":
            parents = {"contract_id": firm.contract()["id"]}
            parents |= {"consultant_id": firm.consultant()["id"]}
            return values | parents | {"period": "[2026-01-01,2026-03-31]"}
        if table == "contract_signers":
            person = {"name": "x", "email": "x@example.com", "role": "company"}
            return values | person | {"contract_id": firm.contract()["id"]}
        if table == "notification_preferences":
            return values | {"kind": "export_ready", "delivery": "off"}
        if table == "saved_views":
            values["entity"] = "contracts"
        return values | {"name": "x"}

    return row


@pytest.mark.parametrize(
    "table", [name for name, rights in TABLES.items() if rights["create"] and name != "firms"]
)
def test_attack_04_insert_with_a_foreign_firm_id(ours: Firm, theirs: Firm, table: str) -> None:
    row = rows_for(table)(theirs)
    before = len(created(theirs.owner.get(table)))
    answer = ours.owner.insert(table, row)
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    # A firm that does not exist gets the same answer: nobody can probe for firms.
    nowhere = ours.owner.insert(table, row | {"firm_id": str(uuid.uuid4())})
    assert nowhere.json() == answer.json()
    bulk = ours.owner.insert(table, [rows_for(table)(ours), row])
    assert bulk.status_code == 403
    assert len(created(theirs.owner.get(table))) == before


@pytest.mark.parametrize("table", [name for name in TABLES if name != "firms"])
def test_attack_05_update_firm_id(ours: Firm, theirs: Firm, table: str) -> None:
    column, value = ("id", theirs.owner.id) if table == "profiles" else ("firm_id", theirs.id)
    answer = theirs.owner.update(table, {column: ours.id}, **{column: f"eq.{value}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


def test_attack_06_every_composite_key_hop(ours: Firm, theirs: Firm) -> None:
    company, consultant = theirs.company()["id"], theirs.consultant()["id"]
    contract = theirs.contract(company_id=company)["id"]
    mine = {"firm_id": ours.id}
    contact, tag = theirs.contact()["id"], theirs.add("tags", None, {"name": "Theirs"})["id"]
    own_company = {"company_id": ours.company()["id"]}
    own_contract = {"contract_id": ours.contract()["id"]}
    own_tag = {"tag_id": ours.add("tags", None, {"name": "Ours"})["id"]}
    period = {"period": "[2026-01-01,2026-03-31]"}
    person = {"name": "x", "email": "x@example.com", "role": "company"}
    parents = [
        {"company_id": company},
        {"contact_id": contact},
        {"consultant_id": consultant},
        {"contract_id": contract},
    ]
    hops: list[tuple[str, dict[str, Any]]] = [
        ("companies", {"name": "x", "owner_id": theirs.owner.id}),
        ("contacts", {"name": "x", "company_id": company}),
        ("contract_signers", person | {"contract_id": contract}),
        ("contract_consultants", period | own_contract | {"consultant_id": consultant}),
        (
            "contract_consultants",
            period | {"contract_id": contract, "consultant_id": ours.consultant()["id"]},
        ),
        ("taggings", own_company | {"tag_id": tag}),
        *[("notes", {"body": "x"} | parent) for parent in parents],
        *[("taggings", own_tag | parent) for parent in parents],
        ("contracts", {"title": "x", "kind": "framework", "company_id": company}),
        ("contracts", {"title": "x", "kind": "consultant", "consultant_id": consultant}),
    ]
    for table, row in hops:
        answer = ours.owner.insert(table, mine | row)
        assert (answer.status_code, answer.json()["code"]) == (409, "23503"), table
    own = ours.company(), ours.contract()
    for table, row, change in (
        ("companies", own[0], {"owner_id": theirs.owner.id}),
        ("contacts", ours.contact(), {"company_id": company}),
        ("contracts", own[1], {"company_id": company}),
        ("contracts", own[1], {"consultant_id": consultant}),
    ):
        answer = ours.owner.update(table, change, id=f"eq.{row['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "23503"), change
    for parent in parents:
        answer = ours.owner.rpc(
            "begin_upload", **mine, name="a.txt", size_bytes=1, mime="text/plain", **parent
        )
        assert (answer.status_code, answer.json()["details"]) == (404, "parent_not_found")


def test_attack_06_functions_with_the_ids_of_another_firm(ours: Firm, theirs: Firm) -> None:
    contract, file = theirs.contract(), created(theirs.owner.get("files"))[0]
    invitation = created(theirs.owner.get("invitations"))[0]
    member = {"firm_id": ours.id, "user_id": theirs.owner.id}
    for function, arguments in (
        ("transition_contract", {"id": contract["id"], "to_status": "in_review"}),
        ("link_consultant", {"consultant_id": theirs.consultant()["id"], "user_id": ours.owner.id}),
        ("finish_upload", {"file_id": file["id"]}),
        ("cancel_upload", {"file_id": file["id"]}),
        ("resend_invitation", {"invitation_id": invitation["id"]}),
        ("revoke_invitation", {"invitation_id": invitation["id"]}),
        ("change_role", member | {"role": "viewer"}),
        ("suspend_member", member),
        ("reinstate_member", member),
        ("remove_member", member),
        ("transfer_ownership", member),
        ("archive_firm", {"firm_id": theirs.id}),
        ("leave_firm", {"firm_id": theirs.id}),
        ("export_firm", {"firm_id": theirs.id}),
        ("erase_consultant", {"id": theirs.consultant()["id"], "note": "By letter"}),
        ("erase_contact", {"id": theirs.contact()["id"], "note": "By letter"}),
    ):
        answer = ours.owner.rpc(function, **arguments)
        assert answer.status_code == 404, f"{function}: {answer.text}"


def test_attack_19_rights_of_one_firm_used_in_another(theirs: Firm, api: Api) -> None:
    """An owner of one firm who is a viewer of the other stays a viewer there."""
    owner_elsewhere = Firm(api).owner
    theirs.join("viewer", owner_elsewhere)
    company = theirs.company()
    assert created(owner_elsewhere.get("companies", id=f"eq.{company['id']}"))
    change = owner_elsewhere.update("companies", {"name": "x"}, id=f"eq.{company['id']}")
    assert created(change) == []
    answer = owner_elsewhere.insert("companies", {"firm_id": theirs.id, "name": "x"})
    assert answer.status_code == 403
    answer = owner_elsewhere.rpc(
        "invite_member", firm_id=theirs.id, email="b@example.com", role="owner"
    )
    assert (answer.status_code, answer.json()["details"]) == (403, "not_allowed")


def test_attack_25_forged_author(ours: Firm, theirs: Firm, db: psycopg.Connection[Any]) -> None:
    for forged in ("created_by", "updated_by", "created_at", "id"):
        value = "2001-01-01" if forged == "created_at" else theirs.owner.id
        row = {"firm_id": ours.id, "name": "x", forged: value}
        assert ours.owner.insert("companies", row).status_code == 403
    company = ours.company(by=ours.member)
    assert company["created_by"] == company["updated_by"] == ours.member.id
    changed = created(ours.owner.update("companies", {"name": "y"}, id=f"eq.{company['id']}"))[0]
    assert (changed["created_by"], changed["updated_by"]) == (ours.member.id, ours.owner.id)
    # Not even a function of ours rewrites who made a row.
    query = "update companies set created_by = %s where id = %s returning created_by::text"
    assert db.execute(query, (theirs.owner.id, company["id"])).fetchone() == (ours.member.id,)


def test_attack_39_existence_probe_by_unique_violation(ours: Firm, theirs: Firm) -> None:
    theirs.company(tax_id="DE1", external_ref="1")
    theirs.consultant(external_ref="1")
    ours.company(tax_id="DE1", external_ref="1")
    ours.consultant(external_ref="1")
    for firm in (theirs, ours):
        firm.add("tags", None, {"name": "The same"})
    created(ours.owner.rpc("invite_member", firm_id=ours.id, email="a@example.com", role="viewer"))
    taken = created(theirs.owner.get("companies"))[0]["id"]
    for some_id in (taken, str(uuid.uuid4())):
        row = {"id": some_id, "firm_id": ours.id, "name": "x"}
        assert ours.owner.insert("companies", row).json()["code"] == "42501"


def test_one_tax_number_for_each_firm_until_archived(ours: Firm) -> None:
    company = ours.company(tax_id="DE2")
    row = {"firm_id": ours.id, "name": "x", "tax_id": "DE2"}
    assert ours.owner.insert("companies", row).status_code == 409
    created(ours.owner.update("companies", {"archived_at": "now"}, id=f"eq.{company['id']}"))
    created(ours.owner.insert("companies", row))
    answer = ours.owner.update("companies", {"archived_at": None}, id=f"eq.{company['id']}")
    assert answer.status_code == 409


def test_an_archived_row_is_read_only(ours: Firm) -> None:
    company = ours.company()
    where = {"id": f"eq.{company['id']}"}
    archived = created(ours.owner.update("companies", {"archived_at": "2001-01-01"}, **where))[0]
    assert archived["archived_at"] > company["created_at"], "the server's clock counts"
    answer = ours.owner.update("companies", {"name": "x"}, **where)
    assert (answer.status_code, answer.json()["details"]) == (409, "archived")


def test_the_company_outlives_the_membership_of_its_owner(api: Api) -> None:
    firm = Firm(api)
    company = firm.company(owner_id=firm.member.id)
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=firm.member.id))
    row = created(firm.owner.get("companies", id=f"eq.{company['id']}"))[0]
    assert (row["owner_id"], row["firm_id"]) == (None, firm.id)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ("companies", {"name": " "}),
        ("companies", {"website": "javascript:alert(1)"}),
        ("companies", {"country": "Germany"}),
        ("companies", {"status": "customer"}),
        ("consultants", {"email": "a@@b"}),
        ("consultants", {"phone": "call me"}),
        ("consultants", {"skills": ["x" * 5000]}),
        ("consultants", {"skills": [None]}),
        ("consultants", {"kind": "robot"}),
    ],
    ids=str,
)
def test_bad_values_are_refused(ours: Firm, table: str, wrong: dict[str, Any]) -> None:
    answer = ours.owner.insert(table, {"firm_id": ours.id, "name": "x"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")
