"""Contracts that end soon: who hears of it, when, and in what words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.capabilities.conftest import Mailbox, notifications
from tests.people import Firm, created, today

Drain = Callable[..., str]
Database = psycopg.Connection[Any]


def active(firm: Firm, db: Database, ends_on: date, **values: Any) -> str:
    """A running contract, as it is long after its signing; returns its id."""
    id = firm.contract(ends_on=str(ends_on), starts_on="2020-01-01", **values)["id"]
    db.execute(
        "update public.contracts set status = 'active', signed_at = now() where id = %s", [id]
    )
    return str(id)


def climb(db: Database, id: str, today: date) -> int | None:
    """The rung announced on a day, None when there was none."""
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    before = rungs(db, id)
    db.execute("select private.enqueue_contract_reminders(%s)", [noon])
    new = [rung for rung in rungs(db, id) if rung not in before]
    assert len(new) <= 1
    return new[0] if new else None


def rungs(db: Database, id: str) -> list[int]:
    found = db.execute(
        "select days from private.contract_reminders where contract_id = %s order by days desc",
        [id],
    )
    return [days for (days,) in found]


def test_manager_and_author_hear_of_it_in_the_app_and_by_mail(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    author = firm.member
    people = (firm.owner, firm.manager, author)
    firm.viewer  # noqa: B018 - in the firm, but no business of theirs
    company = firm.company(name="Nordwind & Söhne")
    id = active(
        firm,
        db,
        today() + timedelta(days=14),
        title="Pricing <strategy>",
        company_id=company["id"],
        by=author,
    )
    db.execute("select private.enqueue_contract_reminders()")
    drain()
    for person in people:
        (told,) = notifications(person, "contract_ending")
        assert told["title"] == "Pricing <strategy> ends in 14 days"
        assert told["link"] == f"/contracts/{id}"
        assert "with Nordwind & Söhne ends on" in told["body"]
        mail = mailbox.expect(person.email, "ends in 14 days")
        assert "Nordwind & Söhne" in mail["text"]
        assert "Nordwind &amp; Söhne" in mail["html"]
        assert "<strategy>" not in mail["html"]
        assert f"/contracts/{id}" in mail["html"]
    assert notifications(firm.viewer, "contract_ending") == []
    assert mailbox.of(firm.viewer.email, "ends") == []


def test_however_often_it_runs_nobody_hears_it_twice(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    id = active(firm, db, today() + timedelta(days=7))
    for _ in range(3):
        db.execute("select private.enqueue_contract_reminders()")
    drain()
    # A job that runs again after its effect.
    db.execute(
        "select private.enqueue('contract.remind', jsonb_build_object("
        "'contract_id', %s::uuid, 'event', 'ends', 'target_date', %s::date, 'days', 7))",
        [id, today() + timedelta(days=7)],
    )
    drain()
    assert len(notifications(firm.owner, "contract_ending")) == 1
    mailbox.expect(firm.owner.email, "ends in 7 days")


def test_the_ladder(firm: Firm, db: Database) -> None:
    ends_on = date(2033, 6, 30)
    id = active(firm, db, ends_on)
    announced = {
        left: rung
        for left in range(70, -3, -1)
        if (rung := climb(db, id, ends_on - timedelta(days=left))) is not None
    }
    assert announced == {60: 60, 30: 30, 14: 14, 7: 7, 1: 1}


def test_after_an_outage_only_the_nearest_rung_is_announced(firm: Firm, db: Database) -> None:
    ends_on = date(2034, 6, 30)
    id = active(firm, db, ends_on)
    assert climb(db, id, ends_on - timedelta(days=60)) == 60
    assert climb(db, id, ends_on - timedelta(days=9)) == 14
    assert climb(db, id, ends_on - timedelta(days=8)) is None
    assert rungs(db, id) == [60, 14]


def test_the_day_is_the_firms_own(firm: Firm, db: Database) -> None:
    db.execute("update public.firms set timezone = 'Pacific/Auckland' where id = %s", [firm.id])
    id = active(firm, db, date(2035, 7, 31))
    # In Auckland it is the first of June already: sixty days left.
    db.execute("select private.enqueue_contract_reminders('2035-05-31 11:59Z')")
    assert rungs(db, id) == []
    db.execute("select private.enqueue_contract_reminders('2035-05-31 12:01Z')")
    assert rungs(db, id) == [60]


@pytest.mark.parametrize(
    "change",
    [
        "status = 'terminated', terminated_at = now(), reason = 'Budget cut'",
        "ends_on = ends_on + 100",
        "archived_at = now()",
    ],
)
def test_facts_are_checked_again_when_the_job_runs(
    firm: Firm, db: Database, drain: Drain, change: str
) -> None:
    id = active(firm, db, today() + timedelta(days=30))
    db.execute("select private.enqueue_contract_reminders()")
    with db.transaction():
        # The terms are frozen for people; here the world changes between two transactions.
        db.execute("set local session_replication_role = replica")
        db.execute(f"update public.contracts set {change} where id = %s", [id])
    drain()
    assert notifications(firm.owner, "contract_ending") == []


def test_only_active_members_of_an_active_firm_hear_of_it(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    manager = firm.manager
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=manager.id))
    active(firm, db, today() + timedelta(days=1))
    db.execute("select private.enqueue_contract_reminders()")
    drain()
    assert len(notifications(firm.owner, "contract_ending")) == 1
    assert mailbox.of(manager.email, "ends") == []


def test_nobody_but_the_worker_reminds(firm: Firm, db: Database) -> None:
    id = active(firm, db, today() + timedelta(days=30))
    answer = firm.owner.rpc(
        "remind_contract", contract_id=id, event="ends", target_date=str(today()), days=30
    )
    assert answer.json()["code"] == "42501"


def test_a_contract_that_renews_itself_is_announced_in_time(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    """Before its last day to cancel; its own last day is none."""
    ends_on = today() + timedelta(days=44)
    terms = {"auto_renew": True, "renewal_months": 12, "notice_days": 30}
    id = active(firm, db, ends_on, title="Hosting", **terms)
    for _ in range(2):
        db.execute("select private.enqueue_contract_reminders()")
    assert rungs(db, id) == [14]
    drain()
    (told,) = notifications(firm.owner, "contract_renewing")
    assert told["title"] == "Hosting: last day to cancel in 14 days"
    mail = mailbox.expect(firm.owner.email, "last day to cancel in 14 days")
    assert "another 12 months" in mail["text"]
    assert notifications(firm.owner, "contract_ending") == []


def test_who_gave_notice_needs_no_reminder(firm: Firm, db: Database, drain: Drain) -> None:
    id = active(firm, db, today() + timedelta(days=30))
    db.execute("select private.enqueue_contract_reminders()")
    notice = {"id": id, "reason": "Budget", "last_day": str(today() + timedelta(days=29))}
    created(firm.owner.rpc("terminate_contract", **notice))
    drain()
    db.execute("select private.enqueue_contract_reminders()")
    assert notifications(firm.owner, "contract_ending") == []
    assert rungs(db, id) == [30]
