"""Contacts, notes and tags: whom to ask, what people wrote down, and how they sort it."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def primary(firm: Firm, company: Row) -> list[str]:
    where = {"company_id": f"eq.{company['id']}", "is_primary": "is.true", "archived_at": "is.null"}
    return [row["id"] for row in created(firm.viewer.get("contacts", **where))]


def change(person: Person, table: str, row: Row, **values: Any) -> httpx.Response:
    return person.update(table, values, id=f"eq.{row['id']}")


def test_the_new_primary_contact_takes_the_place_over(shared_firm: Firm) -> None:
    company = shared_firm.company()
    of = {"company_id": company["id"]}
    member = shared_firm.member
    first = shared_firm.contact(by=member, is_primary=True, **of)
    second = shared_firm.contact(by=member, **of)
    elsewhere = shared_firm.contact(is_primary=True)
    assert primary(shared_firm, company) == [first["id"]]
    created(change(member, "contacts", second, is_primary=True))
    assert primary(shared_firm, company) == [second["id"]]
    third = shared_firm.contact(is_primary=True, **of)
    assert primary(shared_firm, company) == [third["id"]]
    created(change(shared_firm.manager, "contacts", third, archived_at="now"))
    created(change(member, "contacts", second, is_primary=True))
    restored = created(change(shared_firm.manager, "contacts", third, archived_at=None))[0]
    assert not restored["is_primary"], "whoever came meanwhile stays"
    assert primary(shared_firm, company) == [second["id"]]
    assert primary(shared_firm, {"id": elsewhere["company_id"]}) == [elsewhere["id"]]


def test_contacts_of_two_companies_fit_into_one(shared_firm: Firm) -> None:
    kept, merged, empty = (shared_firm.company() for _ in range(3))
    same: Row = {"name": "Ada", "email": "ada@example.com", "is_primary": True}
    stays = shared_firm.contact(company_id=kept["id"], **same)
    moves = shared_firm.contact(company_id=merged["id"], **same)
    shared_firm.contact(company_id=merged["id"], name="Ben")
    move = {"company_id": kept["id"]}
    where = {"company_id": f"eq.{merged['id']}"}
    assert len(created(shared_firm.manager.update("contacts", move, **where))) == 2
    assert primary(shared_firm, kept) == [stays["id"]]
    created(change(shared_firm.manager, "contacts", stays, company_id=empty["id"]))
    assert primary(shared_firm, empty) == [stays["id"]]
    assert primary(shared_firm, kept) == []
    created(change(shared_firm.manager, "contacts", moves, is_primary=True))
    assert primary(shared_firm, kept) == [moves["id"]]


def test_a_primary_contact_of_another_firm_stays(shared_firm: Firm, other_firm: Firm) -> None:
    theirs = other_firm.contact(is_primary=True)
    row = {"name": "x", "is_primary": True, "company_id": theirs["company_id"]}
    for firm_id in (shared_firm.id, other_firm.id):
        answer = shared_firm.owner.insert("contacts", row | {"firm_id": firm_id})
        assert not answer.is_success
    assert primary(other_firm, {"id": theirs["company_id"]}) == [theirs["id"]]


def test_a_note_stays_where_it_was_written(shared_firm: Firm) -> None:
    company = shared_firm.company()["id"]
    note = shared_firm.add("notes", shared_firm.member, {"company_id": company, "body": "Call"})
    for moved in ({"company_id": None}, {"contract_id": company}, {"firm_id": shared_firm.id}):
        assert change(shared_firm.owner, "notes", note, **moved).status_code == 403
    edited = created(change(shared_firm.member, "notes", note, body="Call again"))[0]
    assert (edited["body"], edited["created_by"]) == ("Call again", shared_firm.member.id)


@pytest.mark.parametrize("table", ["notes", "taggings"])
def test_exactly_one_parent(shared_firm: Firm, table: str) -> None:
    content = {"notes": {"body": "x"}, "taggings": {}}[table]
    if table == "taggings":
        content = {"tag_id": shared_firm.add("tags", None, {"name": "One parent"})["id"]}
    both = {
        "company_id": shared_firm.company()["id"],
        "consultant_id": shared_firm.consultant()["id"],
    }
    for parents in ({}, both):
        row = {"firm_id": shared_firm.id} | content | parents
        answer = shared_firm.owner.insert(table, row)
        assert (answer.status_code, answer.json()["code"]) == (400, "23514")


def test_attack_25_a_note_in_the_name_of_another(shared_firm: Firm) -> None:
    row = {"firm_id": shared_firm.id, "company_id": shared_firm.company()["id"], "body": "x"}
    for forged in ({"created_by": shared_firm.owner.id}, {"created_at": "2001-01-01"}):
        assert shared_firm.member.insert("notes", row | forged).status_code == 403
    note = created(shared_firm.member.insert("notes", row))[0]
    assert note["created_by"] == shared_firm.member.id
    # A manager who corrects it does not become its author.
    edited = created(change(shared_firm.manager, "notes", note, body="y"))[0]
    assert (edited["created_by"], edited["updated_by"]) == (
        shared_firm.member.id,
        shared_firm.manager.id,
    )


def test_one_tag_for_each_name(shared_firm: Firm) -> None:
    tag = shared_firm.add("tags", shared_firm.member, {"name": "Key Account"})
    again = {"firm_id": shared_firm.id, "name": "key account"}
    assert shared_firm.owner.insert("tags", again).json()["code"] == "23505"
    created(change(shared_firm.member, "tags", tag, archived_at="now"))
    created(shared_firm.owner.insert("tags", again))


@pytest.mark.parametrize(
    "wrong", [{"name": " x"}, {"name": ""}, {"name": "a\nb"}, {"color": "red"}], ids=str
)
def test_bad_tags_are_refused(shared_firm: Firm, wrong: Row) -> None:
    row = {"firm_id": shared_firm.id, "name": "Fine"} | wrong
    answer = shared_firm.owner.insert("tags", row)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


def test_a_tag_is_put_on_once_and_taken_off(shared_firm: Firm) -> None:
    tag = shared_firm.add("tags", None, {"name": "Once"})["id"]
    company, contract = shared_firm.company()["id"], shared_firm.contract()["id"]
    row = {"firm_id": shared_firm.id, "tag_id": tag, "company_id": company}
    tagging = created(shared_firm.member.insert("taggings", row))[0]
    assert shared_firm.owner.insert("taggings", row).json()["code"] == "23505"
    other = {"firm_id": shared_firm.id, "tag_id": tag, "contract_id": contract}
    created(shared_firm.member.insert("taggings", other))
    created(change(shared_firm.member, "taggings", tagging, archived_at="now"))
    created(shared_firm.owner.insert("taggings", row))
    assert change(shared_firm.member, "taggings", tagging, archived_at=None).status_code == 409
