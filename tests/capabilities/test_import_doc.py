"""docs/import.md: its codes, fields and functions are those there are, its commands are
understood."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from edge_jobs.imports import refused
from tests.jobs.commands import understood
from tests.jobs.runners import ROOT

Database = psycopg.Connection[Any]

TEXT = (ROOT / "docs" / "import.md").read_text()
COMMANDS = re.findall(r"^firmbase .*$", TEXT, re.MULTILINE)


def table(head: str) -> Iterator[list[str]]:
    """The rows of the table that begins with these columns."""
    _, found, rest = TEXT.partition(f"| {head} |\n")
    assert found, f"there is no table {head}"
    for line in rest.partition("\n\n")[0].splitlines()[1:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def codes(head: str) -> list[str]:
    return [code.strip("`") for code, _ in table(head)]


def test_every_code_is_explained() -> None:
    assert codes("code | reason") == sorted(refused.ROWS)
    assert codes("code | the file …") == sorted(refused.FILES)


def test_every_rule_of_the_tables_has_a_code(db: Database) -> None:
    for kind in ("companies", "consultants", "contracts"):
        query = "select distinct code from private.import_rules(%s::regclass)"
        found = {code for (code,) in db.execute(query, [f"public.{kind}"])}
        assert found <= refused.ROWS.keys()


def test_every_field_is_there(db: Database) -> None:
    query = "select field, key from private.import_fields(%s)"
    for kind, keys, fields in table("kind | found by | fields"):
        known = db.execute(query, [kind.strip("`")]).fetchall()
        assert re.findall(r"`(\w+)`", fields) == [field for field, _ in known]
        assert re.findall(r"`(\w+)`", keys) == [field for field, key in known if key]


def test_every_function_is_there(db: Database) -> None:
    named = set(re.findall(r"`(\w+)\(\)`", TEXT))
    found = db.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        " and proname = any (%s)",
        [list(named)],
    )
    assert {name for (name,) in found} == named != set()


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_understood(line: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / shlex.split(line)[2]).touch()
    understood(line)
