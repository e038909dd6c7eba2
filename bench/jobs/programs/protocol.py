"""What every program of this folder understands, and prints: one JSON object a line.

    prepare    makes what the system needs in an empty database
    bulk N     queues N jobs with the system's own call for many    {"seconds": 0.4}
    single N   queues N jobs, one call after the other               {"seconds": 2.1}
    ping N     queues N jobs with a rest between, each with the time of its call
    work       handles jobs until SIGTERM                            {"ready": true}, then a tally
    idle       looks for jobs once, finds none, and ends

A tally is {"count": 7, "first": t, "last": t, "waited": [ms, …]}: the jobs so far, when the first
and the last of them began (seconds since 1970), and how long each pinged one since the last tally
had waited. Not every program has `prepare` and `idle`.

The standard library only: this must not weigh on what is measured.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable


def main(**verbs: Callable[..., None]) -> None:
    verb, *numbers = sys.argv[1:]
    verbs[verb](*map(int, numbers))


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def timed(call: Callable[[], object]) -> None:
    begun = time.perf_counter()
    call()
    say(seconds=time.perf_counter() - begun)


def rests(times: int) -> "list[float]":
    """Seconds between pings: uneven, so that they meet a poll at any moment of it."""
    return [random.uniform(0.03, 0.07) for _ in range(times)]  # noqa: S311


class Tally:
    """The jobs a worker has begun; said a hundred times a second while there are more of them."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0
        self.waited: list[float] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._report, daemon=True).start()

    def begin(self, sent: "float | None") -> None:
        now = time.time()
        with self._lock:
            if not self.count:
                self.first = now
            self.count += 1
            self.last = now
            if sent is not None:
                self.waited.append((now - sent) * 1000)

    def _report(self) -> None:
        said = 0
        while True:
            time.sleep(0.01)
            with self._lock:
                count, waited = self.count, self.waited
                if count > said:
                    self.waited = []
                    said = count
                    say(count=count, first=self.first, last=self.last, waited=waited)
