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
# How long after its time a coroutine that was told to stop may hold on, in seconds.
LINGER_S = 2
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
        # Jobs that ran out of time and have not come back from their thread, or their loop.
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
        # Those that wait, and those that run: the thread that pops an attempt decides what becomes
        # of it. With a lock for each job, threads would soon queue for it, one job per turn.
        self._waiting: dict[Attempt, bool] = {}
        self._running: dict[Attempt, bool] = {}
        self._next: SimpleQueue[Attempt] = SimpleQueue()
        self._ended: deque[tuple[Attempt, Outcome, float]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in_loop: set[Attempt] = set()
        self._time_out_at = 0.0
        # By kind, where the handler says how many may run here at once.
        self._places: Counter[str] = Counter()
        self._parked: dict[str, deque[Attempt]] = {}
        # Guards these two, and the start of the loop.
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
        return [kind for kind, parked in list(self._parked.items()) if parked]

    def room(self, ahead_s: float, most: int) -> int:
        """How many jobs to claim, at most `most`: enough to keep the threads at work for so many
        seconds, and while the next ones are on their way."""
        in_loop = len(self._in_loop)
        if in_loop >= MOST_ASYNC:
            return 0
        ahead = int(self.size * ahead_s / max(self.pace, 1e-6))
        target = min(max(ahead, self.size), 2 * most)
        for_threads = len(self._held) - in_loop - sum(map(len, self._parked.values()))
        if for_threads == 0 and in_loop:
            # What came last only waits: take as many more as can wait beside it.
            target = max(target, min(in_loop, MOST_ASYNC - in_loop))
        if for_threads > target // 2 and for_threads >= self.size:
            return 0
        return min(target - for_threads, most)

    def add(self, queue: str, claims: list[list[Any]]) -> None:
        name = queue.removeprefix("jobs_")
        for number, read, message in claims:
            key = (queue, number, read)
            if key in self._held:
                # A server that lost its last commits, in a failover perhaps, made it again.
                continue
            job_id, kind = f"{name}:{number}", str(message.get("kind", ""))
            firm_id = message.get("firm_id")
            runs = read - int(message.get("settled", 0))
            failed = int(message.get("failures", 0))
            log = self._log.bind(job=job_id, kind=kind, firm=firm_id, attempt=runs + failed)
            state, children = message.get("state"), message.get("children")
            job = Job(job_id, kind, runs + failed, firm_id, self._api, log, state, children)
            suspect = runs > 1 or _crashed(message.get("history"))
            attempt = self._held[key] = Attempt(key, message, job, suspect)
            self._waiting[attempt] = True
            self._next.put(attempt)

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
            del self._held[attempt.key]
            if attempt.job.lost:
                self._lost.discard(attempt.key)
            else:
                outcomes.append((attempt.key, outcome))
        now = time.monotonic()
        if now >= self._time_out_at:
            self._time_out_at = now + TIMEOUTS_EVERY_S
            outcomes += self._time_out(now)
        return outcomes

    def _time_out(self, now: float) -> list[tuple[Key, Outcome]]:
        outcomes: list[tuple[Key, Outcome]] = []
        for attempt in [a for a in list(self._running) if (a.ends_at or now) < now]:
            counts = not attempt.job.lost
            if self._processes.kill(attempt, "timeout") or not self._abandon(attempt):
                continue
            if counts:
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

    def _drop(self, attempt: Attempt) -> None:
        attempt.job.lost = True
        if attempt.key in self._held:
            self._lost.add(attempt.key)
        self._processes.kill(attempt, "lost")

    def _withdraw(self, attempt: Attempt) -> bool:
        if not self._waiting.pop(attempt, False):
            return False
        attempt.job.lost = True
        del self._held[attempt.key]
        return True

    def _abandon(self, attempt: Attempt) -> bool:
        if not self._running.pop(attempt, False):
            return False
        attempt.job.lost = attempt.abandoned = True
        self._leave(attempt)
        del self._held[attempt.key]
        self._lost.discard(attempt.key)
        self.stuck += 1
        if attempt in self._in_loop:
            self._in_loop.discard(attempt)
        else:
            self._start_thread()
        return True

    def _start_thread(self) -> None:
        # A daemon: a handler that never comes back must not keep the process alive.
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            attempt = self._next.get()
            handler = attempt.handler = self._find(attempt.job.kind)
            if handler and handler.concurrency and not self._enter(attempt, handler.concurrency):
                continue
            if not self._waiting.pop(attempt, False):
                self._leave(attempt)
                continue
            attempt.started_at = time.monotonic()
            self._running[attempt] = True
            if handler and handler.is_async and not attempt.suspect:
                # Its own limit ends it before, unless it does not listen or blocks the loop.
                attempt.ends_at = attempt.started_at + handler.timeout_s + LINGER_S
                self._in_loop.add(attempt)
                asyncio.run_coroutine_threadsafe(self._run_async(attempt), self._running_loop())
                continue
            with self._telemetry.span(attempt):
                if attempt.suspect or (handler and handler.process):
                    attempt.ends_at = attempt.started_at + handler.timeout_s if handler else None
                    outcome = self._processes.run(attempt, handler)
                    attempt.ends_at = None
                else:
                    outcome = attempt.run()
            if not self._end(attempt, outcome):
                # Another thread took its place.
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
        self._in_loop.discard(attempt)
        self._end(attempt, outcome)

    def _end(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Whether its time was not up before."""
        seconds = time.monotonic() - attempt.started_at
        self._telemetry.ended(attempt.job.kind, outcome["outcome"], seconds)
        in_time = self._running.pop(attempt, False)
        if in_time:
            self._leave(attempt)
        self._ended.append((attempt, outcome, seconds))
        if not self._wake.is_set() and (self._next.empty() or len(self._ended) >= TELL_AT_ONCE):
            self._wake.set()
        return in_time

    def _find(self, kind: str) -> Handler | None:
        try:
            return registry.find(kind)
        except Exception:
            # Its module does not load: the attempt meets the same error, and tells of it.
            return None

    def _enter(self, attempt: Attempt, most: int) -> bool:
        """Counts it, or parks it until another of its kind has ended."""
        kind = attempt.job.kind
        with self._lock:
            if self._places[kind] < most:
                self._places[kind] += 1
                return True
            self._parked.setdefault(kind, deque()).append(attempt)
            return False

    def _leave(self, attempt: Attempt) -> None:
        """Makes room for the next of its kind."""
        if attempt.handler and attempt.handler.concurrency:
            kind = attempt.job.kind
            with self._lock:
                self._places[kind] = max(0, self._places[kind] - 1)
                if parked := self._parked.get(kind):
                    self._next.put(parked.popleft())

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True).start()
            return self._loop


def _crashed(history: list[dict[str, Any]] | None) -> bool:
    return history is not None and any(past["code"] == "crashed" for past in history)
