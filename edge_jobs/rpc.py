"""Functions of the database, called with the secret key: one request, one answer.

Only the standard library is imported here: the runner's idle path goes through it."""

import http.client
import json
from collections.abc import Callable
from typing import Any, TypeVar

from edge_jobs import SCHEMA_VERSION
from edge_jobs.connection import Connection
from edge_jobs.errors import (
    DatabaseDown,
    NotSupabase,
    Unreachable,
    from_response,
    schema_mismatch,
)

# How long an answer may take on top of the wait that was asked for, in seconds.
PATIENCE_S = 30

T = TypeVar("T")
R = TypeVar("R")

_JSON = {"Content-Type": "application/json"}


class Rpc:
    """For one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._encode: Callable[[Any], bytes] = lambda value: json.dumps(value).encode()
        self._decode: Callable[[bytes], Any] = json.loads
        # Whether it has proved to be a Supabase: garbage is then the network's.
        self._known = False

    def call(self, function: str, /, **arguments: Any) -> Any:
        """What a function of the schema public returns.

        Raises Unreachable and DatabaseDown, which may pass, and NotSupabase, WrongKey,
        SchemaOlder, SessionExpired and Refused, which will not."""
        url = self._connection.url
        body = self._encode(arguments)
        timeout = PATIENCE_S + arguments.get("wait_ms", 0) / 1000
        try:
            status, raw = self._connection.ask(
                "POST", f"/rest/v1/rpc/{function}", body, _JSON, timeout
            )
        except Unreachable as error:
            cause = error.__cause__
            disconnected = isinstance(cause, OSError)
            if isinstance(cause, http.client.BadStatusLine) and not (disconnected or self._known):
                # It answered, but not in HTTP.
                raise NotSupabase(url=url) from cause
            raise
        try:
            answer = self._decode(raw)
        except ValueError:
            answer = None
        if status in (200, 204) and (answer is not None or raw in (b"", b"null")):
            self._known = True
            return answer
        code = answer.get("code") if isinstance(answer, dict) else None
        if code == "PGRST202":
            raise schema_mismatch(None, SCHEMA_VERSION)
        if code == "42883":
            # PostgREST asks for a function without knowing its types: it has no schema at hand yet.
            raise DatabaseDown(url=url, reason="the API is reading the schema")
        # A success that is none of ours, a redirect: somebody else's server.
        if status < 400:
            raise NotSupabase(url=url)
        if status == 429:
            raise DatabaseDown(url=url, reason="too many requests")
        raise from_response(url, answer, status)

    def hurry(self) -> None:
        """Pydantic's JSON from now on: several times as fast, for who has imported it anyway."""
        from pydantic_core import from_json, to_json

        self._encode = _either(to_json, self._encode)
        self._decode = _either(from_json, self._decode)

    def close(self) -> None:
        self._connection.close()


def _either(fast: Callable[[T], R], sure: Callable[[T], R]) -> Callable[[T], R]:
    """The fast one gives up where JSON is nested 200 deep, which a payload or result may be."""

    def work(value: T) -> R:
        try:
            return fast(value)
        except ValueError:
            return sure(value)

    return work
