"""Two entries for one company or person become one, and two again."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import LOCK_CONTRACT, LOCK_FIRM, race
from tests.api.world import asked, signers
from tests.conftest import RunningStack
from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def merge(person: Person, what: str, kept: Row, merged: Row) -> Row:
    pair = {"kept_id": kept["id"], "merged_id": merged["id"]}
    row: Row = created(person.rpc(f"merge_{what}", **pair))
    return row


def now(firm: Firm, table: str, row: Row) -> Row:
    found: list[Row] = created(firm.owner.get(table, id=f"eq.{row['id']}"))
    return found[0]


def sign(db: Db, contract: Row) -> None:
    db.execute(
        "update contracts set status = 'signed', signed_at = now() where id = %s", [contract["id"]]
    )


@pytest.mark.parametrize("what", ["companies", "consultants"])
def test_no_table_that_refers_to_them_is_forgotten(firm: Firm, db: Db, what: str) -> None:
    """A table added later has to be moved by a merge, and brought back by its undoing."""
    add = firm.company if what == "companies" else firm.consultant
    merge_made = merge(firm.owner, what, add(), add())
    referring = db.execute(
        "select conrelid::regclass::text from pg_constraint where contype = 'f'"
        " and confrelid = %s::regclass",
        [what],
    ).fetchall()
    # Nobody is merged who was erased.
    moved = {name for (name,) in referring} - {"merge_log", "consultant_private", "erasures"}
    assert moved == set(merge_made["moved"]) - {"primary_contacts"}
    source = db.execute(
        "select prosrc from pg_proc where oid = 'private.undo_merge'::regproc"
    ).fetchone()
    assert source
    assert all(f"'{table}'" in source[0] for table in moved)


def test_everything_of_a_company_moves_and_comes_back(firm: Firm, db: Db) -> None:
    kept = firm.company(name="Helios Energy", website="https://helios.test")
    merged = firm.company(name="Helios Energy GmbH", tax_id="DE1", country="DE")
    of = {"company_id": merged["id"]}
    contact = firm.contact(is_primary=True, **of)
    gone = firm.contact(**of)
    created(firm.owner.update("contacts", {"archived_at": "now"}, id=f"eq.{gone['id']}"))
    signed, draft = firm.contract(**of), firm.contract(**of)
    sign(db, signed)
    note = firm.add("notes", None, of | {"body": "Call"})
    file = created(
        firm.owner.rpc(
            "begin_upload",
            firm_id=firm.id,
            name="a.pdf",
            size_bytes=9,
            mime="application/pdf",
            **of,
        )
    )
    card = created(
        firm.owner.rpc(
            "begin_upload",
            firm_id=firm.id,
            name="card.png",
            size_bytes=9,
            mime="image/png",
            contact_id=contact["id"],
        )
    )
    both, one = (firm.add("tags", None, {"name": name}) for name in ("both", "one"))
    for tag, company in ((both, kept), (both, merged), (one, merged)):
        firm.add("taggings", None, {"tag_id": tag["id"], "company_id": company["id"]})

    made = merge(firm.manager, "companies", kept, merged)
    assert made["merged_by"] == firm.manager.id
    assert made["moved"]["files"] == [file["id"]]
    assert now(firm, "files", card) == card, "it hangs on the contact, wherever that is"
    after = now(firm, "companies", kept)
    assert (after["tax_id"], after["country"]) == ("DE1", "DE")
    assert (after["name"], after["website"]) == ("Helios Energy", "https://helios.test")
    assert now(firm, "companies", merged)["archived_at"]
    moved = [
        *(("contacts", row) for row in (contact, gone)),
        *(("contracts", row) for row in (signed, draft)),
        ("notes", note),
        ("files", file),
    ]
    for table, row in moved:
        assert now(firm, table, row)["company_id"] == kept["id"], table
    terms = now(firm, "contracts", signed)
    assert {"company_id": merged["id"]} | {"updated_at": 0, "updated_by": 0} == {
        key: signed[key] if key == "company_id" else 0
        for key in terms
        if terms[key] != signed[key] and key not in ("status", "signed_at")
    }, "nothing of a signed contract changed but whose it is"
    tags = created(firm.owner.get("taggings", company_id=f"eq.{kept['id']}"))
    assert {row["tag_id"] for row in tags} == {both["id"], one["id"]}

    created(firm.owner.update("companies", {"country": "AT"}, id=f"eq.{kept['id']}"))
    undone = created(firm.manager.rpc("undo_merge", id=made["id"]))
    assert undone["undone_by"] == firm.manager.id
    again = now(firm, "companies", kept)
    assert (again["tax_id"], again["country"]) == (None, "AT"), "what was changed since stays"
    back = now(firm, "companies", merged)
    assert (back["archived_at"], back["tax_id"]) == (None, "DE1")
    for table, row in moved:
        assert now(firm, table, row)["company_id"] == merged["id"], table
    assert now(firm, "contacts", contact)["is_primary"]
    assert now(firm, "files", card) == card
    tags = created(firm.owner.get("taggings", company_id=f"eq.{merged['id']}"))
    assert {row["tag_id"] for row in tags} == {both["id"], one["id"]}
    assert created(firm.manager.rpc("undo_merge", id=made["id"])) == undone


def test_everything_of_a_consultant_moves_and_comes_back(firm: Firm) -> None:
    kept, merged = firm.consultant(name="Ines"), firm.consultant(name="Ines D", skills=["Go"])
    person = firm.join("viewer")
    created(firm.owner.rpc("link_consultant", consultant_id=merged["id"], user_id=person.id))
    cost = {"cost_rate": 600, "cost_unit": "day", "currency": "EUR", "bank_ref": "DE00"}
    where = {"consultant_id": f"eq.{merged['id']}"}
    created(firm.owner.update("consultant_private", cost, **where))
    contract = firm.contract(kind="consultant", consultant_id=merged["id"])
    staffed = firm.add(
        "contract_consultants",
        None,
        {
            "contract_id": firm.contract()["id"],
            "consultant_id": merged["id"],
            "period": "[2026-01-01,2026-03-31]",
        },
    )
    refused(
        firm.manager.rpc("merge_consultants", kept_id=kept["id"], merged_id=merged["id"]),
        403,
        "not_allowed",
    )
    made = merge(firm.admin, "consultants", kept, merged)
    after = now(firm, "consultants", kept)
    assert (after["user_id"], after["skills"]) == (person.id, ["Go"])
    of_kept = {"consultant_id": f"eq.{kept['id']}"}
    private = created(firm.owner.get("consultant_private", **of_kept))[0]
    assert (private["cost_rate"], private["bank_ref"]) == (600, "DE00")
    assert now(firm, "contracts", contract)["consultant_id"] == kept["id"]
    assert now(firm, "contract_consultants", staffed)["consultant_id"] == kept["id"]

    created(firm.manager.rpc("undo_merge", id=made["id"]))
    after, back = now(firm, "consultants", kept), now(firm, "consultants", merged)
    assert (after["user_id"], after["skills"], back["user_id"]) == (None, [], person.id)
    private = created(firm.owner.get("consultant_private", **of_kept))[0]
    assert (private["cost_rate"], private["bank_ref"]) == (None, None)
    assert now(firm, "contract_consultants", staffed)["consultant_id"] == merged["id"]


def test_two_plans_on_one_contract_stop_a_merge(firm: Firm) -> None:
    kept, merged = firm.consultant(), firm.consultant()
    contract = firm.contract()
    for consultant in (kept, merged):
        plan = {"contract_id": contract["id"], "consultant_id": consultant["id"]}
        firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,2026-03-31]"})
    pair = {"kept_id": kept["id"], "merged_id": merged["id"]}
    refused(firm.owner.rpc("merge_consultants", **pair), 409, "merge_conflict")
    assert now(firm, "consultants", merged)["archived_at"] is None


def test_what_cannot_be_merged(firm: Firm, db: Db) -> None:
    one, archived = firm.company(), firm.company()
    created(firm.owner.update("companies", {"archived_at": "now"}, id=f"eq.{archived['id']}"))
    for kept, merged, status, code in (
        (one, one, 422, "same_entry"),
        (one, archived, 409, "archived"),
        (archived, one, 409, "archived"),
        (one, firm.consultant(), 404, "company_not_found"),
    ):
        answer = firm.owner.rpc("merge_companies", kept_id=kept["id"], merged_id=merged["id"])
        refused(answer, status, code)
    people = [firm.consultant(), firm.consultant()]
    for consultant in people:
        link = {"consultant_id": consultant["id"], "user_id": firm.join("viewer").id}
        created(firm.owner.rpc("link_consultant", **link))
    pair = {"kept_id": people[0]["id"], "merged_id": people[1]["id"]}
    refused(firm.owner.rpc("merge_consultants", **pair), 409, "two_accounts")


def test_what_cannot_be_undone(firm: Firm, db: Db) -> None:
    first, second, third = firm.company(), firm.company(tax_id="X1"), firm.company()
    made = merge(firm.owner, "companies", first, second)
    later = merge(firm.owner, "companies", third, first)
    refused(firm.owner.rpc("undo_merge", id=made["id"]), 409, "merged_again")
    created(firm.owner.rpc("undo_merge", id=later["id"]))
    created(firm.owner.update("companies", {"tax_id": "X2"}, id=f"eq.{first['id']}"))
    firm.company(tax_id="X1")
    refused(firm.owner.rpc("undo_merge", id=made["id"]), 409, "merge_conflict")
    db.execute(
        "update merge_log set merged_at = now() - interval '31 days' where id = %s", [made["id"]]
    )
    refused(firm.owner.rpc("undo_merge", id=made["id"]), 409, "too_late")


def test_a_retry_and_a_race_merge_once(stack: RunningStack, firm: Firm) -> None:
    kept, merged = firm.company(), firm.company()
    contract = firm.contract(company_id=merged["id"])
    pair = {"kept_id": kept["id"], "merged_id": merged["id"]}
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        *(
            lambda person=person: person.rpc("merge_companies", **pair)
            for person in (firm.owner, firm.manager)
        ),
    )
    first, second = (created(answer) for answer in answers)
    assert first == second
    assert first["moved"]["contracts"] == [contract["id"]]
    backwards = {"kept_id": merged["id"], "merged_id": kept["id"]}
    refused(firm.owner.rpc("merge_companies", **backwards), 409, "archived")


@pytest.mark.parametrize("what", ["companies", "consultants", "planned"])
def test_a_renewal_and_a_merge_do_not_stop_each_other(
    stack: RunningStack, firm: Firm, db: Db, what: str
) -> None:
    """Both hold what the other one comes to: the contract comes first."""
    who = firm.consultant()
    terms: Row = {"consultant_id": who["id"], "kind": "consultant"} if what == "consultants" else {}
    contract = firm.contract(**terms)
    if what == "planned":
        plan = {"contract_id": contract["id"], "consultant_id": who["id"]}
        firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,)"})
    sign(db, contract)
    kept, merged = (
        (firm.company()["id"], contract["company_id"])
        if what == "companies"
        else (firm.consultant()["id"], who["id"])
    )
    merge_them = "merge_companies" if what == "companies" else "merge_consultants"
    owner, manager = firm.owner, firm.manager
    answers = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        contract["id"],
        lambda: owner.rpc("renew_contract", id=contract["id"]),
        lambda: manager.rpc(merge_them, kept_id=kept, merged_id=merged),
    )
    for answer in answers:
        created(answer)


def test_a_contact_who_moves_and_a_merge_do_not_stop_each_other(
    stack: RunningStack, firm: Firm
) -> None:
    kept, contact = firm.company(), firm.contact()
    owner, manager = firm.owner, firm.manager
    pair = {"kept_id": kept["id"], "merged_id": contact["company_id"]}
    answers = race(
        stack.superuser_url,
        "select from contacts where id = %s for update",
        contact["id"],
        lambda: owner.update("contacts", {"company_id": kept["id"]}, id=f"eq.{contact['id']}"),
        lambda: manager.rpc("merge_companies", **pair),
    )
    for answer in answers:
        created(answer)


def test_attack_18_an_account_taken_away_stays_away_from_duplicates(firm: Firm) -> None:
    """A manager who brings the duplicate back does not bring the portal back."""
    person, kept = firm.portal, firm.consultant()
    made = merge(firm.owner, "consultants", kept, firm.portal_consultant)
    assert now(firm, "consultants", kept)["user_id"] == person.id
    created(firm.admin.rpc("link_consultant", consultant_id=kept["id"]))
    assert created(person.get("consultants")) == []
    created(firm.manager.rpc("undo_merge", id=made["id"]))
    assert now(firm, "consultants", firm.portal_consultant)["archived_at"] is None
    assert created(person.get("consultants")) == []
    assert created(person.rpc("my_firms")) == []


@pytest.mark.parametrize("what", ["companies", "consultants"])
def test_attack_23_undoing_a_merge_changes_no_party_of_what_was_sent_since(
    firm: Firm, what: str
) -> None:
    if what == "companies":
        kept, merged, column = firm.company(), firm.company(), "company_id"
        terms: Row = {column: merged["id"]}
    else:
        kept, merged, column = firm.consultant(), firm.consultant(), "consultant_id"
        terms = {column: merged["id"], "kind": "consultant", "company_id": None}
    sent, draft = firm.contract(**terms), firm.contract(**terms)
    made = merge(firm.manager, what, kept, merged)
    for status in ("in_review", "sent"):
        created(firm.manager.rpc("transition_contract", id=sent["id"], to_status=status))
    created(firm.manager.rpc("undo_merge", id=made["id"]))
    assert now(firm, "contracts", sent)[column] == kept["id"]
    assert now(firm, "contracts", draft)[column] == merged["id"]


def test_attack_23_undoing_a_merge_changes_no_party_of_what_was_signed_since(
    firm: Firm, db: Db, visitor: Caller
) -> None:
    kept, merged = firm.company(name="Kept"), firm.company(name="Merged")
    (signer,) = asked(firm, db, company_id=merged["id"])
    made = merge(firm.manager, "companies", kept, merged)
    created(visitor.rpc("view_signing", token=signer["token"]))
    created(visitor.rpc("sign_contract", token=signer["token"], name="Ada"))
    created(firm.manager.rpc("undo_merge", id=made["id"]))
    (row,) = signers(firm, db, signer["contract_id"])
    assert row["signed_terms"]["company"] == "Kept"
    assert now(firm, "contracts", {"id": signer["contract_id"]})["company_id"] == kept["id"]


def test_attack_23_a_merge_undone_while_a_contract_is_signed(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    """Whoever signs holds the contract, and has read the name that it had then."""
    kept, merged = firm.company(), firm.company()
    (signer,) = asked(firm, db, company_id=merged["id"])
    made = merge(firm.manager, "companies", kept, merged)
    (answer,) = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        signer["contract_id"],
        lambda: firm.manager.rpc("undo_merge", id=made["id"]),
        meanwhile="update contract_signers set status = 'signed', decided_at = now(),"
        f" signed_name = 'Ada', signed_terms = '{{}}' where id = '{signer['id']}'",
    )
    created(answer)
    assert now(firm, "contracts", {"id": signer["contract_id"]})["company_id"] == kept["id"]


def test_attack_48_what_was_merged_into_another_since_stays_there(firm: Firm) -> None:
    first, second, merged = firm.company(), firm.company(), firm.company()
    made = merge(firm.manager, "companies", first, merged)
    back = {"archived_at": None}
    created(firm.manager.update("companies", back, id=f"eq.{merged['id']}"))
    merge(firm.manager, "companies", second, merged)
    refused(firm.manager.rpc("undo_merge", id=made["id"]), 409, "merged_again")
    assert now(firm, "companies", merged)["archived_at"]


def test_a_plan_in_the_way_of_an_undoing_is_named(firm: Firm) -> None:
    kept, merged = firm.consultant(), firm.consultant()
    contract = firm.contract()
    plan = {"contract_id": contract["id"], "period": "[2026-01-01,2026-02-01)"}
    firm.add("contract_consultants", None, plan | {"consultant_id": merged["id"]})
    made = merge(firm.manager, "consultants", kept, merged)
    firm.add("contract_consultants", None, plan | {"consultant_id": merged["id"]})
    refused(firm.manager.rpc("undo_merge", id=made["id"]), 409, "merge_conflict")


def test_outside_a_merge_the_guards_hold(firm: Firm, db: Db) -> None:
    signed = firm.contract()
    sign(db, signed)
    merge(firm.owner, "companies", firm.company(), firm.company())
    change = {"company_id": firm.company()["id"]}
    refused(firm.owner.update("contracts", change, id=f"eq.{signed['id']}"), 409, "terms_frozen")


def test_attack_48_merge_across_firms(firm: Firm, other_firm: Firm) -> None:
    ours, theirs = firm.company(), other_firm.company()
    contract = other_firm.contract(company_id=theirs["id"])
    for kept, merged in ((ours, theirs), (theirs, ours), (theirs, other_firm.company())):
        answer = firm.owner.rpc("merge_companies", kept_id=kept["id"], merged_id=merged["id"])
        refused(answer, 404, "company_not_found")
    kept, merged = firm.consultant(), other_firm.consultant()
    answer = firm.owner.rpc("merge_consultants", kept_id=kept["id"], merged_id=merged["id"])
    refused(answer, 404, "consultant_not_found")
    assert now(other_firm, "contracts", contract)["company_id"] == theirs["id"]
    made = merge(other_firm.owner, "companies", theirs, other_firm.company())
    refused(firm.owner.rpc("undo_merge", id=made["id"]), 404, "merge_not_found")
    # Somebody of both firms, too.
    both = firm.join("owner")
    other_firm.join("owner", both)
    answer = both.rpc("merge_companies", kept_id=ours["id"], merged_id=theirs["id"])
    refused(answer, 404, "company_not_found")
