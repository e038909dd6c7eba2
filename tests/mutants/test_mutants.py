"""The hunt itself: every mutation changes something and can be undone, and survivors are told."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cli.local.config import ROOT
from cli.schema.build import build_from_sql, database_of, scratch, with_database
from tests.conftest import RunningStack
from tests.mutants.__main__ import exit_code, summary
from tests.mutants.hunt import Broken, Hunt, Verdict, spread
from tests.mutants.mutations import Mutation, mutations, state

Db = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def copy(stack: RunningStack) -> Iterator[Db]:
    """The schema once more, as the superuser, for mutations without any test."""
    with scratch(stack.db_url) as url:
        build_from_sql(url)
        copy = with_database(stack.superuser_url, database_of(url))
        with psycopg.connect(copy, autocommit=True) as db:
            db.execute("set search_path = ''")
            yield db


def test_there_are_mutations_of_every_kind(copy: Db) -> None:
    kinds = Counter(each.kind for each in mutations(copy))
    assert kinds.keys() == {
        "policy dropped",
        "policy opened",
        "row security off",
        "composite key made simple",
        "table right",
        "column right",
        "function right",
    }
    assert min(kinds.values()) >= 8


def test_each_mutation_changes_the_database_and_is_undone(stack: RunningStack, copy: Db) -> None:
    hunt = Hunt(stack.config, copy)
    everything = state(copy)
    for mutation in spread(mutations(copy), 24):
        with hunt.mutated(mutation):
            assert state(copy) != everything, mutation.name
        assert state(copy) == everything, mutation.name


def test_what_cannot_be_undone_ends_the_hunt(stack: RunningStack, copy: Db) -> None:
    grant = "grant truncate on public.firms to anon"
    mutation = Mutation("table right", "for good", "firms", grant, "select 1")
    with pytest.raises(Broken, match="for good"), Hunt(stack.config, copy).mutated(mutation):
        pass
    copy.execute("revoke truncate on public.firms from anon")


def test_a_sample_is_spread_over_all_kinds(copy: Db) -> None:
    every = mutations(copy)
    assert spread(every, None) == every
    sample = spread(every, 40)
    assert len(set(sample)) == 40
    assert len({each.kind for each in sample}) >= 5


def test_survivors_are_told_and_count() -> None:
    caught, survived = (
        Verdict(Mutation("table right", name, "firms", "", ""), suite, test, 1.0)
        for name, suite, test in (("one", "the API", "test_a"), ("two", None, None))
    )
    assert summary([caught, survived]).endswith("1 of 2 caught.\nSURVIVED: table right: two")
    assert (exit_code([caught, survived]), exit_code([caught])) == (1, 0)


def test_a_sample_is_caught() -> None:
    """The whole way, on a stack of its own: `make mutants ARGS="--sample 2"`."""
    command = [sys.executable, "-m", "tests.mutants", "--sample", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 caught." in done.stdout
