"""Who reads the parts of an export: its firm's owners, while it is ready and has not expired."""

from typing import Any

import psycopg
import pytest

from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]


@pytest.fixture
def part(firm: Firm, db: Db) -> str:
    """The object of a part, as the worker leaves it."""
    id = str(created(firm.owner.rpc("export_firm", firm_id=firm.id)))
    path = f"/storage/v1/object/exports/{firm.id}/{id}/part-001.zip"
    zipped = {"content": b"PK", "headers": {"Content-Type": "application/zip"}}
    created(firm.api.as_service("POST", path, **zipped))
    db.execute(
        "update firm_exports set status = 'ready', parts = '[{}]' where firm_id = %s", [firm.id]
    )
    return path


def reads(caller: Caller, path: str) -> bool:
    return caller.send("GET", path).is_success


def test_attack_42_strangers_and_lower_roles_read_no_part(
    firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller, part: str
) -> None:
    assert reads(firm.owner, part)
    lower = (firm.admin, firm.manager, firm.member, firm.viewer, firm.portal)
    gone = (firm.suspended, firm.removed)
    for caller in (*lower, *gone, other_firm.owner, outsider, visitor):
        assert not reads(caller, part)


def test_an_export_is_read_only_when_it_is_whole_and_in_time(firm: Firm, db: Db, part: str) -> None:
    for change in ("status = 'working'", "status = 'ready', expires_at = now()"):
        db.execute(f"update firm_exports set {change} where firm_id = %s".encode(), [firm.id])
        assert not reads(firm.owner, part)


def test_nobody_writes_a_part(firm: Firm, part: str) -> None:
    zipped = {"content": b"PK!", "headers": {"Content-Type": "application/zip"}}
    assert firm.owner.send("PUT", part, **zipped).is_error
    assert firm.owner.send("POST", part.replace("part-001", "part-002"), **zipped).is_error
    firm.owner.send("DELETE", part)
    assert reads(firm.owner, part)
