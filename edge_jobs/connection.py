"""The connection to the project's API: one request at a time, kept open in between.

Only the standard library is imported here: the runner's idle path goes through it."""

import http.client
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from edge_jobs.errors import Unreachable


class Connection:
    """For one thread. Sends nothing twice: whoever asks knows whether it may be repeated."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._path = urlsplit(url).path
        self._headers = {
            "apikey": key,
            "Authorization": f"Bearer {key}",
            "User-Agent": "firmbase-jobs",
        }
        self._http: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises Unreachable."""
        response = self.open(method, path, body, headers, timeout)
        return response.status, self.read(response)

    def open(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> http.client.HTTPResponse:
        """An answer to `read` to its end, or to `close` on. Raises Unreachable."""
        with self._faults():
            connection = self._ready(timeout)
            connection.request(method, self._path + path, body, {**self._headers, **headers})
            return connection.getresponse()

    def read(self, response: http.client.HTTPResponse, most: int | None = None) -> bytes:
        """The rest of it, or the next `most` bytes, none at its end. Raises Unreachable where it
        breaks off."""
        with self._faults():
            found = response.read(most)
            # Asked for some bytes only, the library takes a lost connection for the end.
            if not found and response.length:
                raise http.client.IncompleteRead(found, response.length)
            return found

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _ready(self, timeout: float) -> http.client.HTTPConnection:
        if self._http is not None and _has_hung_up(self._http):
            self.close()
        if self._http is None:
            parts = urlsplit(self.url)
            secure = parts.scheme == "https"
            connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._http = connect(parts.hostname or "", parts.port)
        self._http.timeout = timeout
        if self._http.sock is not None:
            self._http.sock.settimeout(timeout)
        return self._http

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(url=self.url, reason=_reason(error)) from error


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
