"""Puts one fault after the other into a stack and asks the tests whether they notice."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import psycopg
import pytest
import supabase  # noqa: F401 - loaded once here, not in each process that runs tests

from cli.local.config import Config
from tests.mutants.mutations import Mutation, state

CATALOG = (
    "tests/api/test_catalog.py",
    "tests/api/test_mutant_gaps.py",
    "tests/mutants/test_stack_catalog.py",
)
SUITES = {
    "the API": ("tests/api", *(f"--ignore={file}" for file in CATALOG)),
    "the catalog": CATALOG,
}
# What a right alone would open, a policy usually keeps closed, and most of what an opened policy
# admits, a right refuses: there the catalog is asked first.
CATALOG_FIRST = ("table right", "column right", "function right", "policy opened")
BEHIND_THE_API = ("private.", "pgmq.")


class Broken(Exception):
    """The tests do not run, or a mutation left something behind: nothing can be concluded."""


@dataclass(eq=False)  # pytest keeps its plugins in sets
class Focus:
    """A pytest plugin: of the tests with a table or a function as parameter, those about one.

    Those of `first` come first, then the ones about it. `failed` is the first test that failed.
    """

    about: str | None = None
    first: frozenset[str] = frozenset()
    failed: str | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.about:
            items[:] = [
                item for item in items if not subjects(item) or self.about in subjects(item)
            ]
            items.sort(key=lambda item: (item.nodeid not in self.first, not subjects(item)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def subjects(item: pytest.Item) -> list[str]:
    """The table or function that is a parameter of the test."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return [parameters[name] for name in ("table", "function") if name in parameters]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation: the suite and the test that caught it, or None."""

    mutation: Mutation
    suite: str | None
    test: str | None
    seconds: float


class Hunt:
    """Mutates the database of one stack, on which nothing else may run."""

    def __init__(self, config: Config, db: psycopg.Connection[Any]) -> None:
        self.config = config
        self.db = db
        self.log = config.directory / "logs" / "mutants.log"
        self.sound: frozenset[str] = frozenset()  # caught something, and pass without it

    def said(self) -> str:
        return self.log.read_text()[-2000:]

    def verdicts(self, mutations: Iterable[Mutation]) -> Iterator[Verdict]:
        for mutation in mutations:
            begun = time.monotonic()
            with self.mutated(mutation):
                suite, test = self.catch(mutation)
            if test and test not in self.sound:
                if self.first_failure((test,), Focus()):
                    raise Broken(f"{test} fails without any mutation too:\n{self.said()}")
                self.sound |= {test}
            yield Verdict(mutation, suite, test, time.monotonic() - begun)

    @contextlib.contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        before = state(self.db)
        self.db.execute(mutation.apply.encode())
        try:
            yield
        finally:
            self.db.execute(mutation.revert.encode())
        if left := before ^ state(self.db):
            raise Broken(f"{mutation.name} could not be undone: {sorted(left)}")

    def catch(self, mutation: Mutation) -> tuple[str | None, str | None]:
        hidden = mutation.kind in CATALOG_FIRST or any(
            name in mutation.name for name in BEHIND_THE_API
        )
        for suite in reversed(SUITES) if hidden else SUITES:
            if failed := self.first_failure(SUITES[suite], Focus(mutation.about, self.sound)):
                return suite, failed
        return None, None

    def first_failure(self, arguments: tuple[str, ...], focus: Focus) -> str | None:
        """Runs tests in a process of their own, which starts with everything loaded."""
        fork = multiprocessing.get_context("fork")
        ours, theirs = fork.Pipe()
        process = fork.Process(target=self.run_tests, args=(arguments, focus, theirs))
        process.start()
        theirs.close()
        try:
            code, failed = ours.recv()
        except EOFError:
            code, failed = None, None
        process.join()
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise Broken(f"The tests do not run ({code}):\n{self.said()}")
        return str(failed) if code == pytest.ExitCode.TESTS_FAILED else None

    def run_tests(self, arguments: tuple[str, ...], focus: Focus, answer: Connection) -> None:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ["FIRMBASE_TEST_STACK"] = str(self.config.directory)
        loaded = "ignore::pytest.PytestAssertRewriteWarning"
        options = ["-x", "-q", "-p", "no:cacheprovider", "-W", loaded]
        code = pytest.main([*options, *arguments], plugins=[focus])
        answer.send((code, focus.failed))


def spread(mutations: Sequence[Mutation], size: int | None) -> list[Mutation]:
    """That many of them, evenly spread over all kinds; all if there is no size."""
    if size is None or size >= len(mutations):
        return list(mutations)
    return [mutations[n * len(mutations) // size] for n in range(size)]
