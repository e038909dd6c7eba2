"""News for people of a firm, and the mails they become."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import psycopg

from tests.people import Firm, Person, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]
REPORT = '{"report": "Contract portfolio", "format": "PDF", "kept_until": "2026-12-16"}'


def tell(
    db: Database, firm: Firm, person: Person, title: str = "Ready", kind: str = "report_ready"
) -> None:
    db.execute(
        "select private.notify(%s, %s, gen_random_uuid()::text, %s, 'Now', '/reports/1', "
        "p_user_ids => array[%s::uuid], p_email => %s)",
        [firm.id, kind, title, person.id, REPORT],
    )


def choose(person: Person, firm: Firm, delivery: str, kind: str = "report_ready") -> None:
    created(person.rpc("set_notification", firm_id=firm.id, kind=kind, delivery=delivery))


def mails(db: Database, address: str, event: str | None = None) -> list[dict[str, Any]]:
    cursor = db.execute(
        "select id::text, event, subject, params, status, error, attempts from emails"
        " where to_address = %s and event = coalesce(%s, event) order by created_at",
        [address, event],
    )
    assert cursor.description
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def make_digests(db: Database, at: datetime) -> None:
    """As the clock does, at a time of the test's choice."""
    db.execute("select private.send_digests(%s)", [at])


def service(firm: Firm, function: str, **arguments: Any) -> httpx.Response:
    return firm.api.as_service("POST", f"/rest/v1/rpc/{function}", json=arguments)
