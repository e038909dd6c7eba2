"""Imports as the tests need them: begun, uploaded, started, run."""

from typing import Any

import httpx

from tests.people import Caller, Firm, Person, created

Import = dict[str, Any]

MIMES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COMPANIES = b"Company name,External ID\nHarbour Foods,H-1\n"


def begin(person: Caller, firm: Firm, content: bytes = COMPANIES, **values: Any) -> httpx.Response:
    intent = {"kind": "companies", "name": "companies.csv", "size_bytes": len(content)} | values
    return person.rpc("begin_import", firm_id=firm.id, **intent)


def send(person: Caller, path: str, content: bytes = COMPANIES) -> httpx.Response:
    return person.send(
        "POST",
        f"/storage/v1/object/imports/{path}",
        content=content,
        headers={"Content-Type": MIMES[path.rpartition(".")[2]]},
    )


def upload(person: Person, firm: Firm, content: bytes = COMPANIES, **values: Any) -> Import:
    """An import whose file has arrived, not started yet."""
    row: Import = created(begin(person, firm, content, **values))
    created(send(person, row["path"], content))
    return row


def start(person: Caller, row: Import, dry_run: bool, **values: Any) -> httpx.Response:
    return person.rpc("start_import", import_id=row["id"], dry_run=dry_run, **values)


def look(person: Person, row: Import) -> Import:
    (found,) = created(person.get("imports", id=f"eq.{row['id']}"))
    return dict(found)


def errors(person: Caller, path: str) -> httpx.Response:
    return person.send("GET", f"/storage/v1/object/imports/{path}")
