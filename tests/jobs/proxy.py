"""A network that can be broken: passes bytes on to the stack until it is told otherwise."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """`cut_answers`: requests arrive, of what comes back only so many bytes do. `refuse`: nobody
    listens."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = parts.hostname or "", parts.port or 80
        self._answer_bytes: int | None = None
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._port = 0
        self._listen()
        self.url = f"http://127.0.0.1:{self._port}"

    def cut_answers(self, length: int) -> None:
        self._answer_bytes = length

    def refuse(self) -> None:
        # A plain close would leave the thread in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_connections()

    def close_connections(self) -> None:
        """Ends every connection in silence, as a server does with one that was quiet too long."""
        for end in list(self._sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._answer_bytes = None
        if self._listener.fileno() < 0:
            self._listen()

    def stop(self) -> None:
        if self._listener.fileno() >= 0:
            self.refuse()
        self.close_connections()
        for thread in self._threads:
            thread.join()
        for end in self._sockets:
            end.close()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                front, _ = listener.accept()
                back = socket.create_connection(self._target)
                self._sockets += [front, back]
                self._start(self._pass_on, front, back, False)
                self._start(self._pass_on, back, front, True)

    def _pass_on(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self._answer_bytes is not None:
                    sink.sendall(data[: self._answer_bytes])
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
