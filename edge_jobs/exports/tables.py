"""Which tables an export holds. A test compares the list with the database.

Rows come page by page along the key, so that a table of any size fits into little memory.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import httpx

Row = dict[str, Any]

PAGE = 1000


class Table(NamedTuple):
    key: str = "id"
    firm: str = "firm_id"
    select: str = "*"
    page: int = PAGE


TABLES = {
    "firms": Table(firm="id"),
    # Who the people of the firm are, as they see each other.
    "profiles": Table(
        firm="firm_members.firm_id",
        select="id,full_name,email,firm_members!firm_members_user_id_fkey!inner()",
    ),
    "firm_members": Table(key="user_id"),
    "invitations": Table(),
    "companies": Table(),
    "contacts": Table(),
    "consultants": Table(),
    "consultant_private": Table(key="consultant_id"),
    "contracts": Table(),
    "contract_consultants": Table(),
    "contract_signers": Table(),
    "contract_events": Table(),
    # Each may carry two megabytes of text.
    "files": Table(page=25),
    "file_accesses": Table(),
    "file_releases": Table(),
    "notes": Table(),
    "tags": Table(),
    "taggings": Table(),
    "saved_views": Table(),
    "reports": Table(),
    "merge_log": Table(),
    "erasures": Table(),
    "audit_log": Table(),
}
EXCLUDED = {
    "emails": "What our mail server was given; until sent, a link in it is a key.",
    "notifications": "What single people were told; not even owners read it.",
    "imports": "Files that were read in; what came of them is in the other tables.",
    "notification_preferences": "Which mails single people want; not even owners read it.",
    "firm_exports": "The list of such exports themselves.",
}


def rows(http: httpx.Client, name: str, firm_id: str) -> Iterator[Row]:
    """All rows of the firm, along the key. What is added meanwhile may be among them, or not."""
    yield from pages(http, name, TABLES[name], firm_id)


def pages(http: httpx.Client, name: str, table: Table, firm_id: str) -> Iterator[Row]:
    last: str | None = None
    while True:
        # Pairs, so that no filter takes the place of the firm's: its key may have the same name.
        query = [
            ("select", table.select),
            (table.firm, f"eq.{firm_id}"),
            ("order", table.key),
            ("limit", str(table.page)),
        ]
        if last is not None:
            query.append((table.key, f"gt.{last}"))
        answer = http.get(f"/{name}", params=tuple(query)).raise_for_status()
        # Not as floats: an amount keeps its two decimals.
        found: list[Row] = json.loads(answer.content, parse_float=Decimal)
        yield from found
        # Not by its length: a project may be set to give fewer rows than were asked for.
        if not found:
            return
        last = found[-1][table.key]


def count(http: httpx.Client, name: str, firm_id: str) -> int:
    answer = http.head(
        f"/{name}", params={"firm_id": f"eq.{firm_id}"}, headers={"Prefer": "count=exact"}
    )
    return int(answer.raise_for_status().headers["content-range"].split("/")[1])
