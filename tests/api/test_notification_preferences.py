"""How one is told of things is one's own business, in each firm."""

from typing import Any

import psycopg
import pytest

from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]
TABLE = "notification_preferences"


def choose(person: Person, firm: Firm, kind: str = "report_ready", delivery: str = "off") -> None:
    created(person.rpc("set_notification", firm_id=firm.id, kind=kind, delivery=delivery))


def chosen(db: Db, person: Person) -> list[tuple[str, str, str]]:
    query = (
        "select firm_id::text, kind, delivery from notification_preferences where user_id = %s"
        " order by kind"
    )
    return db.execute(query, [person.id]).fetchall()


def test_every_kind_can_be_chosen_and_chosen_again(firm: Firm, db: Db) -> None:
    settings = created(firm.viewer.rpc("notification_settings", firm_id=firm.id))
    assert {row["kind"]: row["delivery"] for row in settings} == dict(
        db.execute("select kind, delivery from private.notification_kinds()").fetchall()
    )
    assert all(row["what"].endswith(".") for row in settings)
    for delivery in ("off", "digest"):
        for row in settings:
            choose(firm.viewer, firm, row["kind"], delivery)
        changed = created(firm.viewer.rpc("notification_settings", firm_id=firm.id))
        assert [row["standard"] for row in changed] == [row["standard"] for row in settings]
        assert {row["delivery"] for row in changed} == {delivery}
    assert len(chosen(db, firm.viewer)) == len(settings)


@pytest.mark.parametrize(
    ("kind", "delivery", "code"),
    [
        ("invitation", "off", "unknown_kind"),
        ("surprise", "now", "unknown_kind"),
        ("report_ready", "daily", "unknown_delivery"),
        ("report_ready", None, "unknown_delivery"),
        ("digest", "now", "unknown_delivery"),
    ],
)
def test_what_makes_no_sense_is_refused(
    shared_firm: Firm, kind: str, delivery: str | None, code: str
) -> None:
    answer = shared_firm.owner.rpc(
        "set_notification", firm_id=shared_firm.id, kind=kind, delivery=delivery
    )
    assert (answer.status_code, answer.json()["details"]) == (400, code)
    row = {"firm_id": shared_firm.id, "kind": kind, "delivery": delivery}
    assert shared_firm.owner.insert(TABLE, row).status_code == 400


def test_attack_04_nobody_chooses_for_others(
    firm: Firm, db: Db, other_firm: Firm, visitor: Caller
) -> None:
    """Not the owner of their firm either, and nobody for a firm they are not in."""
    choose(firm.member, firm)
    mine = chosen(db, firm.member)
    for caller in (firm.owner, firm.admin, other_firm.owner, firm.removed):
        assert created(caller.get(TABLE, user_id=f"eq.{firm.member.id}")) == []
        changed = caller.update(TABLE, {"delivery": "now"}, user_id=f"eq.{firm.member.id}")
        assert created(changed) == []
        for row in ({"user_id": firm.member.id}, {"created_by": firm.member.id}):
            forged = {"firm_id": firm.id, "kind": "digest", "delivery": "off"} | row
            assert caller.insert(TABLE, forged).json()["code"] == "42501"
    for stranger in (other_firm.owner, firm.removed, firm.suspended, firm.portal):
        row = {"firm_id": firm.id, "kind": "digest", "delivery": "off"}
        assert stranger.insert(TABLE, row).json()["code"] == "42501"
        refused = stranger.rpc("set_notification", **row)
        assert refused.status_code in (403, 404)
        assert stranger.rpc("notification_settings", firm_id=firm.id).status_code in (403, 404)
    moved = {"firm_id": other_firm.id}
    assert firm.member.update(TABLE, moved, kind="eq.report_ready").json()["code"] == "42501"
    assert firm.member.delete(TABLE, kind="eq.report_ready").json()["code"] == "42501"
    assert visitor.get(TABLE).status_code == 401
    assert chosen(db, firm.member) == mine == [(firm.id, "report_ready", "off")]


def test_what_was_chosen_goes_with_the_membership(firm: Firm, db: Db) -> None:
    choose(firm.member, firm)
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=firm.member.id))
    assert chosen(db, firm.member) == []


def test_attack_16_no_address_and_no_token_is_kept(firm: Firm, db: Db, visitor: Caller) -> None:
    """Who is left alone is known by a hash, which nobody but the database can make."""
    address = "gone@example.com"
    query = "select private.unsubscribe_token(%s, %s, 'invitation')"
    made = db.execute(query, [address, firm.id]).fetchone()
    assert made
    token: str = made[0]
    created(visitor.rpc("unsubscribe", token=token))
    kept = db.execute(
        "select to_jsonb(s) from private.email_suppressions s where s.firm_id = %s", [firm.id]
    ).fetchone()
    assert kept
    assert address not in str(kept)
    assert token not in str(kept)
    plain = "select 1 from private.email_suppressions where address_hash = sha256(%s::bytea)"
    assert db.execute(plain, [address.encode()]).fetchone() is None


def test_a_colour_is_an_admins_to_choose(firm: Firm) -> None:
    own = {"id": f"eq.{firm.id}"}
    (changed,) = created(firm.admin.update("firms", {"brand_color": "#0b6e4f"}, **own))
    assert changed["brand_color"] == "#0b6e4f"
    assert created(firm.manager.update("firms", {"brand_color": "#ffffff"}, **own)) == []
    for wrong in ("red", "#FFF", "#0B6E4F", '#000000"'):
        refused = firm.admin.update("firms", {"brand_color": wrong}, **own)
        assert refused.json()["code"] == "23514"
    assert created(firm.admin.update("firms", {"brand_color": None}, **own))
