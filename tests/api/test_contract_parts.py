"""Notice and renewal, frameworks and versions, and who works on a contract and signs it."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import LOCK_CONTRACT, race
from tests.conftest import RunningStack
from tests.people import Firm, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def to_status(firm: Firm, contract: Row, status: str, db: Db) -> None:
    db.execute(
        "update contracts set status = %s, signed_at = now(), reason = 'x',"
        " terminated_at = case when %s = 'terminated' then now() end where id = %s",
        (status, status, contract["id"]),
    )


def staff(firm: Firm, contract: Row, consultant: Row, period: str) -> httpx.Response:
    part = {"contract_id": contract["id"], "consultant_id": consultant["id"], "period": period}
    return firm.manager.insert("contract_consultants", part | {"firm_id": firm.id})


def signer(firm: Firm, contract: Row, **values: Any) -> httpx.Response:
    person = {"name": "Ada Marsh", "email": "ada@example.com", "role": "company"} | values
    row = person | {"firm_id": firm.id, "contract_id": contract["id"]}
    return firm.manager.insert("contract_signers", row)


def test_the_last_day_to_cancel(shared_firm: Firm) -> None:
    contract = shared_firm.contract(ends_on="2026-12-31", notice_days=60)
    assert contract["cancel_by"] == "2026-11-01"
    where = {"id": f"eq.{contract['id']}"}
    manager = shared_firm.manager
    assert created(manager.update("contracts", {"notice_days": 0}, **where))[0]["cancel_by"] == (
        "2026-12-31"
    )
    assert created(manager.update("contracts", {"ends_on": None}, **where))[0]["cancel_by"] is None
    for given in ({"cancel_by": "2030-01-01"}, {"parent_kind": "nda"}):
        assert manager.update("contracts", given, **where).json()["code"] == "428C9"


@pytest.mark.parametrize(
    "wrong",
    [
        {"notice_days": -1},
        {"renewal_months": 0},
        {"auto_renew": True},
        {"auto_renew": True, "renewal_months": 12, "ends_on": None},
    ],
    ids=str,
)
def test_renewal_needs_an_end_and_a_length(shared_firm: Firm, wrong: Row) -> None:
    row = {"firm_id": shared_firm.id, "title": "x", "kind": "framework", "ends_on": "2026-12-31"}
    row["company_id"] = shared_firm.company()["id"]
    answer = shared_firm.manager.insert("contracts", row | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


def test_a_contract_falls_under_a_framework_only(shared_firm: Firm) -> None:
    manager = shared_firm.manager
    framework = shared_firm.contract(kind="framework")
    contract = shared_firm.contract(parent_id=framework["id"])
    assert contract["parent_kind"] == "framework"
    under = {"parent_id": contract["id"]}
    other = shared_firm.contract()
    answer = manager.update("contracts", under, id=f"eq.{other['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
    # So no circle comes about, neither from above nor by turning the parent into something else.
    answer = manager.update("contracts", under, id=f"eq.{framework['id']}")
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")
    answer = manager.update("contracts", {"kind": "nda"}, id=f"eq.{framework['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")


def test_attack_06_origins_stay_in_the_firm(shared_firm: Firm, other_firm: Firm, db: Db) -> None:
    ours, theirs = shared_firm.contract(), other_firm.contract(kind="framework")
    hop = {"parent_id": theirs["id"]}
    answer = shared_firm.owner.update("contracts", hop, id=f"eq.{ours['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
    for change in ("renewed_from_id = %s", "version = 2, amended_from_id = %s"):
        query = f"update contracts set {change} where id = %s"
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            db.execute(query, (theirs["id"], ours["id"]))
        with pytest.raises(psycopg.errors.CheckViolation):
            db.execute(query, (ours["id"], ours["id"]))
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("update contracts set version = 2 where id = %s", (ours["id"],))
    for column, value in (("renewed_from_id", ours["id"]), ("version", 7)):
        answer = shared_firm.owner.update("contracts", {column: value}, id=f"eq.{ours['id']}")
        assert answer.status_code == 403


def test_nobody_works_twice_on_one_contract_at_a_time(shared_firm: Firm) -> None:
    contract, consultant = shared_firm.contract(), shared_firm.consultant()
    first = created(staff(shared_firm, contract, consultant, "[2026-01-01,2026-03-31]"))[0]
    assert first["period"] == "[2026-01-01,2026-04-01)"
    answer = staff(shared_firm, contract, consultant, "[2026-03-31,2026-06-30]")
    assert (answer.status_code, answer.json()["code"]) == (400, "23P01")
    created(staff(shared_firm, contract, consultant, "[2026-04-01,)"))
    created(staff(shared_firm, contract, shared_firm.consultant(), "[2026-01-01,)"))
    created(staff(shared_firm, shared_firm.contract(), consultant, "[2026-01-01,)"))
    where = {"id": f"eq.{first['id']}"}
    created(shared_firm.manager.update("contract_consultants", {"archived_at": "now"}, **where))
    created(staff(shared_firm, contract, consultant, "[2026-02-01,2026-02-28]"))
    restored = shared_firm.manager.update("contract_consultants", {"archived_at": None}, **where)
    assert restored.json()["code"] == "23P01"


def test_two_managers_staff_the_same_days_at_once(stack: RunningStack, shared_firm: Firm) -> None:
    contract, consultant = shared_firm.contract(), shared_firm.consultant()
    period = "[2026-01-01,2026-03-31]"
    assert shared_firm.manager.token
    answers = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        contract["id"],
        lambda: staff(shared_firm, contract, consultant, period),
        lambda: staff(shared_firm, contract, consultant, period),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    assert {answer.json()["code"] for answer in answers if not answer.is_success} == {"23P01"}


@pytest.mark.parametrize("period", ["empty", "(,2026-01-01)", "[2026-02-01,2026-01-01]", "soon"])
def test_a_period_begins_and_has_days(shared_firm: Firm, period: str) -> None:
    answer = staff(shared_firm, shared_firm.contract(), shared_firm.consultant(), period)
    assert answer.status_code == 400


@pytest.mark.parametrize("pct", [0, 101])
def test_a_share_is_a_percentage(shared_firm: Firm, pct: int) -> None:
    contract, consultant = shared_firm.contract(), shared_firm.consultant()
    part = created(staff(shared_firm, contract, consultant, "[2026-01-01,)"))[0]
    change = {"allocation_pct": pct}
    answer = shared_firm.manager.update("contract_consultants", change, id=f"eq.{part['id']}")
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


@pytest.mark.parametrize("status", ["expired", "terminated", "cancelled"])
def test_an_ended_contract_keeps_who_worked_on_it(shared_firm: Firm, db: Db, status: str) -> None:
    contract, consultant = shared_firm.contract(), shared_firm.consultant()
    part = created(staff(shared_firm, contract, consultant, "[2026-01-01,)"))[0]
    to_status(shared_firm, contract, "active", db)
    where = {"id": f"eq.{part['id']}"}
    rate = {"bill_rate": 900, "bill_unit": "day"}
    created(shared_firm.manager.update("contract_consultants", rate, **where))
    to_status(shared_firm, contract, status, db)
    for change in ({"bill_rate": 1}, {"archived_at": "now"}):
        answer = shared_firm.owner.update("contract_consultants", change, **where)
        refused(answer, 409, "contract_closed")
    other = staff(shared_firm, contract, shared_firm.consultant(), "[2026-01-01,)")
    refused(other, 409, "contract_closed")


def test_attack_23_signers_of_a_sent_contract(shared_firm: Firm, db: Db) -> None:
    contract = shared_firm.contract()
    row = created(signer(shared_firm, contract))[0]
    assert row["status"] == "pending"
    where = {"id": f"eq.{row['id']}"}
    twice = signer(shared_firm, contract, name="Ada again")
    assert (twice.status_code, twice.json()["code"]) == (409, "23505")
    created(shared_firm.manager.update("contract_signers", {"sign_order": 2}, **where))
    to_status(shared_firm, contract, "sent", db)
    for change in ({"email": "b@example.com"}, {"archived_at": "now"}, {"name": "B"}):
        answer = shared_firm.owner.update("contract_signers", change, **where)
        refused(answer, 409, "contract_closed")
    refused(signer(shared_firm, contract, email="c@example.com"), 409, "contract_closed")


def test_attack_21_a_signature_is_not_written_by_hand(shared_firm: Firm) -> None:
    contract = shared_firm.contract()
    row = created(signer(shared_firm, contract))[0]
    signed = {"status": "signed", "decided_at": "2026-01-01"}
    answer = shared_firm.owner.update("contract_signers", signed, id=f"eq.{row['id']}")
    assert answer.status_code == 403
    new = signer(shared_firm, contract, email="b@example.com", **signed)
    assert new.status_code == 403


def test_what_belongs_to_another_firms_contract_tells_nothing(
    shared_firm: Firm, other_firm: Firm, db: Db
) -> None:
    theirs, consultant = other_firm.contract(), other_firm.consultant()
    created(staff(other_firm, theirs, consultant, "[2026-01-01,)"))
    to_status(other_firm, theirs, "cancelled", db)
    # Not that it is closed, and not that the days are taken.
    answer = staff(shared_firm, theirs, consultant, "[2026-01-01,)")
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")
    row = {
        "firm_id": other_firm.id,
        "contract_id": theirs["id"],
        "consultant_id": consultant["id"],
        "period": "[2026-01-01,)",
    }
    answer = shared_firm.owner.insert("contract_consultants", row)
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")
