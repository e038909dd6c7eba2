"""pgTAP and our lint on the very database that the API serves, as it stands."""

from pathlib import Path

import psycopg
import pytest

from cli.schema.lint import lint
from tests.conftest import RunningStack
from tests.schema.test_pgtap import FILES, check, tap


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_pgtap(stack: RunningStack, file: Path) -> None:
    # The file rolls back whatever it does, the extension too.
    script = file.read_text().replace(
        "begin;", "begin; create extension if not exists pgtap with schema extensions;", 1
    )
    check(tap(stack.superuser_url, script))


def test_the_lint_finds_nothing(stack: RunningStack) -> None:
    with psycopg.connect(stack.superuser_url) as db:
        assert lint(db) == []
