"""One change to many entries: all of them or none, with the rights of whoever asks."""

import json
import uuid
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.matrix import TABLES
from tests.api.races import race
from tests.api.world import signers
from tests.conftest import RunningStack
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]

NOWHERE = str(uuid.UUID(int=7))


def edit(person: Person, entity: str, ids: list[str], **changes: Any) -> httpx.Response:
    return person.rpc("bulk_edit", entity=entity, ids=ids, changes=changes)


def done(answer: httpx.Response) -> int:
    """How many were changed, of an edit that nothing spoke against."""
    outcome: Row = created(answer)
    assert outcome["refused"] == []
    return int(outcome["changed"])


def refusals(answer: httpx.Response) -> dict[str, str]:
    """Id to code, of an edit that changed nothing."""
    outcome: Row = created(answer)
    assert outcome["changed"] == 0
    assert all(each["message"] for each in outcome["refused"])
    return {each["id"]: each["code"] for each in outcome["refused"]}


def refused(answer: httpx.Response, code: str, status: int = 422) -> Row:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text
    problem: Row = answer.json()
    return problem


def companies(firm: Firm, count: int = 3) -> list[str]:
    rows = [{"firm_id": firm.id, "name": f"Company {n}"} for n in range(count)]
    return [row["id"] for row in created(firm.owner.insert("companies", rows))]


def column(firm: Firm, table: str, ids: list[str], name: str) -> list[Any]:
    rows = created(firm.owner.get(table, id=f"in.({','.join(ids)})", order="id"))
    return [row[name] for row in rows]


def test_many_are_changed_at_once_and_duplicates_count_once(shared_firm: Firm) -> None:
    ids = companies(shared_firm)
    answer = edit(shared_firm.member, "companies", [*ids, ids[0]], industry="Food", country="DE")
    assert done(answer) == 3
    assert column(shared_firm, "companies", ids, "industry") == ["Food"] * 3
    assert column(shared_firm, "companies", ids, "updated_by") == [shared_firm.member.id] * 3
    assert done(edit(shared_firm.member, "companies", [], industry="Food")) == 0


def test_many_are_archived_and_restored(shared_firm: Firm) -> None:
    ids = companies(shared_firm)
    manager = shared_firm.manager
    assert refusals(edit(shared_firm.member, "companies", ids, archived_at="now")) == dict.fromkeys(
        ids, "not_allowed"
    )
    assert done(edit(manager, "companies", ids, archived_at="1999-01-01")) == 3
    assert "1999" not in str(column(shared_firm, "companies", ids, "archived_at"))
    answer = edit(manager, "companies", ids, industry="Food")
    assert refusals(answer) == dict.fromkeys(ids, "archived")
    assert done(edit(manager, "companies", ids, archived_at=None, industry="Food")) == 3


def test_attack_51_what_people_archive_can_be_edited_and_nothing_else(shared_firm: Firm) -> None:
    """A table added later is in, by its grants alone."""
    expected = sorted(table for table, rights in TABLES.items() if rights.get("archive"))
    for table in [*TABLES, "nonsense"]:
        answer = edit(shared_firm.owner, table, [], archived_at=None)
        if table in expected:
            assert done(answer) == 0
        else:
            hint = refused(answer, "unknown_entity")["hint"]
            assert hint == f"Use one of: {', '.join(expected)}."


def test_values_of_every_type(shared_firm: Firm) -> None:
    firm = shared_firm
    consultants = [firm.consultant()["id"] for _ in range(2)]
    facts = {"skills": ["sql", "go"], "available_from": "2026-12-01", "seniority": None}
    assert done(edit(firm.manager, "consultants", consultants, **facts)) == 2
    assert column(firm, "consultants", consultants, "skills") == [["sql", "go"]] * 2
    contracts = [firm.contract()["id"] for _ in range(2)]
    terms = {"rate": 1200.5, "auto_renew": True, "renewal_months": 12}
    assert done(edit(firm.manager, "contracts", contracts, **terms)) == 2
    assert column(firm, "contracts", contracts, "rate") == [1200.5] * 2
    view = firm.add("saved_views", None, {"name": uuid.uuid4().hex, "entity": "contracts"})
    definition = {"columns": ["title"]}
    assert done(edit(firm.owner, "saved_views", [view["id"]], definition=definition)) == 1
    part = {"contract_id": contracts[0], "consultant_id": consultants[0]}
    plan = firm.add("contract_consultants", None, part | {"period": "[2026-01-01,2026-02-01)"})
    period = "[2026-03-01,2026-04-01)"
    assert done(edit(firm.owner, "contract_consultants", [plan["id"]], period=period)) == 1
    assert column(firm, "contract_consultants", [plan["id"]], "period") == [period]


@pytest.mark.parametrize(
    ("entity", "name", "value"),
    [
        ("contracts", "ends_on", "2025-02-30"),
        ("contracts", "rate", "a lot"),
        ("contracts", "rate", 1e12),
        ("contracts", "auto_renew", "perhaps"),
        ("contracts", "company_id", "x"),
        ("contracts", "title", None),
        ("contracts", "notice_days", {}),
        ("consultants", "skills", "sql"),
        ("consultants", "skills", 7),
        ("companies", "archived_at", "some day"),
        ("contract_consultants", "period", "[b,a]"),
        ("contract_consultants", "period", "[2026-02-01,2026-01-01]"),
    ],
)
def test_a_value_that_is_none_is_named_by_its_column(
    shared_firm: Firm, entity: str, name: str, value: Any
) -> None:
    problem = refused(edit(shared_firm.owner, entity, [], **{name: value}), "bad_value")
    assert problem["message"].startswith(f"{name}: ")


def test_what_only_a_row_can_say_is_said_of_the_row(shared_firm: Firm) -> None:
    """Checks, unique values and references, with PostgreSQL's own codes."""
    ids, owner = companies(shared_firm, 2), shared_firm.owner
    assert set(refusals(edit(owner, "companies", ids, status="x")).values()) == {"23514"}
    same = refusals(edit(owner, "companies", ids, tax_id=uuid.uuid4().hex))
    assert list(same.values()) == ["23505"], "the first one could have it, so only the second"
    assert column(shared_firm, "companies", ids, "tax_id") == [None, None]
    answer = edit(owner, "companies", ids, owner_id=NOWHERE)
    assert set(refusals(answer).values()) == {"23503"}


def test_all_or_nothing(shared_firm: Firm, db: Db) -> None:
    ids = companies(shared_firm)
    logged = "select count(*) from audit_log where row_id = any (%s::uuid[])"
    before = db.execute(logged, [ids]).fetchone()
    answer = edit(shared_firm.manager, "companies", [*ids, NOWHERE], industry="Food")
    assert refusals(answer) == {NOWHERE: "not_found"}
    assert column(shared_firm, "companies", ids, "industry") == [None] * 3
    assert db.execute(logged, [ids]).fetchone() == before


def test_five_hundred_at_most(firm: Firm) -> None:
    ids = companies(firm, 501)
    problem = refused(edit(firm.member, "companies", ids, industry="x"), "too_many_rows")
    assert "500" in problem["message"]
    assert done(edit(firm.member, "companies", ids[1:] * 2, industry="Food")) == 500
    last = edit(firm.member, "companies", [*ids[1:500], NOWHERE], industry="x")
    assert refusals(last) == {NOWHERE: "not_found"}
    rows = created(firm.owner.get("companies", industry="eq.Food", select="id"))
    assert {row["id"] for row in rows} == set(ids[1:])


@pytest.mark.parametrize("changes", [{}, [], "x", None, 7])
def test_no_changes_are_no_edit(shared_firm: Firm, changes: Any) -> None:
    answer = shared_firm.owner.rpc("bulk_edit", entity="companies", ids=[], changes=changes)
    refused(answer, "no_changes")


@pytest.mark.parametrize("caller", ["outsider", "removed", "suspended", "portal"])
def test_attack_18_strangers_learn_nothing(firm: Firm, outsider: Person, caller: str) -> None:
    """The same answer for what there is and for what there is not."""
    person = outsider if caller == "outsider" else getattr(firm, caller)
    contract, company = firm.contract(), firm.company()
    for entity, id in (("contracts", contract["id"]), ("companies", company["id"])):
        answer = edit(person, entity, [id, NOWHERE], archived_at="now")
        assert refusals(answer) == {id: "not_found", NOWHERE: "not_found"}
        assert len({each["message"] for each in answer.json()["refused"]}) == 1


def test_each_role_edits_what_it_may(firm: Firm) -> None:
    note = firm.add("notes", None, {"company_id": firm.company()["id"], "body": "Call"})
    own = firm.add("notes", firm.member, {"company_id": note["company_id"], "body": "Mine"})
    both = [note["id"], own["id"]]
    every = dict.fromkeys(both, "not_allowed")
    assert refusals(edit(firm.viewer, "notes", both, body="x")) == every
    assert refusals(edit(firm.member, "notes", both, body="x")) == {note["id"]: "not_allowed"}
    assert done(edit(firm.member, "notes", [own["id"]], body="x")) == 1
    for role in ("manager", "admin", "owner"):
        assert done(edit(getattr(firm, role), "notes", both, body=role)) == 2
    drafts = [firm.contract()["id"], firm.contract(firm.member)["id"]]
    assert refusals(edit(firm.member, "contracts", drafts, title="x")) == {drafts[0]: "not_allowed"}
    answer = edit(firm.manager, "contracts", drafts, archived_at="now")
    assert refusals(answer) == dict.fromkeys(drafts, "not_allowed")
    assert done(edit(firm.admin, "contracts", drafts, archived_at="now")) == 2


def test_consultants_edit_their_few_facts_about_themselves(firm: Firm) -> None:
    own, other = firm.portal_consultant["id"], firm.consultant()["id"]
    assert done(edit(firm.portal, "consultants", [own], phone="+351 21 000 0000")) == 1
    assert refusals(edit(firm.portal, "consultants", [own], name="Boss")) == {own: "not_allowed"}
    answer = edit(firm.portal, "consultants", [own, other], phone=None)
    assert refusals(answer) == {other: "not_found"}


def test_a_row_that_would_leave_the_callers_reach_is_refused(firm: Firm) -> None:
    view = {"firm_id": firm.id, "name": "Mine", "entity": "contracts"}
    id = created(firm.viewer.insert("saved_views", view))[0]["id"]
    assert refusals(edit(firm.viewer, "saved_views", [id], shared=True)) == {id: "not_allowed"}
    assert refusals(edit(firm.owner, "saved_views", [id], shared=True)) == {id: "not_found"}
    assert done(edit(firm.viewer, "saved_views", [id], name="Still mine")) == 1


@pytest.mark.parametrize("visibility", ["firm", "managers"])
def test_attack_29_managers_files_are_not_there_for_others(firm: Firm, visibility: str) -> None:
    document = {"name": "a.pdf", "size_bytes": 9, "mime": "application/pdf"}
    file = created(
        firm.manager.rpc("begin_upload", firm_id=firm.id, visibility=visibility, **document)
    )["id"]
    code = "not_found" if visibility == "managers" else "not_allowed"
    assert refusals(edit(firm.member, "files", [file], name="b.pdf")) == {file: code}
    assert done(edit(firm.manager, "files", [file], name="b.pdf")) == 1


def test_attack_05_and_19_ids_of_another_firm_change_nothing(firm: Firm, other_firm: Firm) -> None:
    """Somebody who manages one firm and only looks at the other."""
    other_firm.join("viewer", firm.manager)
    ours, theirs = companies(firm, 2), companies(other_firm, 1)
    strange = companies(Firm(firm.api), 1)
    answer = edit(firm.manager, "companies", [*ours, *theirs, *strange], industry="x")
    assert refusals(answer) == {theirs[0]: "not_allowed", strange[0]: "not_found"}
    assert column(firm, "companies", ours, "industry") == [None, None]
    assert column(other_firm, "companies", theirs, "industry") == [None]


def test_two_firms_at_once_for_who_belongs_to_both(firm: Firm, other_firm: Firm) -> None:
    other_firm.join("member", firm.manager)
    ids = companies(firm, 1) + companies(other_firm, 1)
    assert done(edit(firm.manager, "companies", ids, industry="x")) == 2


@pytest.mark.parametrize(
    "name",
    ["id", "firm_id", "created_by", "updated_by", "status", "signed_at", "number", "cancel_by"],
)
def test_attack_05_21_and_25_columns_the_server_keeps(shared_firm: Firm, name: str) -> None:
    contract = shared_firm.contract()["id"]
    problem = refused(
        edit(shared_firm.owner, "contracts", [contract], title="x", **{name: None}),
        "unknown_column",
    )
    assert f'"{name}"' in problem["message"]
    assert problem["hint"].startswith("Use: archived_at, auto_renew, company_id,")


def test_attack_06_references_stay_in_the_firm(shared_firm: Firm, other_firm: Firm) -> None:
    contract, theirs = shared_firm.contract()["id"], other_firm.company()["id"]
    answer = edit(shared_firm.owner, "contracts", [contract], company_id=theirs)
    assert refusals(answer) == {contract: "23503"}


def test_attack_23_terms_of_a_contract_that_was_sent(shared_firm: Firm, db: Db) -> None:
    firm = shared_firm
    draft, sent = firm.contract()["id"], firm.contract()["id"]
    person = {"name": "Ada Marsh", "email": "ada@example.com", "role": "company"}
    firm.add("contract_signers", None, person | {"contract_id": sent})
    for status in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", id=sent, to_status=status))
    assert refusals(edit(firm.owner, "contracts", [draft, sent], rate=1)) == {sent: "terms_frozen"}
    signer = signers(firm, db, sent)[0]["id"]
    answer = edit(firm.owner, "contract_signers", [signer], name="Eve")
    assert refusals(answer) == {signer: "contract_closed"}
    answer = edit(firm.owner, "contract_signers", [signer], status="signed")
    refused(answer, "unknown_column")


INJECTIONS = (
    "companies\" set name = 'x'; --",
    "public.companies",
    "companies; delete from public.firms where true",
    "COMPANIES",
    "",
    "%I",
    "pg_class",
    "x" * 100_000,
)


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_attack_49_names_are_no_sql(shared_firm: Firm, text: str) -> None:
    ids = companies(shared_firm, 1)
    refused(edit(shared_firm.owner, text, ids, name="x"), "unknown_entity")
    problem = refused(edit(shared_firm.owner, "companies", ids, **{text: "x"}), "unknown_column")
    assert len(problem["message"]) < 200
    assert done(edit(shared_firm.owner, "companies", ids, industry=text[:50])) == 1
    assert column(shared_firm, "companies", ids, "industry") == [text[:50]]


def test_attack_49_no_entity_at_all(shared_firm: Firm) -> None:
    refused(shared_firm.owner.rpc("bulk_edit", entity=None, ids=[], changes={}), "unknown_entity")
    answer = edit(shared_firm.owner, "companies", None, industry="x")  # type: ignore[arg-type]
    assert done(answer) == 0
    answer = edit(shared_firm.owner, "companies", [None], industry="x")  # type: ignore[list-item]
    assert refusals(answer) == {None: "not_found"}


def test_two_edits_of_the_same_rows_in_opposite_order(
    stack: RunningStack, shared_firm: Firm
) -> None:
    ids = sorted(companies(shared_firm, 2))
    answers = race(
        stack.superuser_url,
        "select from public.companies where id = %s for update",
        ids[0],
        lambda: edit(shared_firm.owner, "companies", ids, industry="Food"),
        lambda: edit(shared_firm.manager, "companies", ids[::-1], country="DE"),
    )
    assert [done(answer) for answer in answers] == [2, 2]
    assert column(shared_firm, "companies", ids, "industry") == ["Food", "Food"]
    assert column(shared_firm, "companies", ids, "country") == ["DE", "DE"]


def test_rows_that_wait_to_be_edited_can_be_referred_to(
    stack: RunningStack, shared_firm: Firm
) -> None:
    """Such as by the clock, which must wait for nobody."""
    first, last = sorted(companies(shared_firm, 2))
    member = shared_firm.member
    (answer,) = race(
        stack.superuser_url,
        "select from companies where id = %s for update",
        last,
        lambda: edit(member, "companies", [first, last], industry="Food"),
        meanwhile="set lock_timeout = '1s'; insert into notes (firm_id, company_id, body)"
        f" values ('{shared_firm.id}', '{first}', 'x')",
    )
    assert done(answer) == 2


def test_a_row_that_was_archived_meanwhile_is_refused(
    stack: RunningStack, shared_firm: Firm
) -> None:
    (id,) = companies(shared_firm, 1)
    (answer,) = race(
        stack.superuser_url,
        "select from public.companies where id = %s for update",
        id,
        lambda: edit(shared_firm.owner, "companies", [id], industry="Food"),
        meanwhile=f"update public.companies set archived_at = now() where id = '{id}'",
    )
    assert refusals(answer) == {id: "archived"}


def test_what_is_not_about_a_row_ends_the_request(stack: RunningStack, firm: Firm) -> None:
    """To become primary a contact needs the one who is, and somebody is at work on that one."""
    company = firm.company()["id"]
    primary = firm.contact(company_id=company, is_primary=True)["id"]
    other = firm.contact(company_id=company)["id"]
    with (
        psycopg.connect(stack.superuser_url) as holder,
        psycopg.connect(stack.superuser_url) as caller,
    ):
        holder.execute("select from public.contacts where id = %s for update", [primary])
        caller.execute("set local lock_timeout = '50ms'")
        caller.execute("set local role authenticated")
        claims = json.dumps({"sub": firm.owner.id})
        caller.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            caller.execute(
                "select public.bulk_edit('contacts', array[%s]::uuid[], '{\"is_primary\": true}')",
                [other],
            )
