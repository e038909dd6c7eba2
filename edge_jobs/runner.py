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
from edge_jobs.connection import Connection
from edge_jobs.errors import (
    DatabaseDown,
    FirmbaseError,
    NotSupabase,
    Refused,
    StuckJobs,
    Unreachable,
    schema_mismatch,
)
from edge_jobs.log import Log
from edge_jobs.rpc import Rpc
from edge_jobs.settings import Settings

if TYPE_CHECKING:
    from edge_jobs.attempt import Attempt, Key, Outcome
    from edge_jobs.worker import Pool

BATCH = 2000
# Work claimed ahead of the threads, in seconds of it.
AHEAD_S = 0.25
# The long poll inside jobs_step: as long as a signal may have to wait.
WAIT_MS = 2000
# How soon to look for more while jobs run and nothing was due.
LOOK_AGAIN_S = 0.2
# How long outcomes may wait for the next claim to take them along.
REPORT_WITHIN_S = 0.1
# How soon to tell the database of a job's progress.
PROGRESS_WITHIN_S = 1.0
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
        budget_s: float | None = None,
    ) -> None:
        """`slots`: handlers at once, one per core unless told. `lease_s`: after this many seconds
        without a sign of life a job is another runner's. `grace_s`: what a stop leaves to jobs
        that run. `budget_s`: after so many seconds it claims no more."""
        self._settings = settings
        self._watch = watch
        self._slots = slots or os.cpu_count() or 1
        self._lease_s = lease_s
        self._grace_s = grace_s
        self._budget_s = budget_s
        self._worker = f"{os.uname().nodename}:{os.getpid()}"
        self._rpc = Rpc(Connection(settings.url, settings.secret_key))
        self._log = log or Log()
        self._wake = threading.Event()
        self._pool: Pool | None = None
        # Outcomes the database has not confirmed, by queue.
        self._done: dict[str, list[list[Any]]] = {}
        self._failed: dict[str, list[dict[str, Any]]] = {}
        # Where each queue's next claim begins: the lanes take turns.
        self._places: dict[str, str] = {}
        self._counts = {"done": 0, "retry": 0, "snooze": 0, "dead": 0, "wait": 0}
        self._stop_at: float | None = None
        self._end_at: float | None = None
        self._error: FirmbaseError | None = None
        # Moments of the monotonic clock at which something is due.
        self._look_at = self._beat_at = self._tell_at = self._report_at = self._retry_at = 0.0
        self._trouble_since: float | None = None
        self._pause_s = 0.0
        self._answered = self._dry = False

    @property
    def busy(self) -> bool:
        """Whether a handler is still at work, though its outcome will not count."""
        return self._pool is not None and (self._pool.held > 0 or self._pool.stuck > 0)

    def run(self) -> None:
        """Returns when nothing is due any more (drain) or after a signal (watch too).

        Raises FirmbaseError when it cannot go on; what it still holds comes back by itself."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        start = time.monotonic()
        self._end_at = start + self._budget_s if self._budget_s is not None else None
        if self._settings.metrics_port is not None:
            self._pool = self._new_pool()
        try:
            self._loop()
        finally:
            self._log.flush()
            self._rpc.close()
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
            if self._end_at is not None and now >= self._end_at and self._stop_at is None:
                self._log.info("time is up")
                self._stop()
            if self._stop_at is not None:
                self._give_back(running=now >= self._stop_at)
            held = self._pool.counting if self._pool else 0
            pending = bool(self._done or self._failed)
            if not (held or pending) and (self._dry or self._stop_at is not None):
                return
            room = self._room() if self._stop_at is None and now >= self._look_at else 0
            beat = self._beat(now)
            self._log.flush()
            report = pending and (now >= self._report_at or not held)
            if now >= self._retry_at and (room or beat or report):
                self._step(room, beat, now)
            if now < max(self._retry_at, self._look_at) or (self._pool and self._pool.held):
                self._wake.wait(LOOK_AGAIN_S)
                self._wake.clear()

    def _room(self) -> int:
        return self._pool.room(AHEAD_S, BATCH) if self._pool else self._slots

    def _beat(self, now: float) -> "list[Attempt]":
        """Those whose lease is to be renewed, or whose progress is to be told."""
        if self._pool is None or now < min(self._beat_at, self._tell_at):
            return []
        self._tell_at = now + PROGRESS_WITHIN_S
        held = self._pool.leases()
        if now >= self._beat_at:
            return held
        return [attempt for attempt in held if attempt.job.told is not attempt.told]

    def _step(self, room: int, beat: "list[Attempt]", now: float) -> None:
        extend: dict[str, list[list[Any]]] = {}
        for attempt in beat:
            queue, job, read = attempt.key
            attempt.told = attempt.job.told
            extend.setdefault(queue, []).append([job, read, attempt.told])
        idle = self._watch and not (self._pool and self._pool.held)
        wait_s = WAIT_MS / 1000 if idle else 0.0
        if self._end_at is not None:
            wait_s = max(0.0, min(wait_s, self._end_at - now))
        try:
            # May be repeated after any failure: an outcome that arrives twice counts once.
            answer = self._rpc.call(
                "jobs_step",
                worker=self._worker,
                version=SCHEMA_VERSION,
                qty=room,
                vt=self._lease_s,
                done=self._done,
                fail=self._failed,
                extend=extend,
                wait_ms=int(wait_s * 1000),
                skip=self._pool.full_kinds if self._pool else [],
                places=self._places,
            )
        except (Unreachable, DatabaseDown) as error:
            self._bear(error)
            return
        if not (isinstance(answer, dict) and "schema" in answer):
            # A success that is none of ours: somebody else's server.
            raise NotSupabase(url=self._settings.url)
        if self._trouble_since is not None:
            self._log.info("database is back")
        self._answered, self._trouble_since, self._pause_s = True, None, 0.0
        self._done, self._failed = {}, {}
        if beat and now >= self._beat_at:
            self._beat_at = now + self._lease_s / 3
        self._places = answer["places"]
        self._accept(answer, room)

    def _accept(self, answer: dict[str, Any], room: int) -> None:
        if answer["schema"] != SCHEMA_VERSION:
            self._fail(schema_mismatch(answer["schema"], SCHEMA_VERSION))
            return
        for rule, fault in (answer["tick"] or {}).get("faults", {}).items():
            self._log.error("clock", rule=rule, error=fault)
        fired = self._fire(answer["schedules"]) if answer["schedules"] else 0
        if answer["jobs"] and self._pool is None:
            self._pool = self._new_pool()
        if self._pool is not None:
            if not self._pool.held:
                self._beat_at = time.monotonic() + self._lease_s / 3
            for queue, job, read in answer["lost"]:
                self._pool.lose((queue, job, read))
            for batch in answer["jobs"]:
                self._pool.add(batch["queue"], batch["claims"])
            if self._pool.stuck >= self._slots:
                self._fail(StuckJobs(count=self._pool.stuck))
        if room and not answer["jobs"] and (answer["busy"] or (self._pool and self._pool.held)):
            self._look_at = time.monotonic() + LOOK_AGAIN_S
        found = answer["jobs"] or answer["busy"] or fired
        self._dry = not self._watch and room > 0 and not found

    def _new_pool(self) -> "Pool":
        import gc

        from edge_jobs.api import Api
        from edge_jobs.telemetry import Telemetry
        from edge_jobs.worker import Pool

        self._rpc.hurry()
        # What is imported stays, and the jobs that wait are no garbage: the collector need not go
        # through them over and over.
        gc.freeze()
        gc.set_threshold(20_000)
        telemetry = Telemetry(self._settings.metrics_port)
        return Pool(self._slots, Api(self._settings), self._log, self._wake, telemetry)

    def _fire(self, schedules: list[dict[str, Any]]) -> int:
        """Queues the jobs of the schedules whose time has come. Returns how many."""
        queued = 0
        for schedule in schedules:
            try:
                queued += self._fire_one(schedule)
            except (Unreachable, DatabaseDown) as error:
                # Its time is still the one that is due: whoever looks next sees it.
                self._log.warning("schedule not fired", schedule=schedule["name"], error=str(error))
        return queued

    def _fire_one(self, schedule: dict[str, Any]) -> int:
        from datetime import UTC, datetime

        from edge_jobs.schedules import BadSchedule, plan

        def fire(**arguments: Any) -> int:
            name, expected_at = schedule["name"], schedule["next_at"]
            queued: int = self._rpc.call(
                "jobs_schedule_fire", name=name, expected_at=expected_at, **arguments
            )
            return queued

        try:
            wanted = plan(schedule, datetime.now(UTC))
            run_at = [moment.isoformat() for moment in wanted.run_at]
            return fire(run_at=run_at, next_at=wanted.next_at.isoformat())
        except (BadSchedule, Refused) as error:
            self._log.error("schedule paused", schedule=schedule["name"], error=str(error))
            return fire(run_at=[], next_at=None, error=str(error))

    def _take_outcomes(self) -> None:
        if self._pool is None:
            return
        outcomes = self._pool.collect()
        if not outcomes:
            return
        if not (self._done or self._failed):
            self._report_at = time.monotonic() + REPORT_WITHIN_S
        # The jobs may have queued others: what was dry need not be any more.
        self._dry, self._look_at = False, 0.0
        for key, outcome in outcomes:
            self._settle(key, outcome)
            self._counts[outcome["outcome"]] += 1

    def _give_back(self, *, running: bool) -> None:
        if self._pool is not None:
            for key in self._pool.give_back(running=running):
                self._settle(key, {"outcome": "snooze", "after_s": 0})

    def _settle(self, key: "Key", outcome: "Outcome") -> None:
        queue, job, read = key
        if outcome["outcome"] == "done":
            self._done.setdefault(queue, []).append(
                [job, read, outcome["ms"], outcome.get("result")]
            )
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


def ping() -> int:
    """Whether the project answers, takes the key, and has this program's schema; for health checks.
    Returns the exit code."""
    try:
        settings = Settings.load()
        theirs = Rpc(Connection(settings.url, settings.secret_key)).call("schema_version")
        if theirs != SCHEMA_VERSION:
            raise schema_mismatch(theirs, SCHEMA_VERSION)
    except FirmbaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
