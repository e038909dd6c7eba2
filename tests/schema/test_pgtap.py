"""Runs supabase/tests, which `supabase test db` runs where there is Docker."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from cli.local.config import ROOT
from cli.schema.build import database_of, scratch, with_database
from tests.conftest import RunningStack

FILES = sorted((ROOT / "supabase" / "tests").glob("*.sql"))


@pytest.fixture(scope="module")
def database(stack: RunningStack, server: str, declared: str) -> Iterator[str]:
    """A copy of the schema's database with pgTAP."""
    with scratch(server, template=database_of(declared)) as url:
        with psycopg.connect(with_database(stack.superuser_url, database_of(url))) as connection:
            connection.execute("create extension pgtap with schema extensions")
        yield url


def tap(url: str, text: str) -> list[str]:
    """What a script prints: every column of every row of every statement."""
    lines: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.pgconn.send_query(text.encode())
        while result := connection.pgconn.get_result():
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
            for row in range(result.ntuples):
                value = result.get_value(row, 0) or b""
                lines += value.decode().splitlines()
    return lines


def check(lines: list[str]) -> None:
    """Fails unless as many tests ran as were planned and each is ok."""
    plans = [line for line in lines if re.fullmatch(r"1\.\.\d+", line)]
    results = [line for line in lines if re.match(r"(not )?ok \d+", line)]
    bad = [line for line in lines if line.startswith(("not ok", "#"))]
    assert not bad, "\n" + "\n".join(bad)
    assert plans == [f"1..{len(results)}"], f"planned {plans}, ran {len(results)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_pgtap(database: str, file: Path) -> None:
    check(tap(database, file.read_text()))


@pytest.mark.parametrize(
    "script",
    [
        "begin; select plan(1); select ok(false, 'wrong'); select * from finish(); rollback;",
        "begin; select plan(2); select ok(true); select * from finish(); rollback;",
        "select 1;",
    ],
    ids=["a failed test", "a test too few", "no test at all"],
)
def test_the_runner_sees_a_failure(database: str, script: str) -> None:
    with pytest.raises(AssertionError):
        check(tap(database, script))


def test_a_right_nobody_decided_on_is_found(database: str) -> None:
    script = (ROOT / "supabase" / "tests" / "privileges.test.sql").read_text()
    granting = script.replace("begin;", "begin; grant truncate on public.firms to anon;", 1)
    lines = tap(database, granting)
    assert [line for line in lines if line.startswith("not ok 1 ")]
    assert any("(public.firms,anon,truncate)" in line for line in lines)
