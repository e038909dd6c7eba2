"""A person to be forgotten, and the erasure of one."""

import secrets
from typing import Any

import httpx
import psycopg

from tests.api.world import asked
from tests.people import Caller, Firm, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]

NOTE = "The person themselves, by letter of 3 May"


class Who:
    """Somebody whose name, address and number nobody else in the database has."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(6)
        digits = str(secrets.randbelow(10**9)).zfill(9)
        self.name = f"Tamsin O{self.token}-Brandt"
        self.email = f"tamsin.o{self.token}@brandt.example"
        self.phone = f"+49 171 {digits}"
        self.pattern = f"{self.token}|{digits}"

    def consultant(self, firm: Firm, **values: Any) -> Row:
        return firm.consultant(name=self.name, email=self.email, phone=self.phone, **values)

    def found(self, db: Db) -> dict[str, set[str]]:
        """Column to the values that name the person, in every table of three schemas."""
        places: dict[str, set[str]] = {}
        columns = db.execute(
            "select n.nspname, c.relname, a.attname from pg_attribute a"
            " join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname in ('public', 'private', 'storage') and a.attnum > 0"
            " and not a.attisdropped and format_type(a.atttypid, null) in"
            " ('text', 'jsonb', 'json', 'tsvector', 'text[]', 'jsonb[]', 'character varying')"
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            values = db.execute(
                f'select "{column}"::text from {schema}."{table}"'
                f' where "{column}"::text ~* %s'.encode(),
                [self.pattern],
            ).fetchall()
            if values:
                places[f"{table}.{column}"] = {value for (value,) in values}
        return places


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def erase(firm: Firm, consultant: Row, note: str = NOTE) -> Row:
    erasure: Row = created(firm.admin.rpc("erase_consultant", id=consultant["id"], note=note))
    return erasure


def uploaded(firm: Firm, who: Who, **values: Any) -> Row:
    document = {"name": f"CV {who.name}.txt", "size_bytes": 9, "mime": "text/plain"}
    file: Row = created(firm.owner.rpc("begin_upload", firm_id=firm.id, **document, **values))
    created(firm.owner.upload(file["path"], b"Something", "text/plain"))
    created(firm.owner.rpc("finish_upload", file_id=file["id"]))
    return file


def removed_by_the_worker(firm: Firm, db: Db) -> None:
    """What the job objects.remove does, when nothing can arrive any more."""
    paths = db.execute(
        "select bucket, path from private.doomed_objects where path like %s", [f"{firm.id}/%"]
    ).fetchall()
    for bucket, path in paths:
        firm.api.as_service("DELETE", f"/storage/v1/object/{bucket}", json={"prefixes": [path]})
    db.execute("update private.doomed_objects set due_at = now(), open_until = null")
    for bucket, path in paths:
        db.execute("select private.forget_objects(%s, %s)", [bucket, [path]])


def signed(firm: Firm, db: Db, who: Who, consultant: Row, ends_on: str) -> Row:
    """A contract with the consultant that both sides signed and that is over."""
    signers = asked(
        firm,
        db,
        who.email,
        "boss@firm.example",
        kind="consultant",
        consultant_id=consultant["id"],
        company_id=None,
        starts_on="2001-01-01",
        ends_on=ends_on,
    )
    visitor = Caller(firm.api)
    created(visitor.rpc("sign_contract", token=signers[0]["token"], name=who.name))
    link = db.execute(
        "select params ->> 'link' from emails where dedupe_key like %s",
        [f"signing_request:{signers[1]['id']}:%"],
    ).fetchone()
    assert link
    token = link[0].partition("#token=")[2]
    created(visitor.rpc("sign_contract", token=token, name="The boss"))
    contract_id = signers[0]["contract_id"]
    db.execute("update contracts set status = 'expired' where id = %s", [contract_id])
    return {"id": contract_id, "signers": [signer["id"] for signer in signers]}
