"""Builds databases from `sql/`, on scratch databases that start as a hosted project does."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import pq, sql

from cli.local.config import ROOT
from cli.local.postgres import TEMPLATE
from cli.schema.errors import NoScratchServer, SqlFailed
from cli.schema.servers import connect

SQL = ROOT / "sql"
LEAVING_S = 10

# What may hold a semicolon (a comment, a string, a quoted name, a body), or the end of a statement.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    |[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"
    |\bbegin\s+atomic\b.*?;(?:\s|--[^\n]*\n|/\*.*?\*/)*end\b
    |\$\$.*?\$\$|\$(?P<tag>[A-Za-z_]\w*)\$.*?\$(?P=tag)\$
    |(?P<end>;)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


def with_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def database_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@contextmanager
def scratch(server_url: str, template: str = TEMPLATE) -> Iterator[str]:
    """The URL of a new database, a copy of `template`, which is dropped in the end.

    Nobody may be connected to the template meanwhile.

    Raises:
        NoScratchServer: the server has no such template, so it is not a local stack.
    """
    name = f"firmbase_scratch_{secrets.token_hex(4)}"
    create = sql.SQL("create database {} template {}")
    with connect(server_url) as server:
        try:
            server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        except psycopg.errors.InvalidCatalogName as error:
            raise NoScratchServer from error
    try:
        yield with_database(server_url, name)
    finally:
        with connect(server_url) as server:
            _drop(server, name)


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    deadline = time.monotonic() + LEAVING_S
    while True:
        try:
            server.execute(drop)
            return
        except psycopg.errors.InsufficientPrivilege:
            # A superuser has just closed a connection, which takes a moment to go.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def sql_files(folder: Path = SQL) -> list[Path]:
    """The files that make the schema, in the order in which they are executed."""
    return sorted(folder.rglob("*.sql"))


def build_from_sql(db_url: str, folder: Path = SQL) -> None:
    """Executes the files of `sql/` in path order, each in one transaction, as the URL's role.

    Raises:
        SqlFailed: a statement failed; the message names the file and the line.
    """
    with connect(db_url) as connection:
        for file in sql_files(folder):
            _execute(connection.pgconn, file.read_text(), str(file.relative_to(folder.parent)))


def _execute(server: pq.abc.PGconn, text: str, name: str) -> None:
    server.send_query(text.encode())
    results = []
    while result := server.get_result():
        results.append(result)
    if results[-1].status != pq.ExecStatus.FATAL_ERROR:
        return
    error = psycopg.errors.error_from_result(results[-1])
    if error.diag.statement_position:
        start = int(error.diag.statement_position) - 1
    else:
        start = _statement_starts(text)[len(results) - 1]
    line = text.count("\n", 0, start) + 1
    said = [error.diag.message_primary, error.diag.message_detail, error.diag.message_hint]
    raise SqlFailed(place=f"{name}:{line}", said=" ".join(part for part in said if part))


def _statement_starts(text: str) -> list[int]:
    """The position of each statement's first character."""
    return [match.start() for match in re.finditer(r"[^\s;][^;]*", masked(text))]


def masked(text: str) -> str:
    """SQL, as long as it was, without comments and without what stands in quotes or in a body: a
    semicolon in it ends a statement, and a keyword is one."""

    def hidden(token: re.Match[str]) -> str:
        if token["end"]:
            return ";"
        return (" " if token["comment"] else "x") * len(token[0])

    return _TOKEN.sub(hidden, text)
