"""Documents of a contact: everybody's as those of its company, and never in the portal."""

from typing import Any

import psycopg

from tests.api.files import (
    CONTENT,
    SHA256,
    File,
    begin,
    download,
    listing,
    refused,
    row,
    settled,
)
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]


def found(person: Person, firm: Firm) -> list[Any]:
    """What a search says of the files that are called minutes."""
    rows = created(person.rpc("search", firm_id=firm.id, query="minutes", kinds=["file"]))
    return [(each["id"], each["parent_kind"], each["parent_id"]) for each in rows]


def told(person: Person, entity: str, id: str) -> list[str]:
    """The files in a timeline."""
    rows = created(person.rpc("timeline", entity=entity, id=id))
    return [each["subject_id"] for each in rows if each["subject"] == "file"]


def unseen(person: Person, firm: Firm, file: File) -> None:
    assert created(person.get("files", id=f"eq.{file['id']}")) == []
    refused(person.rpc("open_file", file_id=file["id"]), 404, "file_not_found")
    assert not download(person, file["path"]).is_success
    assert listing(person, f"{firm.id}/{file['id']}") == []


def test_a_contact_holds_documents(firm: Firm, db: Db) -> None:
    contact, other = firm.contact(), firm.contact()
    of = {"contact_id": contact["id"]}
    first = settled(firm.member, firm, **of)
    assert download(firm.viewer, first["path"]).content == CONTENT
    # A version is where the document is, whatever else is said.
    second = settled(firm.member, firm, replaces=first["id"], contact_id=other["id"])
    assert (second["contact_id"], second["version"]) == (contact["id"], 2)
    assert found(firm.viewer, firm) == [(second["id"], "contact", contact["id"])]
    assert told(firm.viewer, "contact", contact["id"]) == [second["id"]]
    for entity, id in (("contact", other["id"]), ("company", contact["company_id"])):
        assert told(firm.viewer, entity, id) == []
    # Were it moved one day, all versions would be.
    db.execute("update files set contact_id = %s where id = %s", (other["id"], second["id"]))
    assert row(firm.viewer, first)["contact_id"] == other["id"]
    assert told(firm.viewer, "contact", contact["id"]) == []


def test_attack_39_a_duplicate_is_one_at_the_same_contact_only(firm: Firm) -> None:
    contact, colleague = firm.contact(), firm.contact()
    there = settled(firm.manager, firm, contact_id=contact["id"])
    same = {"contact_id": contact["id"], "sha256": SHA256}
    refused(begin(firm.member, firm, **same), 409, "duplicate_file")
    refused(begin(firm.manager, firm, replaces=there["id"], sha256=SHA256), 409, "duplicate_file")
    for place in (
        {"contact_id": colleague["id"]},
        {"company_id": contact["company_id"]},
        {},
    ):
        created(begin(firm.member, firm, sha256=SHA256, **place))
    created(firm.manager.update("files", {"visibility": "managers"}, id=f"eq.{there['id']}"))
    created(begin(firm.member, firm, **same))


def test_a_contact_holds_a_thousand_files(firm: Firm, db: Db) -> None:
    contact = firm.contact()
    db.execute(
        "insert into files (id, firm_id, contact_id, path, name, mime, size_bytes, status)"
        " select id, %s, %s, concat_ws('/', %s::text, id, 'a'), 'a', 'text/plain', 1, 'ready'"
        " from (select gen_random_uuid() as id from generate_series(1, 1000)) as ids",
        (firm.id, contact["id"], firm.id),
    )
    refused(begin(firm.owner, firm, contact_id=contact["id"]), 409, "too_many_files")
    for place in (
        {"contact_id": firm.contact()["id"]},
        {"company_id": contact["company_id"]},
        {},
    ):
        created(begin(firm.owner, firm, **place))


def test_attack_06_a_file_hung_on_another_contact(firm: Firm, other_firm: Firm) -> None:
    """Of another firm, or of one's own: a contact is said once."""
    contact, theirs = firm.contact(), other_firm.contact()
    file = settled(firm.owner, firm, contact_id=contact["id"])
    refused(begin(firm.owner, firm, contact_id=theirs["id"]), 404, "parent_not_found")
    refused(begin(firm.owner, other_firm, contact_id=theirs["id"]), 404, "firm_not_found")
    version = created(begin(firm.owner, firm, replaces=file["id"], contact_id=theirs["id"]))
    assert version["contact_id"] == contact["id"]
    # Whoever belongs to both firms is no bridge either.
    both = other_firm.join("owner", firm.admin)
    refused(begin(both, firm, contact_id=theirs["id"]), 404, "parent_not_found")
    for id in (theirs["id"], firm.contact()["id"], None):
        answer = both.update("files", {"contact_id": id}, id=f"eq.{file['id']}")
        assert (answer.status_code, answer.json()["code"]) == (403, "42501")
        edit = {"entity": "files", "ids": [file["id"]], "changes": {"contact_id": id}}
        refused(both.rpc("bulk_edit", **edit), 422, "unknown_column")
    answer = both.update("files", {"firm_id": other_firm.id}, id=f"eq.{file['id']}")
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


def test_attack_29_managers_files_of_a_contact(firm: Firm, outsider: Person) -> None:
    contact = firm.contact()
    managers = {"contact_id": contact["id"], "visibility": "managers"}
    refused(begin(firm.member, firm, **managers), 403, "not_allowed")
    refused(begin(firm.viewer, firm, contact_id=contact["id"]), 403, "not_allowed")
    refused(begin(outsider, firm, contact_id=contact["id"]), 404, "firm_not_found")
    file = settled(firm.manager, firm, **managers)
    for person in (firm.member, firm.viewer, outsider):
        unseen(person, firm, file)
    refused(begin(firm.member, firm, replaces=file["id"]), 404, "file_not_found")
    refused(begin(outsider, firm, replaces=file["id"]), 404, "firm_not_found")
    for person in (firm.member, firm.viewer):
        assert found(person, firm) == []
        assert told(person, "contact", contact["id"]) == []
        embedded = person.get("contacts", id=f"eq.{contact['id']}", select="id,files(id)")
        assert created(embedded) == [{"id": contact["id"], "files": []}]
    assert download(firm.manager, file["path"]).content == CONTENT
    assert told(firm.manager, "contact", contact["id"]) == [file["id"]]


def test_attack_26_no_file_of_a_contact_is_in_the_portal(firm: Firm, db: Db) -> None:
    """Not even of one at the client of their own contract."""
    portal, own = firm.portal, firm.portal_consultant["id"]
    contract = firm.contract(kind="nda", consultant_id=own)
    db.execute(
        "update contracts set status = 'active', signed_at = now() where id = %s",
        (contract["id"],),
    )
    of = {"contact_id": firm.contact(company_id=contract["company_id"])["id"]}
    shared = of | {"visibility": "portal"}
    assert len(created(portal.rpc("portal_contracts"))) == 1
    refused(begin(firm.owner, firm, **shared), 422, "portal_parent")
    refused(begin(portal, firm, **shared), 404, "firm_not_found")
    refused(begin(portal, firm, contract_id=contract["id"], **shared), 422, "one_parent")
    file = settled(firm.owner, firm, **of)
    answer = firm.owner.update("files", {"visibility": "portal"}, id=f"eq.{file['id']}")
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")
    unseen(portal, firm, file)
    refused(portal.rpc("timeline", entity="contact", id=of["contact_id"]), 404, "object_not_found")


def test_a_contact_is_archived_and_its_documents_stay(firm: Firm) -> None:
    """As those of a company: to be read as before, and changed by the same people."""
    contact = firm.contact()
    file = settled(firm.member, firm, contact_id=contact["id"])
    for table, id in (("contacts", contact["id"]), ("companies", contact["company_id"])):
        created(firm.manager.update(table, {"archived_at": "now"}, id=f"eq.{id}"))
        for person in (firm.member, firm.viewer):
            assert download(person, file["path"]).content == CONTENT
        assert found(firm.viewer, firm) == [(file["id"], "contact", contact["id"])]
        where = {"id": f"eq.{file['id']}"}
        assert created(firm.viewer.update("files", {"name": "mine.txt"}, **where)) == []
        assert created(firm.member.update("files", {"name": "minutes 2.txt"}, **where))
    # It goes where the contact goes, and the rule for archived files is its own.
    created(firm.manager.update("contacts", {"archived_at": None}, id=f"eq.{contact['id']}"))
    elsewhere = {"company_id": firm.company()["id"]}
    created(firm.member.update("contacts", elsewhere, id=f"eq.{contact['id']}"))
    assert row(firm.viewer, file)["contact_id"] == contact["id"]
    created(firm.member.update("files", {"archived_at": "now"}, id=f"eq.{file['id']}"))
    assert found(firm.viewer, firm) == []
