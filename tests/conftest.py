"""One local stack for the whole run; each test makes a firm of its own on it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.local.config import Config, random_bases
from cli.local.project import migrate, wait_for_api
from cli.local.stack import Stack
from cli.schema.build import build_from_sql

pytest_plugins = ["tests.clamd", "tests.people"]

# A shell lets what it runs in the background ignore Ctrl-C, and every child inherits that: the
# commands that tests interrupt would not notice.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class RunningStack:
    """Addresses and keys of the stack under test."""

    control: Stack
    config: Config
    env: dict[str, str] = field(init=False)
    url: str = field(init=False)
    publishable_key: str = field(init=False)
    secret_key: str = field(init=False)
    db_url: str = field(init=False)
    superuser_url: str = field(init=False)
    smtp_url: str = field(init=False)
    mail_url: str = field(init=False)

    def __post_init__(self) -> None:
        self.env = self.config.environment()
        self.url = self.env["SUPABASE_URL"]
        self.publishable_key = self.env["SUPABASE_PUBLISHABLE_KEY"]
        self.secret_key = self.env["SUPABASE_SECRET_KEY"]
        self.db_url = self.env["SUPABASE_DB_URL"]
        self.superuser_url = self.config.database_url("supabase_admin")
        self.smtp_url = self.env["SMTP_URL"]
        self.mail_url = self.env["MAIL_URL"]


# The folder of a running stack to test as it is, instead of a new one.
TEST_STACK = "FIRMBASE_TEST_STACK"


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    if folder := os.environ.get(TEST_STACK):
        running = Stack(Path(folder))
        yield RunningStack(running, running.config)
        return
    # A folder with a space in its name, where the database's user can get to.
    with tempfile.TemporaryDirectory(prefix="firmbase test ") as parent:
        Path(parent).chmod(0o711)
        control = Stack(Path(parent) / "stack")
        config = control.up(bases=random_bases(), throwaway=True)
        try:
            apply_schema(config)
            yield RunningStack(control, config)
        finally:
            control.remove()


def apply_schema(config: Config) -> None:
    """The migrations; or with FROM_SQL set, for work on sql/, what they have not caught up with."""
    if "FROM_SQL" in os.environ:
        build_from_sql(config.database_url())
        wait_for_api(config)
    else:
        migrate(config)


@pytest.fixture
def db(stack: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the superuser, with autocommit."""
    with psycopg.connect(stack.superuser_url, autocommit=True) as connection:
        yield connection
