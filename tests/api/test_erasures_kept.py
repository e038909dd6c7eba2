"""What law keeps of people who asked to be forgotten, and until when."""

import json

import pytest

from tests.api.erasures import NOTE, Db, Who, erase, refused, signed
from tests.people import Firm, created


def test_law_keeps_the_name_of_a_party_for_ten_years(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(firm)
    contract = signed(firm, db, who, consultant, "2024-06-30")
    db.execute("delete from emails where firm_id = %s and status <> 'queued'", [firm.id])
    erasure = erase(firm, consultant)
    places = {(kept["table"], tuple(kept["columns"])) for kept in erasure["kept"]}
    assert places == {
        ("consultants", ("name",)),
        ("contract_signers", ("name", "signed_name", "signed_terms")),
        ("contract_signers", ("signed_terms",)),
    }
    assert {kept["until"] for kept in erasure["kept"]} == {"2034-12-31"}
    assert {kept["id"] for kept in erasure["kept"]} == {consultant["id"], *contract["signers"]}
    assert all(kept["why"] for kept in erasure["kept"])
    assert set(who.found(db)) == {
        "consultants.name",
        "contract_signers.signed_name",
        "contract_signers.signed_terms",
    }
    assert who.name not in json.dumps(erasure)

    # Its time is over: the clock takes the rest away.
    db.execute("set session_replication_role = replica")
    db.execute("update contracts set ends_on = '2012-06-30' where id = %s", [contract["id"]])
    db.execute("set session_replication_role = origin")
    db.execute("update erasures set look_again_on = current_date where id = %s", [erasure["id"]])
    db.execute("delete from private.retention_clock")
    db.execute("select private.apply_retention()")
    assert who.found(db) == {}
    (after,) = created(firm.owner.get("erasures", id=f"eq.{erasure['id']}"))
    assert (after["kept"], after["look_again_on"]) == ([], None)
    assert after["released_on"]


def test_what_law_keeps_no_longer_goes_at_once(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(firm)
    signed(firm, db, who, consultant, "2012-06-30")
    erasure = erase(firm, consultant)
    assert (erasure["kept"], erasure["look_again_on"]) == ([], None)
    assert who.found(db) == {}


@pytest.mark.parametrize(
    ("zone", "until"), [("Europe/Berlin", "2035-12-31"), ("UTC", "2034-12-31")]
)
def test_ten_years_begin_with_the_year_of_the_firm(
    firm: Firm, who: Who, db: Db, zone: str, until: str
) -> None:
    """Ended in the night of New Year: where the firm is, the next year has begun."""
    consultant = who.consultant(firm)
    contract = signed(firm, db, who, consultant, "2025-06-30")
    db.execute("update firms set timezone = %s where id = %s", [zone, firm.id])
    db.execute(
        "update contracts set status = 'terminated', reason = 'Over',"
        " terminated_at = '2024-12-31 23:30+00' where id = %s",
        [contract["id"]],
    )
    erasure = erase(firm, consultant)
    assert {kept["until"] for kept in erasure["kept"]} == {until}


def test_what_is_still_due_stays_when_the_clock_looks(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(firm)
    signed(firm, db, who, consultant, "2024-06-30")
    erasure = erase(firm, consultant)
    db.execute("update erasures set look_again_on = current_date where id = %s", [erasure["id"]])
    assert db.execute("select private.release_erasures(10)").fetchone() == (1,)
    (after,) = created(firm.owner.get("erasures", id=f"eq.{erasure['id']}"))
    assert after["kept"] == erasure["kept"]
    assert (
        created(firm.owner.get("consultants", id=f"eq.{consultant['id']}"))[0]["name"] == who.name
    )


@pytest.mark.parametrize("status", ["signed", "active"])
@pytest.mark.parametrize("as_party", [True, False])
def test_nobody_is_erased_who_is_still_engaged(
    firm: Firm, who: Who, db: Db, status: str, as_party: bool
) -> None:
    consultant = who.consultant(firm)
    if as_party:
        contract = firm.contract(kind="consultant", consultant_id=consultant["id"])
    else:
        contract = firm.contract()
        plan = {"contract_id": contract["id"], "consultant_id": consultant["id"]}
        firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,2026-03-31]"})
    db.execute(
        "update contracts set status = %s, signed_at = now() where id = %s",
        [status, contract["id"]],
    )
    ask = {"id": consultant["id"], "note": NOTE}
    refused(firm.admin.rpc("erase_consultant", **ask), 409, "still_engaged")
    db.execute(
        "update contracts set status = 'terminated', terminated_at = now(), reason = 'x'"
        " where id = %s",
        [contract["id"]],
    )
    kept = erase(firm, consultant)["kept"]
    assert bool(kept) is as_party
