"""docs/files.md: its codes, states, kinds and functions are those there are, its commands are
understood."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from edge_jobs.files import reasons
from tests.cli.test_help import ALL
from tests.jobs.commands import understood
from tests.jobs.runners import ROOT

Database = psycopg.Connection[Any]

TEXT = (ROOT / "docs" / "files.md").read_text()
COMMANDS = re.findall(r"^firmbase .*$", TEXT, re.MULTILINE)


def table(head: str) -> Iterator[list[str]]:
    """The rows of the table that begins with these columns."""
    _, found, rest = TEXT.partition(f"| {head} |\n")
    assert found, f"there is no table {head}"
    for line in rest.partition("\n\n")[0].splitlines()[1:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_every_code_has_its_sentence() -> None:
    told = {code.strip("`"): words for code, words in table("code | “Offer.pdf” …")}
    assert list(told) == sorted(told)
    for code in reasons._SENTENCES:
        assert reasons.sentence(code, "Offer.pdf") == f"“Offer.pdf” {told.get(code)}"


def test_every_state_is_there(db: Database) -> None:
    query = "select pg_get_constraintdef(oid) from pg_constraint where conname = %s"
    (check,) = db.execute(query, ["files_status_known"]).fetchone() or ("",)
    states = [row[0].strip("`") for row in table("state | means | who opens it")]
    assert states == re.findall(r"'(\w+)'", check)


def test_every_function_is_there(db: Database) -> None:
    named = set(re.findall(r"`(\w+)\(\)`", TEXT))
    found = db.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        " and proname = any (%s)",
        [list(named)],
    )
    assert {name for (name,) in found} == named != set()


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_understood(line: str) -> None:
    understood(line)


def test_every_command_on_files_is_there() -> None:
    for name in ALL:
        if name.startswith("files "):
            assert re.search(rf"firmbase {name}\b", TEXT), name
