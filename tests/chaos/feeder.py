"""Queues the planned jobs batch by batch, whatever happens to the database meanwhile."""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg

BATCH = 100
AGAIN_S = 0.2
CONNECT_S = 5


class Feeder:
    """A batch is one transaction. `confirmed` has those of which the database said that they are
    in, and how many jobs each has: those it must never lose."""

    def __init__(self, url: str, jobs: Sequence[dict[str, Any]]) -> None:
        self._url = url
        batches = (jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH))
        self._batches = list(enumerate(batches))
        self.confirmed: dict[int, int] = {}
        # What went wrong on the way, by SQLSTATE.
        self.errors: Counter[str] = Counter()

    def feed(self, share: float, seconds: float = 0) -> None:
        """Queues this share of what is left, spread evenly over so many seconds."""
        count = round(len(self._batches) * share)
        now, self._batches = self._batches[:count], self._batches[count:]
        start = time.monotonic()
        for place, (batch, jobs) in enumerate(now):
            time.sleep(max(0, start + place * seconds / count - time.monotonic()))
            self._put(batch, jobs)
            self.confirmed[batch] = len(jobs)

    def feed_beside(self, seconds: float) -> threading.Thread:
        """Queues the rest in a thread."""
        thread = threading.Thread(target=self.feed, args=(1, seconds), daemon=True)
        thread.start()
        return thread

    def _put(self, batch: int, jobs: Sequence[dict[str, Any]]) -> None:
        """Tries until it is in. Where the answer was lost, the batch may be in already."""
        while True:
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_S) as db:
                    db.execute(
                        "select chaos.enqueue(%(batch)s, %(jobs)s)"
                        " where not exists (select from chaos.plan where batch = %(batch)s)",
                        {"batch": batch, "jobs": json.dumps(jobs)},
                    )
                return
            except psycopg.Error as error:
                self.errors[error.sqlstate or "connection lost"] += 1
                time.sleep(AGAIN_S)
