"""The same bytes once more, and how many files a place holds."""

from typing import Any

import psycopg

from tests.api.files import SHA256, begin, refused, settle, settled, upload
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]


def test_attack_39_a_duplicate_is_named_to_who_may_read_it(firm: Firm) -> None:
    company = firm.company()["id"]
    there = settled(firm.manager, firm, company_id=company, name="Offer.txt")
    announced = {"sha256": SHA256.upper(), "company_id": company}
    answer = begin(firm.member, firm, **announced)
    refused(answer, 409, "duplicate_file")
    assert there["id"] in answer.json()["hint"]
    assert "Offer.txt" in answer.json()["message"]
    created(begin(firm.member, firm, **announced, allow_duplicate=True))
    created(begin(firm.member, firm, sha256=SHA256))
    created(firm.manager.update("files", {"visibility": "managers"}, id=f"eq.{there['id']}"))
    created(begin(firm.member, firm, **announced))
    refused(begin(firm.manager, firm, **announced), 409, "duplicate_file")
    refused(begin(firm.manager, firm, replaces=there["id"], sha256=SHA256), 409, "duplicate_file")


def test_attack_39_strangers_hear_of_no_duplicate(
    firm: Firm, other_firm: Firm, outsider: Person
) -> None:
    settled(firm.owner, firm)
    created(begin(other_firm.owner, other_firm, sha256=SHA256))
    for stranger in (outsider, other_firm.owner, firm.removed, firm.suspended):
        refused(begin(stranger, firm, sha256=SHA256), 404, "firm_not_found")
    own = {"consultant_id": firm.portal_consultant["id"], "visibility": "portal"}
    settled(firm.owner, firm, consultant_id=firm.portal_consultant["id"])
    created(begin(firm.portal, firm, sha256=SHA256, **own))


def test_only_what_is_there_is_a_duplicate(firm: Firm) -> None:
    created(begin(firm.member, firm, sha256=SHA256))
    first = upload(firm.member, firm, sha256=SHA256)
    created(firm.member.rpc("finish_upload", file_id=first["id"]))
    refused(begin(firm.member, firm, sha256=SHA256), 409, "duplicate_file")
    settle(firm, first, "quarantined", "macro")
    created(begin(firm.member, firm, sha256=SHA256))
    refused(begin(firm.member, firm, sha256="abc"), 422, "bad_sha256")


def test_a_place_holds_a_thousand_files(firm: Firm, db: Db) -> None:
    company = firm.company()["id"]
    fill = (
        "insert into files (id, firm_id, company_id, path, name, mime, size_bytes, status)"
        " select id, %s, %s, concat_ws('/', %s::text, id, 'a'), 'a', 'text/plain', 1, 'ready'"
        " from (select gen_random_uuid() as id from generate_series(1, %s)) as ids"
    )
    db.execute(fill, (firm.id, company, firm.id, 1000))
    refused(begin(firm.owner, firm, company_id=company), 409, "too_many_files")
    created(begin(firm.owner, firm))
    some = created(firm.owner.get("files", company_id=f"eq.{company}", limit="1"))[0]
    created(begin(firm.owner, firm, replaces=some["id"]))
    created(firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{some['id']}"))
    created(begin(firm.owner, firm, company_id=company))
    db.execute(fill, (firm.id, None, firm.id, 9999))
    refused(begin(firm.owner, firm), 409, "too_many_files")
