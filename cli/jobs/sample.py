"""What `firmbase jobs top` measures: two looks at the queue, and the time between them."""

import time
from collections import Counter, deque
from datetime import UTC, datetime
from typing import Any

from cli.jobs.words import age_s
from edge_jobs.api import Api

# Rates are those of so many seconds.
OVER_S = 10.0
STATES = ("ready", "running", "waiting", "dead")
MOST_RUNNING = 100

# What has ended by minute and kind: (done, failed).
Ended = dict[tuple[str, str], tuple[int, int]]


class Sampler:
    def __init__(self, api: Api) -> None:
        self._api = api
        self._before: Ended | None = None
        # Of each look, its time, and what has ended by kind since the one before.
        self._looks: deque[tuple[float, Counter[str], Counter[str]]] = deque()

    def look(self) -> dict[str, Any]:
        """The queue by kind, the jobs that run and what is paused. Rates are per second, and None
        at the first look."""
        stats = self._api.rpc("jobs_stats")
        running = self._api.rpc("jobs_list", state="running", max_rows=MOST_RUNNING)
        paused = self._api.rpc("jobs_controls")["paused"]
        self._count()
        kinds: dict[str, dict[str, Any]] = {}
        for row in stats:
            self._add(kinds.setdefault(row["kind"], self._new(row)), row)
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kinds": list(kinds.values()),
            "running": running,
            "paused": paused,
        }

    def _count(self) -> None:
        now = time.monotonic()
        ended: Ended = {
            (row["minute"], row["kind"]): (row["done"], row["retried"] + row["dead"])
            for row in self._api.rpc("jobs_rates", minutes=2)
        }
        done: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        if self._before is not None:
            for (minute, kind), counts in ended.items():
                known = self._before.get((minute, kind), (0, 0))
                done[kind] += counts[0] - known[0]
                failed[kind] += counts[1] - known[1]
        self._before = ended
        self._looks.append((now, done, failed))
        while len(self._looks) > 2 and self._looks[1][0] < now - OVER_S:
            self._looks.popleft()

    def _rate(self, kind: str, which: int) -> float | None:
        seconds = self._looks[-1][0] - self._looks[0][0]
        if not seconds:
            return None
        counts: Any = [look[which] for look in self._looks]
        return float(sum(count[kind] for count in counts[1:])) / seconds

    def _new(self, row: dict[str, Any]) -> dict[str, Any]:
        done = row["done_1h"]
        return {
            "kind": row["kind"],
            **dict.fromkeys(STATES, 0),
            "done_per_s": self._rate(row["kind"], 1),
            "failed_per_s": self._rate(row["kind"], 2),
            "average_ms": row["seconds_1h"] * 1000 / done if done else None,
            "lag_s": None,
            "paused": False,
        }

    def _add(self, kind: dict[str, Any], row: dict[str, Any]) -> None:
        """Its jobs of another priority."""
        for state in STATES:
            kind[state] += row[state]
        kind["paused"] = kind["paused"] or row["paused"]
        if row["oldest_ready_at"]:
            lag_s = max(age_s(row["oldest_ready_at"]), 0.0)
            kind["lag_s"] = max(kind["lag_s"] or 0.0, lag_s)
