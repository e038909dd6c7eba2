"""A network that can be broken: passes bytes on to the stack until it is told otherwise."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """What befalls what is on its way: it comes so much later, and only so many bytes of it before
    the connection ends."""

    delay_s: float = 0
    keep_bytes: int | None = None


Faults = Callable[[], Fault]


def none() -> Fault:
    return Fault()


class Proxy:
    """`cut_answers`: requests arrive, of what comes back only so many bytes do. `disturb`: for each
    piece that comes through, a fault is asked for. `refuse`: nobody listens."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = parts.hostname or "", parts.port or 80
        self._requests = self._answers = none
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._port = 0
        self._listen()
        self.url = f"http://127.0.0.1:{self._port}"

    def cut_answers(self, length: int) -> None:
        self.disturb(answers=lambda: Fault(keep_bytes=length))

    def disturb(self, *, requests: Faults = none, answers: Faults = none) -> None:
        self._requests, self._answers = requests, answers

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
        self.disturb()
        if self._listener.fileno() < 0:
            self._listen()

    def stop(self) -> None:
        if self._listener.fileno() >= 0:
            self.refuse()
        while threads := list(self._threads):
            self.close_connections()
            for thread in threads:
                thread.join(0.1)

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            finally:
                self._threads.discard(thread)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.add(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                front, _ = listener.accept()
                self._start(self._serve, front)

    def _serve(self, front: socket.socket) -> None:
        with front, contextlib.suppress(OSError), socket.create_connection(self._target) as back:
            ends = {front, back}
            for end in ends:
                # Passes small pieces on at once, or each request would take 40 ms longer.
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets |= ends
            answers = self._start(self._pass_on, back, front, lambda: self._answers())
            self._pass_on(front, back, lambda: self._requests())
            answers.join()
            self._sockets -= ends

    def _pass_on(self, source: socket.socket, sink: socket.socket, faults: Faults) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                fault = faults()
                time.sleep(fault.delay_s)
                sink.sendall(data[: fault.keep_bytes])
                if fault.keep_bytes is not None:
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
