"""The runner: claims jobs, keeps their leases, reports what came of them, and stops cleanly.

One thread talks to the database, one request per step; the handlers run in a pool beside it.
Nothing heavy is imported before the first job has come."""

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from edge_jobs import SCHEMA_VERSION
from edge_jobs.errors import (
    DatabaseDown,
    FirmbaseError,
    StuckJobs,
    Unreachable,
    schema_mismatch,
)
from edge_jobs.log import Log
from edge_jobs.queue import Queue
from edge_jobs.settings import Settings

if TYPE_CHECKING:
    from edge_jobs.worker import Claim, Key, Outcome, Pool

BATCH = 500
# Work claimed ahead of the threads, in seconds of it.
AHEAD_S = 0.25
# The long poll inside jobs_step: as long as a signal may have to wait.
WAIT_MS = 2000
# How soon to look for more while jobs run and nothing was due.
LOOK_AGAIN_S = 0.2
# How long outcomes may wait for the next claim to take them along.
REPORT_WITHIN_S = 0.1
# How long a drain bears with a database that went away.
OUTAGE_S = 30


class Runner:
    def __init__(
        self,
        settings: Settings,
        *,
        watch: bool,
        log: Log | None = None,
        slots: int | None = None,
        lease_s: int = 30,
        grace_s: float = 25,
    ) -> None:
        """`slots`: handlers at once, one per core unless told. `lease_s`: after this many seconds
        without a sign of life a job is another runner's. `grace_s`: what a stop leaves to jobs
        that run."""
        self._settings = settings
        self._watch = watch
        self._slots = slots or os.cpu_count() or 1
        self._lease_s = lease_s
        self._grace_s = grace_s
        worker = f"{os.uname().nodename}:{os.getpid()}"
        self._queue = Queue(settings.url, settings.secret_key, worker)
        self._log = log or Log()
        self._wake = threading.Event()
        self._pool: Pool | None = None
        # Outcomes the database has not confirmed, by queue.
        self._done: dict[str, list[list[int]]] = {}
        self._failed: dict[str, list[dict[str, Any]]] = {}
        self._counts = {"done": 0, "retry": 0, "snooze": 0, "dead": 0}
        self._stop_at: float | None = None
        self._error: FirmbaseError | None = None
        # Moments of the monotonic clock at which something is due.
        self._look_at = self._beat_at = self._report_at = self._retry_at = 0.0
        self._trouble_since: float | None = None
        self._pause_s = 0.0
        self._answered = self._dry = False

    @property
    def busy(self) -> bool:
        """Whether a handler is still at work, though its outcome will not count."""
        return self._pool is not None and (len(self._pool) > 0 or self._pool.stuck > 0)

    def run(self) -> None:
        """Returns when nothing is due any more (drain) or after a signal (watch too).

        Raises FirmbaseError when it cannot go on; what it still holds comes back by itself."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        start = time.monotonic()
        try:
            self._loop()
        finally:
            self._queue.close()
        seconds = round(time.monotonic() - start, 3)
        self._log.info("stopped" if self._stop_at else "drained", **self._counts, seconds=seconds)
        if self._error is not None:
            raise self._error

    def _stop(self) -> None:
        """Runs in a signal handler too: it only sets what the loop looks at. A second signal ends
        the wait for the jobs that run."""
        now = time.monotonic()
        self._stop_at = now + self._grace_s if self._stop_at is None else now

    def _loop(self) -> None:
        while True:
            self._take_outcomes()
            now = time.monotonic()
            if self._stop_at is not None:
                self._give_back(running=now >= self._stop_at)
            held = self._pool.leases() if self._pool else []
            pending = bool(self._done or self._failed)
            if not (held or pending) and (self._dry or self._stop_at is not None):
                return
            room = self._room() if self._stop_at is None and now >= self._look_at else 0
            beat = held if now >= self._beat_at else []
            report = pending and (now >= self._report_at or not held)
            if now >= self._retry_at and (room or beat or report):
                self._step(room, beat, now)
            if now < max(self._retry_at, self._look_at) or (self._pool and len(self._pool)):
                self._wake.wait(LOOK_AGAIN_S)
                self._wake.clear()

    def _room(self) -> int:
        """How many jobs to claim: enough to keep the threads at work until the next answer."""
        if self._pool is None:
            return self._slots
        ahead = int(self._slots * AHEAD_S / max(self._pool.pace, 1e-6))
        target = min(max(ahead, self._slots), BATCH)
        held = len(self._pool)
        return target - held if held < max(self._slots, target // 2) else 0

    def _step(self, room: int, beat: "list[Key]", now: float) -> None:
        extend: dict[str, list[list[int]]] = {}
        for queue, job, read in beat:
            extend.setdefault(queue, []).append([job, read])
        idle = self._watch and not (self._pool and len(self._pool))
        try:
            answer = self._queue.step(
                qty=room,
                vt=self._lease_s,
                done=self._done,
                fail=self._failed,
                extend=extend,
                wait_ms=WAIT_MS if idle else 0,
            )
        except (Unreachable, DatabaseDown) as error:
            self._bear(error)
            return
        if self._trouble_since is not None:
            self._log.info("database is back")
        self._answered, self._trouble_since, self._pause_s = True, None, 0.0
        self._done, self._failed = {}, {}
        if beat:
            self._beat_at = now + self._lease_s / 3
        self._accept(answer, room)

    def _accept(self, answer: dict[str, Any], room: int) -> None:
        if answer["schema"] != SCHEMA_VERSION:
            self._fail(schema_mismatch(answer["schema"], SCHEMA_VERSION))
            return
        for rule, fault in (answer["tick"] or {}).get("faults", {}).items():
            self._log.error("clock", rule=rule, error=fault)
        if answer["jobs"] and self._pool is None:
            from edge_jobs.api import Api
            from edge_jobs.worker import Pool

            self._pool = Pool(self._slots, Api(self._settings), self._log, self._wake)
        if self._pool is not None:
            if not len(self._pool):
                self._beat_at = time.monotonic() + self._lease_s / 3
            for queue, job, read in answer["lost"]:
                self._pool.lose((queue, job, read))
            for claim in answer["jobs"]:
                self._pool.add(claim)
            if room and not answer["jobs"] and len(self._pool):
                self._look_at = time.monotonic() + LOOK_AGAIN_S
            if self._pool.stuck >= self._slots:
                self._fail(StuckJobs(count=self._pool.stuck))
        self._dry = not self._watch and room > 0 and not answer["jobs"]

    def _take_outcomes(self) -> None:
        if self._pool is None:
            return
        for claim, outcome in self._pool.collect():
            if not (self._done or self._failed):
                self._report_at = time.monotonic() + REPORT_WITHIN_S
            # The job may have queued another: what was dry need not be any more.
            self._dry, self._look_at = False, 0.0
            self._settle(claim, outcome)
            self._counts[outcome["outcome"] if outcome else "done"] += 1

    def _give_back(self, *, running: bool) -> None:
        if self._pool is not None:
            for claim in self._pool.give_back(running=running):
                self._settle(claim, {"outcome": "snooze", "after_s": 0})

    def _settle(self, claim: "Claim", outcome: "Outcome") -> None:
        queue, job, read = claim["queue"], claim["id"], claim["read"]
        if outcome is None:
            self._done.setdefault(queue, []).append([job, read])
        else:
            self._failed.setdefault(queue, []).append({"id": job, "read": read, **outcome})

    def _bear(self, error: FirmbaseError) -> None:
        """Waits for a database that went away. Raises where waiting has no sense any more: it
        never answered, a drain has waited long enough, or a stop has no time left."""
        now = time.monotonic()
        since = self._trouble_since = self._trouble_since or now
        hopeless = not self._watch and (not self._answered or now - since > OUTAGE_S)
        if hopeless or (self._stop_at is not None and now >= self._stop_at):
            raise error
        self._pause_s = min(max(self._pause_s * 2, 0.2), 5)
        self._retry_at = now + self._pause_s
        self._log.warning("no answer", error=str(error), again_s=self._pause_s)

    def _fail(self, error: FirmbaseError) -> None:
        """Claims no more, lets what runs finish, and ends with this error."""
        self._error = self._error or error
        self._stop_at = self._stop_at or time.monotonic() + self._grace_s


def main(*, watch: bool, **options: Any) -> int:
    """Runs a Runner with the settings of the environment; returns the exit code."""
    runner = None
    code = 0
    try:
        runner = Runner(Settings.load(), watch=watch, **options)
        runner.run()
    except FirmbaseError as error:
        print(f"error: {error}", file=sys.stderr)
        code = error.exit_code
    if runner is not None and runner.busy:
        # The interpreter's own way out would stumble over threads that still write.
        sys.stderr.flush()
        os._exit(code)
    return code
