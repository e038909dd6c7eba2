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


class Rates:
    """Of what is counted by minute and kind, how much was added in a second, lately."""

    def __init__(self) -> None:
        self._before: list[dict[str, Any]] | None = None
        # Of each look its time, and what was added since the one before.
        self._looks: deque[tuple[float, Counter[tuple[str, str]]]] = deque()

    def look(self, now: float, rows: list[dict[str, Any]]) -> None:
        """`now` in seconds; `rows`: what jobs_rates answers for two minutes, of which the older one
        is out of sight when the next begins."""
        added: Counter[tuple[str, str]] = Counter()
        if self._before is not None:
            known = {(row["minute"], row["kind"]): row for row in self._before}
            for row in rows:
                before = known.get((row["minute"], row["kind"]), {})
                for name in ("done", "retried", "dead"):
                    added[row["kind"], name] += row[name] - before.get(name, 0)
        self._before = rows
        self._looks.append((now, added))
        while len(self._looks) > 2 and self._looks[1][0] <= now - OVER_S:
            self._looks.popleft()

    def of(self, kind: str, *names: str) -> float | None:
        """None where there was one look only."""
        first, *others = self._looks
        if not others:
            return None
        total = sum(added[kind, name] for _, added in others for name in names)
        return total / (others[-1][0] - first[0])


class Sampler:
    def __init__(self, api: Api) -> None:
        self._api = api
        self._rates = Rates()

    def look(self) -> dict[str, Any]:
        """The queue by kind, the jobs that run and what is paused. Rates are None the first time.

        Raises FirmbaseError."""
        stats = self._api.rpc("jobs_stats")
        running = self._api.rpc("jobs_list", state="running", max_rows=MOST_RUNNING)
        paused = self._api.rpc("jobs_controls")["paused"]
        self._rates.look(time.monotonic(), self._api.rpc("jobs_rates", minutes=2))
        kinds: dict[str, dict[str, Any]] = {}
        for row in stats:
            self._add(kinds.setdefault(row["kind"], self._new(row)), row)
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kinds": list(kinds.values()),
            "running": running,
            "paused": paused,
        }

    def _new(self, row: dict[str, Any]) -> dict[str, Any]:
        kind, done = row["kind"], row["done_1h"]
        return {
            "kind": kind,
            **dict.fromkeys(STATES, 0),
            "done_per_s": self._rates.of(kind, "done"),
            "failed_per_s": self._rates.of(kind, "retried", "dead"),
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
