"""Which databases the schema commands work on."""

import os
from typing import Any
from urllib.parse import urlsplit

import psycopg

from cli.local.config import LOOPBACK
from cli.local.stack import Stack
from cli.schema.errors import DatabaseRefuses, NoDatabase, NoScratchServer

LOCAL_HOSTS = (LOOPBACK, "localhost", "::1")


def database() -> str:
    """The URL of the project's database: SUPABASE_DB_URL, else that of the local stack.

    Raises:
        NoDatabase: the one is not set and the other is not running.
    """
    if url := os.environ.get("SUPABASE_DB_URL"):
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
    url = os.environ.get("SUPABASE_DB_URL", "")
    if is_local(url):
        return url
    stack = Stack.named()
    if not stack.is_up():
        raise NoScratchServer
    return stack.config.database_url()


def is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOCAL_HOSTS


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection with autocommit.

    Raises:
        DatabaseRefuses: nothing answers there, or it refuses the role or its password.
    """
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseRefuses(said=str(error).strip().splitlines()[-1]) from error
