"""The contract machine, the numbers, the frozen terms and the daily job."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import LOCK_CONTRACT, race
from tests.conftest import RunningStack
from tests.people import Api, Firm, Person, created, today

Db = psycopg.Connection[Any]

STATUSES = (
    "draft",
    "in_review",
    "sent",
    "signed",
    "active",
    "expired",
    "terminated",
    "cancelled",
)
LEGAL = {
    ("draft", "in_review"),
    ("draft", "cancelled"),
    ("in_review", "sent"),
    ("in_review", "draft"),
    ("in_review", "cancelled"),
    ("sent", "signed"),
    ("sent", "draft"),
    ("sent", "cancelled"),
    ("signed", "cancelled"),
    ("active", "terminated"),
}


def move(person: Person, contract: dict[str, Any], to: str, note: str | None = None) -> Any:
    return person.rpc("transition_contract", id=contract["id"], to_status=to, note=note)


def sign(firm: Firm, **terms: Any) -> dict[str, Any]:
    contract = firm.contract(**terms)
    for status in ("in_review", "sent", "signed"):
        contract = created(move(firm.manager, contract, status))
    return contract


def advance(db: Db, now: str) -> int:
    row = db.execute("select private.advance_contracts(%s)", (now,)).fetchone()
    assert row
    return int(row[0])


def status_of(firm: Firm, contract: dict[str, Any]) -> str:
    rows = created(firm.owner.get("contracts", id=f"eq.{contract['id']}"))
    return str(rows[0]["status"])


def history(firm: Firm, contract: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """(from, to, actor) of every change, oldest first."""
    where = {"contract_id": f"eq.{contract['id']}", "order": "at"}
    events = created(firm.owner.get("contract_events", **where))
    return [(e["from_status"], e["to_status"], e["actor"]) for e in events]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def test_the_way_of_a_contract_is_logged(shared_firm: Firm) -> None:
    contract = sign(shared_firm)
    assert contract["signed_at"]
    manager = shared_firm.manager.id
    assert history(shared_firm, contract) == [
        ("draft", "in_review", manager),
        ("in_review", "sent", manager),
        ("sent", "signed", manager),
    ]


def test_attack_21_direct_status_patch(shared_firm: Firm) -> None:
    contract = shared_firm.contract()
    for change in (
        {"status": "signed"},
        {"signed_at": "2026-01-01"},
        {"number": 7},
        {"terminated_at": "2026-01-01"},
    ):
        answer = shared_firm.owner.update("contracts", change, id=f"eq.{contract['id']}")
        assert answer.status_code == 403
    row = {"firm_id": shared_firm.id, "title": "x", "kind": "nda", "status": "signed"}
    assert shared_firm.owner.insert("contracts", row).status_code == 403
    assert status_of(shared_firm, contract) == "draft"


@pytest.mark.parametrize("from_status", STATUSES)
def test_attack_22_illegal_transition(shared_firm: Firm, db: Db, from_status: str) -> None:
    contract = shared_firm.contract()
    for to in (*STATUSES, "archived", ""):
        db.execute(
            "update contracts set status = %s, signed_at = now(), reason = 'x',"
            " terminated_at = case when %s = 'terminated' then now() end where id = %s",
            (from_status, from_status, contract["id"]),
        )
        answer = move(shared_firm.owner, contract, to, note="because")
        if (from_status, to) in LEGAL:
            assert created(answer)["status"] == to
        else:
            refused(answer, 409, "illegal_transition")
            assert status_of(shared_firm, contract) == from_status


def test_only_admins_cancel_a_signed_contract(shared_firm: Firm) -> None:
    contract = sign(shared_firm)
    refused(move(shared_firm.manager, contract, "cancelled"), 403, "not_allowed")
    assert created(move(shared_firm.admin, contract, "cancelled"))["status"] == "cancelled"


def test_termination_needs_a_reason(shared_firm: Firm, db: Db) -> None:
    contract = sign(shared_firm, starts_on="1990-01-01")
    advance(db, "1990-01-01T12:00Z")
    for note in (None, "", "   "):
        refused(move(shared_firm.manager, contract, "terminated", note), 422, "reason_required")
    ended = created(move(shared_firm.manager, contract, "terminated", "Budget was cut."))
    assert (ended["reason"], ended["terminated_at"] is not None) == ("Budget was cut.", True)


def test_a_contract_leaves_draft_only_with_a_first_day(shared_firm: Firm) -> None:
    contract = shared_firm.contract(starts_on=None, ends_on=None)
    refused(move(shared_firm.manager, contract, "in_review"), 422, "start_required")


def test_attack_23_edit_of_signed_terms(shared_firm: Firm, db: Db) -> None:
    terms: dict[str, Any] = {
        "title": "Other",
        "kind": "framework",
        "company_id": shared_firm.company()["id"],
        "consultant_id": shared_firm.consultant()["id"],
        "starts_on": "2026-02-01",
        "ends_on": None,
        "rate": 1,
        "rate_unit": "month",
        "currency": "USD",
        "value_cap": 5,
        "notice_days": 30,
        "auto_renew": True,
        "renewal_months": 12,
        "parent_id": shared_firm.contract(kind="framework")["id"],
        "external_ref": "C-1",
    }
    granted = db.execute(
        "select column_name from information_schema.column_privileges where grantee ="
        " 'authenticated' and table_name = 'contracts' and privilege_type = 'UPDATE'"
    ).fetchall()
    assert {name for (name,) in granted} == {*terms, "archived_at"}, "every term is tried below"

    contract = shared_firm.contract()
    where = {"id": f"eq.{contract['id']}"}
    for status in ("in_review", "sent", "signed"):
        created(move(shared_firm.manager, contract, status))
        for column, value in terms.items():
            answer = shared_firm.owner.update("contracts", {column: value}, **where)
            refused(answer, 409, "terms_frozen")
    # Not even around the API, and a column added later is a term too.
    db.execute("alter table contracts add column added_later text")
    try:
        with pytest.raises(psycopg.Error, match="cannot change"):
            db.execute("update contracts set added_later = 'x' where id = %s", (contract["id"],))
    finally:
        db.execute("alter table contracts drop column added_later")


def test_back_in_draft_the_terms_can_be_edited(shared_firm: Firm) -> None:
    contract = shared_firm.contract()
    created(move(shared_firm.manager, contract, "in_review"))
    created(move(shared_firm.manager, contract, "draft"))
    changed = shared_firm.manager.update("contracts", {"rate": 990}, id=f"eq.{contract['id']}")
    assert created(changed)[0]["rate"] == 990


def test_attack_24_delete_or_edit_of_contract_events(shared_firm: Firm) -> None:
    contract = sign(shared_firm)
    where = {"contract_id": f"eq.{contract['id']}"}
    before = history(shared_firm, contract)
    for answer in (
        shared_firm.owner.delete("contract_events", **where),
        shared_firm.owner.update("contract_events", {"note": "x"}, **where),
    ):
        assert answer.status_code == 403
    service = shared_firm.api.as_service
    for method in ("DELETE", "PATCH"):
        path = "/rest/v1/contract_events"
        assert service(method, path, params=where, json={"note": "x"}).status_code == 403
    assert history(shared_firm, contract) == before


def test_members_work_on_their_own_drafts_only(shared_firm: Firm) -> None:
    member, manager = shared_firm.member, shared_firm.manager
    own = shared_firm.contract(by=member)
    where = {"id": f"eq.{own['id']}"}
    assert created(member.update("contracts", {"title": "Mine"}, **where))
    refused(move(member, own, "in_review"), 403, "not_allowed")
    created(move(manager, own, "in_review"))
    assert created(member.update("contracts", {"title": "Changed"}, **where)) == []
    other = shared_firm.contract(by=manager)
    change = member.update("contracts", {"title": "x"}, id=f"eq.{other['id']}")
    assert created(change) == []


def test_two_moves_at_once_have_one_winner(stack: RunningStack, shared_firm: Firm) -> None:
    contract = shared_firm.contract()
    for status in ("in_review", "sent"):
        created(move(shared_firm.manager, contract, status))
    answers = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        contract["id"],
        lambda: move(shared_firm.manager, contract, "signed"),
        lambda: move(shared_firm.admin, contract, "draft"),
    )
    assert sorted(a.status_code for a in answers) == [200, 409]
    assert len(history(shared_firm, contract)) == 3


def test_numbers_have_no_gaps_under_load_and_failures(api: Api) -> None:
    firm = Firm(api)
    company = firm.company()["id"]
    assert firm.owner.token

    def add(number: int) -> int:
        row = {"firm_id": firm.id, "title": "x", "kind": "framework", "company_id": company}
        if number % 3 == 0:
            row |= {"currency": "euro"}
        return firm.owner.insert("contracts", row).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(add, range(24)))
    assert codes.count(400) == 8
    numbers = [row["number"] for row in created(firm.owner.get("contracts"))]
    assert sorted(numbers) == list(range(1, 17))


def test_a_contract_takes_the_currency_of_its_firm(firm: Firm) -> None:
    created(firm.owner.update("firms", {"currency": "CHF"}, id=f"eq.{firm.id}"))
    assert firm.contract()["currency"] == "CHF"
    assert firm.contract(currency="USD")["currency"] == "USD"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "consultant"},
        {"kind": "framework", "company_id": None},
        {"kind": "client_services", "company_id": None},
        {"kind": "nda", "company_id": None},
        {"kind": "lease"},
        {"ends_on": "2025-12-31"},
        {"rate": -1},
        {"rate_unit": None},
        {"currency": "eur"},
        {"value_cap": -1},
        {"title": ""},
    ],
    ids=str,
)
def test_bad_terms_are_refused(shared_firm: Firm, wrong: dict[str, Any]) -> None:
    terms = {
        "firm_id": shared_firm.id,
        "title": "x",
        "kind": "framework",
        "company_id": shared_firm.company()["id"],
        "starts_on": "2026-01-01",
        "rate": 10,
        "rate_unit": "day",
    }
    answer = shared_firm.owner.insert("contracts", terms | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


# The daily job gets instants long past, so that it leaves the contracts of other tests alone.


def test_the_first_and_last_day_are_the_firms_own(api: Api, db: Db) -> None:
    contracts = {}
    for zone in ("Pacific/Tongatapu", "Pacific/Pago_Pago"):
        firm = Firm(api)
        created(firm.owner.update("firms", {"timezone": zone}, id=f"eq.{firm.id}"))
        contracts[zone] = firm, sign(firm, starts_on="1991-05-02", ends_on="1991-05-02")
    seen = []
    for now in (
        "1991-05-01T11:30Z",  # 2 May in Tonga, 1 May in Pago Pago
        "1991-05-02T11:30Z",  # 3 May in Tonga, 2 May in Pago Pago
        "1991-05-03T11:30Z",  # over everywhere
    ):
        advance(db, now)
        seen.append(tuple(status_of(*pair) for pair in contracts.values()))
    assert seen == [("active", "signed"), ("expired", "active"), ("expired", "expired")]


def test_a_late_run_catches_up_and_repeating_it_changes_nothing(api: Api, db: Db) -> None:
    firm = Firm(api)
    over = sign(firm, starts_on="1992-01-01", ends_on="1992-01-31")
    running = sign(firm, starts_on="1992-01-01", ends_on="1992-12-31")
    endless = sign(firm, starts_on="1992-01-01", ends_on=None)
    later = sign(firm, starts_on="1992-12-01", ends_on=None)
    draft = firm.contract(starts_on="1992-01-01", ends_on="1992-01-02")

    for _ in range(2):
        advance(db, "1992-06-15T12:00Z")
        statuses = [status_of(firm, c) for c in (over, running, endless, later, draft)]
        assert statuses == ["expired", "active", "active", "signed", "draft"]
    assert history(firm, over)[3:] == [("signed", "active", None), ("active", "expired", None)]
    assert len(history(firm, running)) == 4


def test_two_daily_jobs_at_once_do_the_work_once(stack: RunningStack, api: Api, db: Db) -> None:
    firm = Firm(api)
    contract = sign(firm, starts_on="1993-01-01", ends_on=None)
    with psycopg.connect(stack.superuser_url) as first:
        first.execute("select private.advance_contracts('1993-01-02')")
        assert advance(db, "1993-01-02") == 0
    assert status_of(firm, contract) == "active"
    assert len(history(firm, contract)) == 4


def test_today_is_the_default(api: Api, db: Db) -> None:
    firm = Firm(api)
    ended = today() - dt.timedelta(2)
    past = sign(firm, starts_on=str(ended - dt.timedelta(1)), ends_on=str(ended))
    db.execute("select private.advance_contracts()")
    assert status_of(firm, past) == "expired"


@pytest.mark.parametrize(
    "terms",
    [
        {"rate": "NaN"},
        {"value_cap": "NaN"},
        {"starts_on": "infinity", "ends_on": None},
        {"starts_on": "-infinity"},
        {"starts_on": "0044-03-15 BC"},
        {"ends_on": "infinity"},
        {"starts_on": None, "ends_on": "-infinity"},
        {"ends_on": "12345-01-01"},
    ],
    ids=str,
)
def test_terms_are_numbers_and_days_that_can_be_reported(
    shared_firm: Firm, terms: dict[str, Any]
) -> None:
    contract = shared_firm.contract()
    answer = shared_firm.owner.update("contracts", terms, id=f"eq.{contract['id']}")
    assert (answer.status_code, answer.json()["code"]) == (400, "23514"), answer.text
