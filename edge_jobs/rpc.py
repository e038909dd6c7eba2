"""Functions of the database, called with the secret key: one request, one answer, one connection
kept open.

Only the standard library is imported here: the runner's idle path goes through it."""

import http.client
import json
import select
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from edge_jobs import SCHEMA_VERSION
from edge_jobs.errors import (
    DatabaseDown,
    NotSupabase,
    Unreachable,
    from_response,
    schema_mismatch,
)

# How long an answer may take on top of the wait that was asked for, in seconds.
PATIENCE_S = 30


class Rpc:
    """For one thread. Sends nothing twice: whoever calls knows whether it may be repeated."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._path = urlsplit(url).path + "/rest/v1/rpc/"
        self._headers = {
            "apikey": key,
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "User-Agent": "firmbase-jobs",
        }
        self._connection: http.client.HTTPConnection | None = None
        # JSON: pydantic's is several times as fast, for a runner that has imported it anyway.
        self.encode: Callable[[object], bytes] = lambda value: json.dumps(value).encode()
        self.decode: Callable[[bytes], Any] = json.loads
        # Whether it has proved to be a Supabase: garbage is then the network's.
        self._known = False

    def call(self, function: str, /, **arguments: Any) -> Any:
        """What a function of the schema public returns.

        Raises Unreachable and DatabaseDown, which may pass, and NotSupabase, WrongKey,
        SchemaOlder, SessionExpired and Refused, which will not."""
        timeout = PATIENCE_S + arguments.get("wait_ms", 0) / 1000
        try:
            status, raw = self._send(function, self.encode(arguments), timeout)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            disconnected = isinstance(error, OSError)
            if isinstance(error, http.client.BadStatusLine) and not (disconnected or self._known):
                # It answered, but not in HTTP.
                raise NotSupabase(url=self._url) from error
            raise Unreachable(url=self._url, reason=_reason(error)) from error
        try:
            answer = self.decode(raw)
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
            raise DatabaseDown(url=self._url, reason="the API is reading the schema")
        # A success that is none of ours, a redirect: somebody else's server.
        if status < 400:
            raise NotSupabase(url=self._url)
        if status == 429:
            raise DatabaseDown(url=self._url, reason="too many requests")
        raise from_response(self._url, answer, status)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, function: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        if self._connection is not None and _has_hung_up(self._connection):
            self.close()
        if self._connection is None:
            parts = urlsplit(self._url)
            secure = parts.scheme == "https"
            connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._connection = connect(parts.hostname or "", parts.port)
        connection = self._connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request("POST", self._path + function, body, self._headers)
        response = connection.getresponse()
        return response.status, response.read()


def _has_hung_up(connection: http.client.HTTPConnection) -> bool:
    """Servers close a connection that was quiet for a while; to send on it first and to repeat what
    failed would do some things twice."""
    if connection.sock is None:
        return True
    look = select.poll()
    look.register(connection.sock, select.POLLIN)
    return bool(look.poll(0))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).lower() or "the connection was closed"
