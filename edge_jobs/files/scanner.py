"""The virus scanner: clamd, over a socket, a file at a time."""

import contextlib
import socket
from pathlib import Path

from edge_jobs.api import Api

_TIMEOUT_S = 120
_VERSION_CHARS = 100
_CHUNK = 256 * 1024


class ScanUnavailable(Exception):
    """No word from the scanner: whether the file is clean is not known."""


# The last version the database was told of by this process.
_noted: str | None = None


def scan(api: Api, source: Path) -> tuple[str | None, str | None]:
    """What the scanner of this project says of a file, and which version of it: both None where
    there is no scanner. Raises ScanUnavailable."""
    global _noted
    if api.settings.clamd is None:
        return None, None
    scanner = Scanner(api.settings.clamd)
    # First: what is found with newer signatures counts as found with the older ones.
    version = scanner.version()
    if version != _noted:
        api.rpc("note_scanner", version=version)
        _noted = version
    return scanner.scan(source), version


class Scanner:
    """Each call has a connection of its own, so threads may share one scanner."""

    def __init__(self, address: tuple[str, int] | str) -> None:
        """Host and port, or the path of a Unix socket."""
        self._address = address

    def version(self) -> str:
        """Of the program and of its signatures. Raises ScanUnavailable."""
        answer = self._ask(b"VERSION")
        if not answer or answer.endswith("ERROR"):
            raise ScanUnavailable(answer or "The scanner hung up.")
        return answer[:_VERSION_CHARS]

    def scan(self, source: Path) -> str | None:
        """``infected``, ``too_large_to_scan`` or None. Raises ScanUnavailable."""
        answer = self._ask(b"INSTREAM", source).removeprefix("stream: ")
        if answer == "OK":
            return None
        if answer.endswith(" FOUND"):
            # What it had to leave out it calls a find too, where AlertExceedsMax is set.
            limits = answer.startswith("Heuristics.Limits.Exceeded")
            return "too_large_to_scan" if limits else "infected"
        if "size limit exceeded" in answer:
            return "too_large_to_scan"
        raise ScanUnavailable(answer or "The scanner hung up.")

    def _ask(self, command: bytes, source: Path | None = None) -> str:
        try:
            with self._connect() as connection:
                connection.sendall(b"z" + command + b"\0")
                if source:
                    # It stops listening where the file is too large for it, and says so.
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        _stream(connection, source)
                return _answer(connection)
        except OSError as error:
            raise ScanUnavailable(str(error)) from error

    def _connect(self) -> socket.socket:
        if isinstance(self._address, tuple):
            return socket.create_connection(self._address, _TIMEOUT_S)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection


def _stream(connection: socket.socket, source: Path) -> None:
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            connection.sendall(len(chunk).to_bytes(4))
            connection.sendall(chunk)
    connection.sendall(bytes(4))


def _answer(connection: socket.socket) -> str:
    """Up to the NUL and no further: behind it may be an error, where it did not listen to all."""
    answer = b""
    while not answer.endswith(b"\0") and (more := connection.recv(4096)):
        answer += more
    return answer.rstrip(b"\0").decode(errors="replace")
