"""The buckets: what the migrations make of them, what a project has, and how it gets there."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from storage3 import SyncStorageClient

from cli.schema.build import SQL, sql_files

INSERT = re.compile(
    r"^insert into storage\.buckets \((?P<columns>[^)]+)\)\s*(?P<values>values\s*\(.+?\n?\))"
    r"\s*on conflict",
    re.MULTILINE | re.DOTALL,
)
FIELDS = ("public", "file_size_limit", "allowed_mime_types")
Value = bool | int | list[str] | None


@dataclass(frozen=True)
class Difference:
    """A field of a bucket. `weakens`: what the migrations say admits more than what is there."""

    bucket: str
    field: str
    ours: Value
    theirs: Value

    @property
    def name(self) -> str:
        return f"{self.bucket}.{self.field}"

    @property
    def weakens(self) -> bool:
        if isinstance(self.ours, bool):
            return self.ours
        if self.theirs is None:
            return False
        if isinstance(self.ours, list) and isinstance(self.theirs, list):
            return not set(self.ours) <= set(self.theirs)
        return self.ours is None or (
            isinstance(self.ours, int) and isinstance(self.theirs, int) and self.ours > self.theirs
        )


@dataclass(frozen=True)
class Comparison:
    """`missing`: ours that are not there. `open`: public ones that are none of ours."""

    wanted: dict[str, dict[str, Value]]
    missing: list[str]
    differences: list[Difference]
    open: list[str]


def wanted(connection: psycopg.Connection[Any], folder: Path = SQL) -> dict[str, dict[str, Value]]:
    """What sql/ inserts. PostgreSQL reads the values, so that they are written in one place."""
    buckets: dict[str, dict[str, Value]] = {}
    for file in sql_files(folder):
        for insert in INSERT.finditer(file.read_text()):
            query = (
                f"select id, {', '.join(FIELDS)} from ({insert['values']})"  # noqa: S608
                f" as b({insert['columns']})"
            )
            for id, *fields in connection.execute(query.encode()):
                buckets[id] = dict(zip(FIELDS, map(plain, fields), strict=True))
    return buckets


def compare(storage: SyncStorageClient, connection: psycopg.Connection[Any]) -> Comparison:
    ours = wanted(connection)
    theirs = {
        bucket.id: {field: plain(getattr(bucket, field)) for field in FIELDS}
        for bucket in storage.list_buckets()
    }
    differences = [
        Difference(id, field, fields[field], theirs[id][field])
        for id, fields in ours.items()
        if id in theirs
        for field in FIELDS
        if fields[field] != theirs[id][field]
    ]
    return Comparison(
        wanted=ours,
        missing=sorted(ours.keys() - theirs.keys()),
        differences=differences,
        open=sorted(id for id in theirs.keys() - ours.keys() if theirs[id]["public"]),
    )


def mend(connection: psycopg.Connection[Any], found: Comparison, weaken: set[str]) -> list[str]:
    """Makes what is missing and changes what differs; what would be weaker stays, unless it is
    named. Returns the names of what was changed.

    By SQL, as the migrations do it: the Storage API refuses a limit above that of the project.
    """
    changed = [each for each in found.differences if not each.weakens or each.name in weaken]
    for each in changed:
        update = sql.SQL("update storage.buckets set {} = %s where id = %s")
        connection.execute(update.format(sql.Identifier(each.field)), [each.ours, each.bucket])
    columns = sql.SQL(", ").join(map(sql.Identifier, ("id", "name", *FIELDS)))
    # Another push may have made it meanwhile.
    insert = sql.SQL(
        "insert into storage.buckets ({}) values (%s, %s, %s, %s, %s) on conflict (id) do nothing"
    ).format(columns)
    for id in found.missing:
        connection.execute(insert, [id, id, *(found.wanted[id][field] for field in FIELDS)])
    return [*found.missing, *(each.name for each in changed)]


def plain(value: Any) -> Value:
    return sorted(value) if isinstance(value, list) else value
