"""The other end of edge_jobs.processes: runs the attempts that come in, one after the other.

A line of JSON on standard input is a request, one on standard output an event. What a handler
prints goes to standard error.
"""

import importlib
import json
import os
import resource
import sys
import threading
from queue import SimpleQueue
from typing import Any

from edge_jobs.api import Api
from edge_jobs.attempt import Attempt
from edge_jobs.log import Facts, Log
from edge_jobs.registry import Job
from edge_jobs.settings import Settings

MEMORY_BYTES = 2 * 1024**3


class Events:
    """What the parent is told. Safe to use from several threads."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        self._lock = threading.Lock()

    def send(self, **event: Any) -> None:
        line = json.dumps(event, default=str, skipkeys=True)
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()


class ForwardedLog(Log):
    """Lines that the parent writes, with the facts it knows."""

    def __init__(self, events: Events, **facts: object) -> None:
        super().__init__(None, None, **facts)
        self._events = events

    def bind(self, **facts: object) -> "ForwardedLog":
        return ForwardedLog(self._events, **{**self._facts, **facts})

    def info_later(self, event: str, facts: Facts) -> None:
        self.info(event, **facts)

    def _write(self, level: str, event: str, facts: Facts) -> None:
        self._events.send(log=[level, event, {**self._facts, **facts}])


class RemoteJob(Job):
    """A job whose progress goes to the parent at once."""

    events: Events

    def progress(self, fraction: float, note: str | None = None) -> None:
        super().progress(fraction, note)
        self.events.send(progress=self.told)


def main() -> None:
    # macOS refuses RLIMIT_AS.
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    events = Events()
    api = Api(Settings.load())
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        request = requests.get()
        if request["module"]:
            importlib.import_module(request["module"])
        message = request["message"]
        job = RemoteJob(
            request["id"],
            str(message.get("kind", "")),
            request["attempt"],
            message.get("firm_id"),
            api,
            ForwardedLog(events),
            message.get("state"),
            message.get("children"),
        )
        job.events = events
        attempt = Attempt(tuple(request["key"]), message, job)
        events.send(outcome=attempt.run())


def _read(requests: "SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    # The runner is gone: what this process does counts no more.
    os._exit(0)


if __name__ == "__main__":
    main()
