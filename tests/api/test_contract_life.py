"""A contract goes on, changes and ends: renewal, amendment, notice."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import race
from tests.conftest import RunningStack
from tests.people import Firm, created, today

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def running(firm: Firm, db: Db, status: str = "active", **values: Any) -> Row:
    contract = firm.contract(**values)
    db.execute(
        "update contracts set status = %s, signed_at = now() where id = %s",
        [status, contract["id"]],
    )
    return contract


def now(firm: Firm, contract: Row) -> Row:
    rows: list[Row] = created(firm.owner.get("contracts", id=f"eq.{contract['id']}"))
    return rows[0]


def day(db: Db, when: date) -> None:
    """The clock at noon of a day."""
    db.execute(
        "select private.advance_contracts(%s)", [datetime(when.year, when.month, when.day, 12)]
    )


def notes(firm: Firm, contract: Row) -> list[str]:
    rows = created(
        firm.owner.get("contract_events", contract_id=f"eq.{contract['id']}", order="at")
    )
    return [row["note"] for row in rows]


def test_a_renewal_follows_on_with_the_same_terms(firm: Firm, db: Db) -> None:
    old = firm.contract(starts_on="2026-01-01", ends_on="2026-06-30", notice_days=30)
    stays, left = firm.consultant(), firm.consultant()
    for consultant, period in (
        (stays, "[2026-03-01,2026-06-30]"),
        (left, "[2026-01-01,2026-02-28]"),
    ):
        plan = {"contract_id": old["id"], "consultant_id": consultant["id"], "period": period}
        firm.add("contract_consultants", None, plan | {"bill_rate": 900, "bill_unit": "day"})
    signer = {"contract_id": old["id"], "name": "Ada", "email": "ada@client.example"}
    firm.add("contract_signers", None, signer | {"role": "company"})
    refused(firm.manager.rpc("renew_contract", id=old["id"]), 409, "not_renewable")
    db.execute(
        "update contracts set status = 'active', signed_at = now() where id = %s", [old["id"]]
    )
    new = created(firm.manager.rpc("renew_contract", id=old["id"]))
    assert (new["status"], new["renewed_from_id"]) == ("draft", old["id"])
    assert (new["starts_on"], new["ends_on"]) == ("2026-07-01", "2026-12-28")
    assert new["number"] == old["number"] + 1
    same = ("title", "kind", "company_id", "rate", "rate_unit", "currency", "notice_days")
    assert [new[name] for name in same] == [old[name] for name in same]
    (staffed,) = created(firm.owner.get("contract_consultants", contract_id=f"eq.{new['id']}"))
    assert staffed["consultant_id"] == stays["id"]
    assert (staffed["period"], staffed["bill_rate"]) == ("[2026-07-01,2026-12-29)", 900)
    (asked,) = created(firm.owner.get("contract_signers", contract_id=f"eq.{new['id']}"))
    assert (asked["email"], asked["status"]) == ("ada@client.example", "pending")
    assert created(firm.owner.rpc("renew_contract", id=old["id"]))["id"] == new["id"]
    created(firm.owner.rpc("transition_contract", id=new["id"], to_status="cancelled"))
    assert created(firm.owner.rpc("renew_contract", id=old["id"]))["id"] != new["id"]


def test_a_renewal_of_a_contract_under_notice_follows_on_its_last_day(firm: Firm, db: Db) -> None:
    last = today() + timedelta(days=10)
    for ends_on in ("2999-01-01", None):
        old = running(firm, db, starts_on="2026-01-01", ends_on=ends_on)
        give = {"id": old["id"], "reason": "A new price", "last_day": str(last)}
        created(firm.manager.rpc("terminate_contract", **give))
        new = created(firm.manager.rpc("renew_contract", id=old["id"]))
        assert new["starts_on"] == str(last + timedelta(days=1))


def test_a_renewal_is_as_long_as_agreed(firm: Firm, db: Db) -> None:
    old = running(firm, db, starts_on="2026-01-01", ends_on="2026-01-31", renewal_months=1)
    new = created(firm.owner.rpc("renew_contract", id=old["id"]))
    assert (new["starts_on"], new["ends_on"]) == ("2026-02-01", "2026-02-28")
    endless = running(firm, db, ends_on=None)
    refused(firm.owner.rpc("renew_contract", id=endless["id"]), 409, "no_end")


def test_an_amendment_replaces_the_version_before_on_its_day(firm: Firm, db: Db) -> None:
    old = running(firm, db, starts_on=str(today() - timedelta(days=9)), ends_on="2999-01-01")
    new = created(firm.manager.rpc("amend_contract", id=old["id"]))
    assert (new["version"], new["amended_from_id"], new["status"]) == (2, old["id"], "draft")
    assert created(firm.manager.rpc("amend_contract", id=old["id"]))["id"] == new["id"]
    tomorrow = today() + timedelta(days=1)
    change = {"rate": 1000, "starts_on": str(tomorrow)}
    created(firm.manager.update("contracts", change, id=f"eq.{new['id']}"))
    for status in ("in_review", "sent", "signed"):
        created(firm.manager.rpc("transition_contract", id=new["id"], to_status=status))
    day(db, today())
    assert (now(firm, old)["status"], now(firm, new)["status"]) == ("active", "signed")
    day(db, tomorrow)
    assert (now(firm, old)["status"], now(firm, new)["status"]) == ("terminated", "active")
    assert now(firm, old)["reason"] == "Replaced by version 2."
    third = created(firm.manager.rpc("amend_contract", id=new["id"]))
    assert third["version"] == 3


def test_both_versions_due_at_once_leave_one_in_force(firm: Firm, db: Db) -> None:
    old = running(firm, db, "signed", starts_on=str(today()), ends_on="2999-01-01")
    new = created(firm.owner.rpc("amend_contract", id=old["id"]))
    for status in ("in_review", "sent", "signed"):
        created(firm.owner.rpc("transition_contract", id=new["id"], to_status=status))
    day(db, today())
    assert (now(firm, old)["status"], now(firm, new)["status"]) == ("terminated", "active")


def test_notice_ends_a_contract_after_its_last_day(firm: Firm, db: Db) -> None:
    contract = running(firm, db, starts_on="2026-01-01", ends_on="2999-01-01")
    last = today() + timedelta(days=10)
    give = {"id": contract["id"], "reason": "Budget cut", "last_day": str(last)}
    for _ in range(2):
        given = created(firm.manager.rpc("terminate_contract", **give))
        assert (given["status"], given["terminates_on"]) == ("active", str(last))
    day(db, last)
    assert now(firm, contract)["status"] == "active", "the last day is included"
    for _ in range(2):
        day(db, last + timedelta(days=1))
    after = now(firm, contract)
    assert (after["status"], after["reason"]) == ("terminated", "Budget cut")
    assert notes(firm, contract) == [f"Ends on {last}: Budget cut", "Budget cut"]


def test_notice_can_be_withdrawn(firm: Firm, db: Db) -> None:
    contract = running(firm, db, starts_on="2026-01-01", ends_on="2999-01-01")
    give = {"id": contract["id"], "reason": "Budget", "last_day": str(today())}
    created(firm.manager.rpc("terminate_contract", **give))
    for _ in range(2):
        kept = created(firm.manager.rpc("withdraw_termination", id=contract["id"]))
        assert (kept["terminates_on"], kept["reason"]) == (None, None)
    day(db, today() + timedelta(days=3))
    assert now(firm, contract)["status"] == "active"


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"reason": " ", "last_day": str(today())}, 422, "reason_required"),
        ({"reason": " "}, 422, "reason_required"),
        ({"reason": "x", "last_day": str(today() - timedelta(days=1))}, 422, "bad_last_day"),
        ({"reason": "x", "last_day": "2999-01-02"}, 422, "bad_last_day"),
    ],
)
def test_notice_that_makes_no_sense(
    firm: Firm, db: Db, values: Row, status: int, code: str
) -> None:
    contract = running(firm, db, starts_on="2026-01-01", ends_on="2999-01-01")
    refused(firm.owner.rpc("terminate_contract", id=contract["id"], **values), status, code)
    draft = firm.contract()
    answer = firm.owner.rpc("terminate_contract", id=draft["id"], reason="x", last_day=str(today()))
    refused(answer, 409, "illegal_transition")


def test_a_contract_that_renews_itself_goes_on(firm: Firm, db: Db) -> None:
    ends = date(2026, 1, 31)
    terms: Row = {"starts_on": "2025-01-01", "ends_on": str(ends), "notice_days": 30}
    contract = running(firm, db, auto_renew=True, renewal_months=1, **terms)
    other = running(firm, db, **terms)
    day(db, ends)
    assert now(firm, contract)["ends_on"] == "2026-01-31"
    for _ in range(2):
        day(db, ends + timedelta(days=1))
    prolonged = now(firm, contract)
    assert (prolonged["status"], prolonged["ends_on"]) == ("active", "2026-02-28")
    assert prolonged["cancel_by"] == "2026-01-29"
    assert now(firm, other)["status"] == "expired"
    # After an outage it catches up, one period a run.
    for _ in range(4):
        day(db, date(2026, 5, 15))
    assert now(firm, contract)["ends_on"] == "2026-05-31"
    assert notes(firm, contract)[-1] == "Renewed until 2026-05-31."


def test_a_contract_whose_renewal_is_signed_does_not_renew_itself_too(firm: Firm, db: Db) -> None:
    """Else two contracts about the same would be in force, the old one for ever."""
    terms: Row = {"starts_on": "2026-01-01", "ends_on": "2026-06-30"}
    old = running(firm, db, auto_renew=True, renewal_months=6, **terms)
    new = created(firm.owner.rpc("renew_contract", id=old["id"]))
    for status in ("in_review", "sent", "signed"):
        created(firm.owner.rpc("transition_contract", id=new["id"], to_status=status))
    day(db, date(2026, 7, 1))
    assert [now(firm, row)["status"] for row in (old, new)] == ["expired", "active"]
    assert now(firm, old)["ends_on"] == "2026-06-30"


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ("2025-12-31", ["2026-01-30", "2026-02-27", "2026-03-30", "2026-04-29"]),
        ("2025-12-15", ["2026-01-14", "2026-02-14", "2026-03-14", "2026-04-14"]),
    ],
)
def test_a_short_month_moves_no_later_end(firm: Firm, db: Db, starts: str, ends: list[str]) -> None:
    contract = running(
        firm, db, starts_on=starts, ends_on=ends[0], auto_renew=True, renewal_months=1
    )
    for end in ends[1:]:
        day(db, date.fromisoformat(now(firm, contract)["ends_on"]) + timedelta(days=1))
        assert now(firm, contract)["ends_on"] == end


def test_an_amendment_of_an_endless_contract_takes_those_along_who_are_on_it(
    firm: Firm, db: Db
) -> None:
    old = running(firm, db, ends_on=None)
    back, gone = firm.consultant(), firm.consultant()
    for consultant, period in (
        (back, "[2026-01-01,2026-02-01)"),
        (back, "[2026-03-01,)"),
        (gone, "[2026-01-01,2026-02-01)"),
    ):
        plan = {"contract_id": old["id"], "consultant_id": consultant["id"], "period": period}
        firm.add("contract_consultants", None, plan)
    new = created(firm.owner.rpc("amend_contract", id=old["id"]))
    staffed = created(firm.owner.get("contract_consultants", contract_id=f"eq.{new['id']}"))
    assert [row["consultant_id"] for row in staffed] == [back["id"]]


def test_attack_22_and_23_frozen_terms_stay_with_the_clock(firm: Firm, db: Db) -> None:
    contract = running(firm, db)
    for change in ({"ends_on": "2998-01-01"}, {"rate": 1}):
        answer = firm.owner.update("contracts", change, id=f"eq.{contract['id']}")
        refused(answer, 409, "terms_frozen")
    answer = firm.owner.update(
        "contracts", {"terminates_on": str(today())}, id=f"eq.{contract['id']}"
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("renew_contract", {}),
        ("amend_contract", {}),
        ("terminate_contract", {"reason": "x"}),
        ("withdraw_termination", {}),
    ],
)
def test_attack_19_contracts_of_another_firm(
    firm: Firm, other_firm: Firm, db: Db, function: str, values: Row
) -> None:
    contract = running(other_firm, db)
    other_firm.join("viewer", firm.owner)
    for person, status, code in (
        (firm.admin, 404, "contract_not_found"),
        (firm.owner, 403, "not_allowed"),
    ):
        refused(person.rpc(function, id=contract["id"], **values), status, code)


@pytest.mark.parametrize("way", ["amend_contract", "renew_contract"])
def test_what_was_archived_does_not_come_back_beside_another(firm: Firm, db: Db, way: str) -> None:
    """Else two versions could be in force."""
    old = running(firm, db)
    first = created(firm.manager.rpc(way, id=old["id"]))
    change: Row = {"archived_at": "now"}
    created(firm.admin.update("contracts", change, id=f"eq.{first['id']}"))
    second = created(firm.manager.rpc(way, id=old["id"]))
    assert second["id"] != first["id"]
    back = firm.admin.update("contracts", {"archived_at": None}, id=f"eq.{first['id']}")
    assert back.status_code == 409, back.text
    created(firm.manager.rpc("transition_contract", id=second["id"], to_status="cancelled"))
    created(firm.admin.update("contracts", {"archived_at": None}, id=f"eq.{first['id']}"))


def test_a_version_that_somebody_holds_stops_no_other_contract(
    stack: RunningStack, firm: Firm, other_firm: Firm, db: Db
) -> None:
    old = running(firm, db)
    new = created(firm.owner.rpc("amend_contract", id=old["id"]))
    other = running(other_firm, db, "signed")
    db.execute(
        "update contracts set status = 'signed', signed_at = now() where id = %s", [new["id"]]
    )
    with psycopg.connect(stack.superuser_url) as holder:
        holder.execute("select from contracts where id = %s for update", [old["id"]])
        db.execute("set lock_timeout = '1s'")
        db.execute("select private.advance_contracts()")
        db.execute("reset lock_timeout")
    assert now(other_firm, other)["status"] == "active"
    assert [now(firm, row)["status"] for row in (old, new)] == ["active", "signed"]
    db.execute("select private.advance_contracts()")
    assert [now(firm, row)["status"] for row in (old, new)] == ["terminated", "active"]


def test_a_renewal_and_a_new_contract_under_it_do_not_stop_each_other(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    """Both draw a number, and one of them is what the other one falls under."""
    framework = running(firm, db, kind="framework")
    owner, terms = firm.owner, {"parent_id": framework["id"]}
    company = firm.company()["id"]
    answers = race(
        stack.superuser_url,
        "select from private.contract_counters where firm_id = %s for update",
        firm.id,
        lambda: owner.insert(
            "contracts",
            {
                "firm_id": firm.id,
                "title": "Under it",
                "kind": "client_services",
                "company_id": company,
            }
            | terms,
        ),
        lambda: owner.rpc("renew_contract", id=framework["id"]),
        in_turn=True,
    )
    for answer in answers:
        created(answer)
