"""On hosted the API refuses UPDATE and DELETE without WHERE (21000), inside functions too.

The extension that does so is not available locally, so the bodies are read instead.
"""

import itertools
import re

import psycopg
import pytest

CHANGE = re.compile(r"\b(?:update|delete\s+from)\s+(?:only\s+)?\w+\.\w+", re.IGNORECASE)
HIDDEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def without_where(body: str) -> list[str]:
    """The changes in a function's body that no WHERE follows within their statement."""
    text = HIDDEN.sub(" ", body)
    found = []
    for statement in text.split(";"):
        starts = [change.start() for change in CHANGE.finditer(statement)]
        for start, end in itertools.pairwise([*starts, len(statement)]):
            change = statement[start:end]
            if not re.search(r"\bwhere\b", change, re.IGNORECASE):
                found.append(change.strip())
    return found


def test_no_function_changes_a_whole_table(declared: str) -> None:
    with psycopg.connect(declared) as connection:
        bodies = connection.execute(
            "select oid::regprocedure::text, coalesce(pg_get_function_sqlbody(oid), prosrc)"
            " from pg_proc"
            " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
        ).fetchall()
    assert len(bodies) > 50
    assert {name: bad for name, body in bodies if (bad := without_where(body))} == {}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "update public.firms set name = 'where'; select 1 where true;",
            ["update public.firms set name ="],
        ),
        ("delete from private.jobs -- where\n;", ["delete from private.jobs"]),
        (
            "with a as (update public.a set b = 1 returning b) update public.c set d = 1 where e;",
            ["update public.a set b = 1 returning b)"],
        ),
        ("update public.firms f set name = 'x' where f.id = 1", []),
        (
            "select from public.firms for update; insert into a.b on conflict do update set c = 1",
            [],
        ),
    ],
)
def test_the_reader_of_bodies(body: str, found: list[str]) -> None:
    assert without_where(body) == found
