"""Scratch databases on the server of the stack under test."""

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from cli import db
from cli.schema.build import build_from_sql, scratch
from tests.conftest import RunningStack

Firmbase = Callable[..., Result]


@pytest.fixture(scope="session")
def server(stack: RunningStack) -> str:
    """The URL, as the role postgres, of the server where scratch databases are made."""
    return stack.db_url


@pytest.fixture(scope="session")
def declared(server: str) -> Iterator[str]:
    """A database built from sql/, to be read or copied but not changed."""
    with scratch(server) as url:
        build_from_sql(url)
        yield url


@pytest.fixture
def firmbase(server: str, monkeypatch: pytest.MonkeyPatch) -> Firmbase:
    """Runs `firmbase db` with these arguments on the stack under test."""
    monkeypatch.setenv("SUPABASE_DB_URL", server)
    return lambda *arguments: CliRunner().invoke(db.app, list(arguments), catch_exceptions=False)
