"""Which databases the schema commands work on."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cli.local.config import LOOPBACK
from cli.local.stack import Stack
from cli.schema.errors import (
    BadDatabaseUrl,
    DatabaseRefuses,
    DirectRefuses,
    NoDatabase,
    NoScratchServer,
    TransactionPooler,
)

LOCAL_HOSTS = (LOOPBACK, "localhost", "::1")
TRANSACTION_POOLER = 6543
DIRECT = re.compile(r"db\.[a-z]{20}\.supabase\.\w+")


def database() -> str:
    """The URL of the project's database: SUPABASE_DB_URL, else that of the local stack.

    Raises:
        NoDatabase: the one is not set and the other is not running.
        BadDatabaseUrl: it is set to something else.
    """
    if url := given():
        return url
    stack = Stack.named()
    if not stack.is_up():
        raise NoDatabase
    return stack.config.database_url()


def scratch_server() -> str:
    """The URL of a database on the server where scratch databases are made: a local stack's.

    Raises:
        NoScratchServer: no local stack is running.
    """
    url = given()
    if is_local(url):
        return url
    stack = Stack.named()
    if not stack.is_up():
        raise NoScratchServer
    return stack.config.database_url()


def given() -> str:
    """SUPABASE_DB_URL, or nothing. What is wrong with it is not said: it carries a password.

    Raises:
        BadDatabaseUrl, TransactionPooler: it is no address of a database, or not that of a session.
    """
    url = os.environ.get("SUPABASE_DB_URL", "").strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.hostname and parts.port != 0
        conninfo_to_dict(url)
    except (ValueError, psycopg.ProgrammingError):
        raise BadDatabaseUrl from None
    if not usable or parts.scheme not in ("postgresql", "postgres"):
        raise BadDatabaseUrl
    if parts.port == TRANSACTION_POOLER and not is_local(url):
        raise TransactionPooler
    return url


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOCAL_HOSTS


def ssl_mode(url: str) -> str:
    """What its owner says, else `require` on the way to another machine: libpq's own way goes on in
    the clear with whoever answers that it has no TLS."""
    said = conninfo_to_dict(url).get("sslmode") or os.environ.get("PGSSLMODE")
    return str(said or ("prefer" if is_local(url) else "require"))


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection with autocommit.

    Raises:
        DatabaseRefuses: nothing answers there, or it refuses the role or its password.
    """
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10, sslmode=ssl_mode(url))
    except psycopg.OperationalError as error:
        # Lines that begin with a tab are libpq's guesses at the cause of the line before.
        said = [line for line in str(error).splitlines() if line and line[0] != "\t"]
        direct = DIRECT.fullmatch(urlsplit(url).hostname or "")
        refusal = DirectRefuses if direct else DatabaseRefuses
        raise refusal(said=said[-1].strip()) from error
