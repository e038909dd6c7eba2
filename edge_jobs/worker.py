"""Runs claimed jobs, in threads, in one loop or in processes, and collects what comes of them.

Imported with the first job, so that a look at empty queues stays cheap."""

import asyncio
import threading
import time
from collections import Counter, deque
from queue import SimpleQueue
from typing import Any

from edge_jobs import registry
from edge_jobs.api import Api
from edge_jobs.attempt import Attempt, Key, Outcome
from edge_jobs.log import Log
from edge_jobs.processes import Processes
from edge_jobs.registry import Handler, Job
from edge_jobs.telemetry import Telemetry

# Handlers that only wait, in one loop.
MOST_ASYNC = 200
# How often to look for attempts whose time is up, in seconds.
TIMEOUTS_EVERY_S = 0.1
# With other attempts waiting, the runner hears of so many that ended at once.
TELL_AT_ONCE = 100


class Pool:
    """`size` threads, a loop, and the attempts that wait for them or run in them.

    The runner's thread calls the methods; `_work` runs in the pool's threads and `_run_async` in
    the loop's. A thread cannot be ended from outside: one whose job ran out of time is replaced,
    and what it returns counts no more. A process can."""

    def __init__(
        self, size: int, api: Api, log: Log, wake: threading.Event, telemetry: Telemetry
    ) -> None:
        self.size = size
        # Threads whose job ran out of time and that have not come back.
        self.stuck = 0
        # Seconds a job takes, a moving average: how far ahead it is worth claiming.
        self.pace = 1.0
        self._api = api
        self._log = log
        self._wake = wake
        self._telemetry = telemetry
        self._processes = Processes(size)
        self._held: dict[Key, Attempt] = {}
        # Those of them that run, and whose outcome will not count.
        self._lost: set[Key] = set()
        self._waiting: SimpleQueue[Attempt] = SimpleQueue()
        self._ended: deque[tuple[Attempt, Outcome, float]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in_loop = 0
        self._time_out_at = 0.0
        # By kind, where the handler says how many may run here at once.
        self._running: Counter[str] = Counter()
        self._parked: dict[str, deque[Attempt]] = {}
        # Guards the moments where both sides decide what becomes of one attempt.
        self._lock = threading.Lock()
        for _ in range(size):
            self._start_thread()

    @property
    def held(self) -> int:
        """How many attempts wait or run."""
        return len(self._held)

    @property
    def counting(self) -> int:
        """How many of the attempts that are held will have an outcome that counts."""
        return len(self._held) - len(self._lost)

    @property
    def full_kinds(self) -> list[str]:
        """The kinds of which more are held than may run here."""
        return [kind for kind, parked in self._parked.items() if parked]

    def room(self, ahead_s: float, most: int) -> int:
        """How many jobs to claim, at most `most`: enough to keep the threads at work for so many
        seconds, and while the next ones are on their way."""
        if self._in_loop >= MOST_ASYNC:
            return 0
        ahead = int(self.size * ahead_s / max(self.pace, 1e-6))
        target = min(max(ahead, self.size), 2 * most)
        for_threads = len(self._held) - self._in_loop - sum(map(len, self._parked.values()))
        if for_threads == 0 and self._in_loop:
            # What came last only waits: take as many more as can wait beside it.
            target = max(target, min(self._in_loop, MOST_ASYNC - self._in_loop))
        if for_threads > target // 2 and for_threads >= self.size:
            return 0
        return min(target - for_threads, most)

    def add(self, queue: str, claim: list[Any]) -> None:
        number, read, message = claim
        kind, firm_id = str(message.get("kind", "")), message.get("firm_id")
        attempts = read - int(message.get("settled", 0)) + int(message.get("failures", 0))
        job_id = f"{queue.removeprefix('jobs_')}:{number}"
        job = Job(
            id=job_id,
            kind=kind,
            attempt=attempts,
            firm_id=firm_id,
            api=self._api,
            log=self._log.bind(job=job_id, kind=kind, firm=firm_id, attempt=attempts),
            state=message.get("state"),
            children=message.get("children"),
        )
        attempt = Attempt((queue, number, read), message, job)
        if attempt.key in self._held:
            # A server that lost its last commits, in a failover perhaps, made it again.
            return
        self._held[attempt.key] = attempt
        self._waiting.put(attempt)

    def leases(self) -> list[Attempt]:
        return [attempt for attempt in self._held.values() if not attempt.job.lost]

    def collect(self) -> list[tuple[Key, Outcome]]:
        """The outcomes since the last call that count, timeouts among them."""
        outcomes: list[tuple[Key, Outcome]] = []
        while self._ended:
            attempt, outcome, seconds = self._ended.popleft()
            if not (attempt.handler and attempt.handler.is_async):
                self.pace += (seconds - self.pace) * (0.5 if seconds > self.pace else 0.4)
            if attempt.abandoned:
                self.stuck -= 1
                continue
            self._forget(attempt)
            if not attempt.job.lost:
                outcomes.append((attempt.key, outcome))
        outcomes += self._time_out()
        return outcomes

    def _time_out(self) -> list[tuple[Key, Outcome]]:
        outcomes: list[tuple[Key, Outcome]] = []
        now = time.monotonic()
        if now < self._time_out_at:
            return outcomes
        self._time_out_at = now + TIMEOUTS_EVERY_S
        for attempt in [a for a in self._held.values() if (a.ends_at or now) < now]:
            if attempt.process:
                attempt.process.kill("timeout")
                continue
            counts = not attempt.job.lost
            if self._abandon(attempt) and counts:
                outcome = attempt.again("timeout", "The handler ran past its time limit.")
                attempt.job.log.warning("timeout", outcome=outcome["outcome"])
                self._telemetry.ended(attempt.job.kind, "timeout", 0)
                outcomes.append((attempt.key, outcome))
        return outcomes

    def lose(self, key: Key) -> None:
        """Another runner has this job by now, or it was cancelled: what comes of it here does not
        count."""
        if attempt := self._held.get(key):
            attempt.job.log.warning("lost")
            if not self._withdraw(attempt):
                self._drop(attempt)

    def give_back(self, *, running: bool) -> list[Key]:
        """Withdraws the attempts that have not started; with `running`, those that have too."""
        given: list[Key] = []
        for attempt in list(self._held.values()):
            if self._withdraw(attempt) or (running and not attempt.job.lost):
                self._drop(attempt)
                attempt.job.log.info("returned")
                given.append(attempt.key)
        return given

    def _forget(self, attempt: Attempt) -> None:
        del self._held[attempt.key]
        self._lost.discard(attempt.key)

    def _drop(self, attempt: Attempt) -> None:
        attempt.job.lost = True
        if attempt.key in self._held:
            self._lost.add(attempt.key)
        if process := attempt.process:
            process.kill("lost")

    def _withdraw(self, attempt: Attempt) -> bool:
        with self._lock:
            if attempt.started_at is not None:
                return False
            attempt.job.lost = True
        del self._held[attempt.key]
        return True

    def _abandon(self, attempt: Attempt) -> bool:
        with self._lock:
            if attempt.finished:
                return False
            attempt.job.lost = attempt.abandoned = True
            self._leave(attempt.job.kind)
        self._forget(attempt)
        self.stuck += 1
        self._start_thread()
        return True

    def _start_thread(self) -> None:
        # A daemon: a handler that never comes back must not keep the process alive.
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            attempt = self._waiting.get()
            handler = self._find(attempt)
            with self._lock:
                if attempt.job.lost:
                    self._call_parked(attempt.job.kind)
                    continue
                if not self._may_run(attempt, handler):
                    continue
                attempt.started_at = time.monotonic()
            if handler and handler.is_async and not attempt.suspect:
                asyncio.run_coroutine_threadsafe(self._run_async(attempt), self._running_loop())
                continue
            with self._telemetry.span(attempt):
                if attempt.suspect or (handler and handler.process):
                    attempt.ends_at = attempt.started_at + handler.timeout_s if handler else None
                    outcome = self._processes.run(attempt, handler)
                    attempt.ends_at = None
                else:
                    outcome = attempt.run()
            self._end(attempt, outcome)
            if attempt.abandoned:
                return

    async def _run_async(self, attempt: Attempt) -> None:
        start = time.monotonic()
        limit: asyncio.Timeout | None = None
        with self._telemetry.span(attempt):
            try:
                handler, payload = attempt.begin()
                async with asyncio.timeout(handler.timeout_s) as limit:
                    outcome = attempt.success(await handler.run(attempt.job, payload))  # type: ignore[misc]
            except BaseException as error:
                if isinstance(error, TimeoutError) and limit and limit.expired():
                    outcome = attempt.again("timeout", "The handler ran past its time limit.")
                else:
                    outcome = attempt.failure(error)
            outcome = attempt.report(outcome, time.monotonic() - start)
        self._end(attempt, outcome)

    def _end(self, attempt: Attempt, outcome: Outcome) -> None:
        started = attempt.started_at or 0.0
        seconds = time.monotonic() - started
        self._telemetry.ended(attempt.job.kind, outcome["outcome"], seconds)
        with self._lock:
            attempt.finished = True
            self._ended.append((attempt, outcome, seconds))
            if attempt.handler and attempt.handler.is_async:
                self._in_loop -= 1
            if not attempt.abandoned:
                self._leave(attempt.job.kind)
        if self._waiting.empty() or len(self._ended) >= TELL_AT_ONCE:
            self._wake.set()

    def _find(self, attempt: Attempt) -> Handler | None:
        try:
            attempt.handler = registry.find(attempt.job.kind)
        except Exception:
            # Its module does not load: the attempt meets the same error, and tells of it.
            attempt.handler = None
        return attempt.handler

    def _may_run(self, attempt: Attempt, handler: Handler | None) -> bool:
        """Counts it, or parks it until another of its kind has ended."""
        kind, most = attempt.job.kind, handler and handler.concurrency
        if most and self._running[kind] >= most:
            self._parked.setdefault(kind, deque()).append(attempt)
            return False
        if most:
            self._running[kind] += 1
        if handler and handler.is_async:
            self._in_loop += 1
        return True

    def _leave(self, kind: str) -> None:
        if self._running[kind] > 0:
            self._running[kind] -= 1
        self._call_parked(kind)

    def _call_parked(self, kind: str) -> None:
        if parked := self._parked.get(kind):
            self._waiting.put(parked.popleft())

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True).start()
            return self._loop
