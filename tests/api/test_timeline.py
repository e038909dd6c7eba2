"""What happened to something, the newest first, as far as whoever asks may read it."""

import uuid
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.world import asked
from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def timeline(person: Caller, entity: str, id: str, **options: Any) -> list[Row]:
    rows: list[Row] = created(person.rpc("timeline", entity=entity, id=id, **options))
    return rows


def told(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["kind"], row["title"]) for row in rows]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def note(firm: Firm, body: str, by: Person | None = None, **parent: str) -> Row:
    return firm.add("notes", by, parent | {"body": body})


def upload(firm: Firm, name: str, **values: Any) -> Row:
    document = {"name": name, "size_bytes": 9, "mime": "application/pdf"}
    file: Row = created(firm.owner.rpc("begin_upload", firm_id=firm.id, **document, **values))
    return file


def test_a_company_from_its_beginning_to_its_end(firm: Firm) -> None:
    company = firm.company(name="Helios Energy")
    of = {"company_id": company["id"]}
    firm.contact(name="Ada Marsh", **of)
    written = note(firm, "Prefers Tuesdays", firm.member, **of)
    gone = note(firm, "Typing error", **of)
    created(firm.owner.update("notes", {"archived_at": "now"}, id=f"eq.{gone['id']}"))
    upload(firm, "offer.pdf", **of)
    contract = firm.contract(title="Advice", **of)
    step = {"id": contract["id"], "to_status": "in_review", "note": "Please check"}
    created(firm.manager.rpc("transition_contract", **step))
    twin = firm.company(name="Helios")
    pair = {"kept_id": company["id"], "merged_id": twin["id"]}
    merge = created(firm.manager.rpc("merge_companies", **pair))
    created(firm.manager.rpc("undo_merge", id=merge["id"]))
    created(firm.admin.update("companies", {"archived_at": "now"}, id=f"eq.{company['id']}"))

    rows = timeline(firm.owner, "company", company["id"])
    assert told(rows) == [
        ("archived", "Helios Energy"),
        ("unmerged", "Helios"),
        ("merged", "Helios"),
        ("moved", "Advice"),
        ("created", "Advice"),
        ("created", "offer.pdf"),
        ("noted", "Helios Energy"),
        ("created", "Ada Marsh"),
        ("created", "Helios Energy"),
    ]
    assert rows[0]["actor"] == firm.admin.id
    assert rows[0]["actor_name"] == "Admin"
    assert (rows[1]["subject"], rows[1]["subject_id"]) == ("company", twin["id"])
    assert rows[3]["detail"] == "draft → in_review: Please check"
    assert (rows[3]["subject"], rows[3]["subject_id"]) == ("contract", contract["id"])
    assert (rows[6]["id"], rows[6]["detail"]) == (written["id"], "Prefers Tuesdays")
    assert rows[6]["actor"] == firm.member.id
    # The merged one knows, too.
    assert ("merged", "Helios Energy") in told(timeline(firm.owner, "company", twin["id"]))


def test_a_contract_with_its_signers_its_people_and_what_came_of_it(firm: Firm, db: Db) -> None:
    ada, ben = asked(firm, db, "ada@client.example", "ben@client.example")
    contract = ada["contract_id"]
    consultant = firm.consultant(name="Tove Lind")
    plan = {"contract_id": contract, "consultant_id": consultant["id"]}
    plan = firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,2026-03-31]"})
    visitor = Caller(firm.api)
    created(visitor.rpc("view_signing", token=ada["token"]))
    created(visitor.rpc("sign_contract", token=ada["token"], name="Ada Marsh"))
    link = db.execute(
        "select params ->> 'link' from emails where dedupe_key like %s",
        [f"signing_request:{ben['id']}:%"],
    ).fetchone()
    assert link
    # Without a look at it first: one moment, told once.
    token = link[0].partition("#token=")[2]
    created(visitor.rpc("sign_contract", token=token, name="Ben Marsh"))
    where = {"id": f"eq.{plan['id']}"}
    created(firm.manager.update("contract_consultants", {"archived_at": "now"}, **where))
    amended = created(firm.manager.rpc("amend_contract", id=contract))
    renewed = created(firm.manager.rpc("renew_contract", id=contract))
    note(firm, "Done", contract_id=contract)

    rows = timeline(firm.viewer, "contract", contract)
    assert [row["kind"] for row in rows] == [
        *("noted", "renewed", "amended", "released"),
        # Ben's signature and what follows from it are one transaction, told by the clock.
        *("moved", "signed", "signed", "viewed"),
        *("assigned", "moved", "moved", "created"),
    ]
    assert [row["subject_id"] for row in rows[1:3]] == [renewed["id"], amended["id"]]
    assert (rows[4]["detail"], rows[4]["actor"]) == (
        "sent → signed: Everybody has signed.",
        None,
    )
    assert (rows[7]["actor"], rows[7]["actor_name"]) == (None, "Ada Marsh")
    assert (rows[8]["title"], rows[8]["detail"]) == ("Tove Lind", "[2026-01-01,2026-04-01)")
    # And from the other side.
    assert told(timeline(firm.viewer, "contract", renewed["id"]))[-1][0] == "renewed"
    titles = told(timeline(firm.viewer, "consultant", consultant["id"]))
    assert [kind for kind, _ in titles] == ["released", "assigned", "created"]
    assert titles[0][1] == "Advisory services"


def test_a_signer_who_declines(firm: Firm, db: Db) -> None:
    (ada,) = asked(firm, db)
    created(Caller(firm.api).rpc("decline_contract", token=ada["token"], reason="Too dear"))
    rows = timeline(firm.viewer, "contract", ada["contract_id"])
    assert [row["kind"] for row in rows[:2]] == ["moved", "declined"]
    assert rows[1]["detail"] == "Too dear"


def test_contacts_and_files_have_one_too(shared_firm: Firm) -> None:
    contact = shared_firm.contact(name="Ada Marsh")
    note(shared_firm, "Call her", contact_id=contact["id"])
    rows = timeline(shared_firm.viewer, "contact", contact["id"])
    assert told(rows) == [("noted", "Ada Marsh"), ("created", "Ada Marsh")]
    file = upload(shared_firm, "offer.pdf")
    created(shared_firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{file['id']}"))
    rows = timeline(shared_firm.viewer, "file", file["id"])
    assert [row["kind"] for row in rows] == ["archived", "created"]
    assert rows[1]["detail"] == "pending"


def test_a_firm_lately(firm: Firm) -> None:
    company = firm.company(name="Helios Energy")
    note(firm, "Call", company_id=company["id"])
    contract = firm.contract(title="Advice", company_id=company["id"])
    created(firm.owner.rpc("transition_contract", id=contract["id"], to_status="in_review"))
    rows = timeline(firm.viewer, "firm", firm.id)
    assert told(rows) == [
        ("moved", "Advice"),
        ("created", "Advice"),
        ("noted", "Helios Energy"),
        ("created", "Helios Energy"),
    ]
    assert (rows[2]["subject"], rows[2]["subject_id"]) == ("company", company["id"])


def test_page_by_page_nothing_is_missed_and_nothing_comes_twice(firm: Firm, db: Db) -> None:
    company = firm.company()["id"]
    contract = firm.contract(company_id=company)["id"]
    # Many at one moment, in several tables: the id decides then.
    db.execute(
        "insert into notes (firm_id, company_id, body)"
        " select %(firm)s, %(company)s, 'Note ' || n from generate_series(1, 40) n",
        {"firm": firm.id, "company": company},
    )
    db.execute(
        "insert into contract_events (firm_id, contract_id, from_status, to_status, at)"
        " select %(firm)s, %(contract)s, 'draft', 'sent',"
        " (select max(created_at) from notes where firm_id = %(firm)s)"
        " from generate_series(1, 40)",
        {"firm": firm.id, "contract": contract},
    )
    for entity, id in (("company", company), ("firm", firm.id)):
        whole = timeline(firm.viewer, entity, id, max_rows=200)
        assert len(whole) == 82
        pages = timeline(firm.viewer, entity, id, max_rows=7)
        for _ in range(11):
            last = {"before": pages[-1]["at"], "before_id": pages[-1]["id"]}
            pages += timeline(firm.viewer, entity, id, max_rows=7, **last)
        assert pages == whole
        assert len({(row["at"], row["id"]) for row in whole}) == 82
    earlier = timeline(firm.viewer, "company", company, before=whole[0]["at"])
    assert len(earlier) == 2, "without an id, nothing more of that moment"


def test_no_more_than_two_hundred(firm: Firm, db: Db) -> None:
    company = firm.company()["id"]
    db.execute(
        "insert into notes (firm_id, company_id, body)"
        " select %s, %s, 'Note' from generate_series(1, 300)",
        (firm.id, company),
    )
    assert len(timeline(firm.viewer, "company", company)) == 50
    assert len(timeline(firm.viewer, "company", company, max_rows=100_000)) == 200
    assert len(timeline(firm.viewer, "company", company, max_rows=None)) == 50
    assert timeline(firm.viewer, "company", company, max_rows=-1) == []


def test_attack_29_managers_files_are_no_news_for_others(firm: Firm) -> None:
    company = firm.company()
    file = upload(firm, "margins.pdf", company_id=company["id"], visibility="managers")
    for entity, id in (("company", company["id"]), ("firm", firm.id)):
        assert ("created", "margins.pdf") in told(timeline(firm.manager, entity, id))
        for person in (firm.member, firm.viewer):
            assert "margins.pdf" not in str(timeline(person, entity, id))
    refused(firm.member.rpc("timeline", entity="file", id=file["id"]), 404, "object_not_found")


def test_only_managers_hear_of_merges(firm: Firm) -> None:
    kept, merged = firm.company(), firm.company()
    created(firm.owner.rpc("merge_companies", kept_id=kept["id"], merged_id=merged["id"]))
    kinds = {
        role: [row["kind"] for row in timeline(getattr(firm, role), "company", kept["id"])]
        for role in ("manager", "member")
    }
    assert kinds == {"manager": ["merged", "created"], "member": ["created"]}


def test_attack_26_consultants_hear_of_what_they_may_read(firm: Firm, db: Db) -> None:
    portal, own = firm.portal, firm.portal_consultant["id"]
    note(firm, "Hard to deal with", consultant_id=own)
    upload(firm, "appraisal.pdf", consultant_id=own)
    shared = upload(firm, "contract.pdf", consultant_id=own, visibility="portal")
    db.execute("update files set status = 'ready' where id = %s", [shared["id"]])
    contract = firm.contract(kind="consultant", consultant_id=own)
    plan = {"contract_id": firm.contract()["id"], "consultant_id": own}
    firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,)"})
    assert told(timeline(portal, "consultant", own)) == [
        ("created", "contract.pdf"),
        ("created", "Noor Haddad"),
    ]
    for entity, id in (
        ("contract", contract["id"]),
        ("company", contract["company_id"]),
        ("consultant", firm.consultant()["id"]),
        ("firm", firm.id),
    ):
        refused(portal.rpc("timeline", entity=entity, id=id), 404, "object_not_found")


@pytest.mark.parametrize("entity", ["company", "contact", "consultant", "contract", "file", "firm"])
def test_attack_02_and_18_strangers_hear_nothing(
    firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller, entity: str
) -> None:
    makers = {"file": lambda: upload(firm, "a.pdf"), "firm": lambda: {"id": firm.id}}
    make = makers.get(entity) or getattr(firm, entity)
    id = make()["id"]
    for person in (outsider, other_firm.owner, firm.removed, firm.suspended):
        for what in (id, str(uuid.uuid4())):
            refused(person.rpc("timeline", entity=entity, id=what), 404, "object_not_found")
    assert visitor.rpc("timeline", entity=entity, id=id).status_code == 401


@pytest.mark.parametrize(
    "entity", ["companies", "note", "", None, "x'; select 1; --", "x" * 10_000]
)
def test_attack_49_an_entity_that_is_none(shared_firm: Firm, entity: str | None) -> None:
    answer = shared_firm.owner.rpc("timeline", entity=entity, id=shared_firm.id)
    refused(answer, 422, "unknown_entity")
    assert len(answer.json()["message"]) < 200
