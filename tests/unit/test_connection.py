"""An answer that breaks off is no end of it."""

import socket
import threading
from collections.abc import Iterator

import pytest

from edge_jobs.connection import Connection
from edge_jobs.errors import Unreachable

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


@pytest.fixture
def broken_off() -> Iterator[Connection]:
    """To a server that sends four of nine bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(ANSWER)

        threading.Thread(target=answer, daemon=True).start()
        yield Connection(f"http://127.0.0.1:{server.getsockname()[1]}", "key")


def test_piece_by_piece(broken_off: Connection) -> None:
    response = broken_off.open("GET", "/object", None, {}, 5)
    assert broken_off.read(response, 4) == b"half"
    with pytest.raises(Unreachable):
        broken_off.read(response, 4)


def test_in_one_piece(broken_off: Connection) -> None:
    with pytest.raises(Unreachable):
        broken_off.ask("GET", "/object", b"", {}, 5)
