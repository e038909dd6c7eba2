"""The measurements that are the same for every system."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from bench.jobs.crew import PATIENCE_S, at_work, environment, tell
from bench.jobs.systems import OURS, System
from bench.report import Run, time_once

WORKERS = 2
WARM_UP = 10
IDLE_ROUNDS = 10
FLOOD = 100_000
BEHIND_FLOOD = 10


class JobsLeft(Exception):
    """A system's workers did not get through its jobs in time."""


@dataclass(kw_only=True)
class Measured:
    """One system's figures; an empty list is one that was not taken."""

    bulk: list[float] = field(default_factory=list)  # jobs a second, one for each round
    single: list[float] = field(default_factory=list)
    drain: list[float] = field(default_factory=list)
    behind_million: float | None = None
    waited_ms: list[float] = field(default_factory=list)
    behind_flood_ms: list[float] = field(default_factory=list)
    idle: Run | None = None
    megabytes: list[float] = field(default_factory=list)  # after few and after many jobs


def fill_and_drain(system: System, measured: Measured) -> None:
    """One round: queues jobs at once and one by one, then lets the workers at them."""
    size = system.size
    execute(system, system.before)
    measured.bulk.append(size.drain / tell(system, "bulk", size.drain))
    measured.single.append(size.single / tell(system, "single", size.single))
    measured.drain.append(drain(system, size.drain + size.single))


def behind_million(system: System) -> float:
    """Jobs a second with a million finished ones in the tables, where the system keeps them."""
    execute(system, system.before)
    execute(system, system.finished)
    tell(system, "bulk", system.size.drain)
    return drain(system, system.size.drain)


def drain(system: System, jobs: int) -> float:
    """Jobs a second, from the first handler to the last acknowledgement; on Redis, where nobody
    can see that, to the last handler."""
    # What autovacuum would do in time, for all alike.
    execute(system, "vacuum analyze")
    with at_work(system, WORKERS) as crew:
        crew.wait_for(jobs)
        settled = wait_until_settled(system)
        return jobs / (max(crew.last, settled) - crew.first)


def wait_until_settled(system: System) -> float:
    """The moment the last job is off the tables, in seconds since 1970; 0 on Redis."""
    if system.database is None:
        return 0.0
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(system.database, autocommit=True) as database:
        while database.execute(system.left.encode()).fetchone() != (False,):
            if time.monotonic() > deadline:
                raise JobsLeft(f"{system.name}: jobs were left")
            time.sleep(0.002)
    return time.time()


def execute(system: System, statements: str) -> None:
    if statements and system.database:
        with psycopg.connect(system.database, autocommit=True) as database:
            database.execute(statements.encode())


def pick_up(system: System) -> list[float]:
    """Milliseconds from before the call that queues a job to the start of its handler, in an idle
    worker that has handled a few before."""
    pings = system.size.ping + WARM_UP
    execute(system, system.before)
    with at_work(system, 1) as crew:
        crew.wait_until_ready()
        time.sleep(1)
        tell(system, "ping", pings)
        crew.wait_for(pings)
        return crew.waited[WARM_UP:]


def behind_flood(system: System) -> list[float]:
    """Milliseconds until single jobs start that are queued while the workers are in a flood: of one
    other firm, where the system knows firms."""
    execute(system, system.before)
    tell(system, "flood" if system.name == OURS else "bulk", FLOOD)
    execute(system, "vacuum analyze")
    with at_work(system, WORKERS) as crew:
        crew.wait_for(1)
        tell(system, "ping", BEHIND_FLOOD)
        crew.wait_for(FLOOD + BEHIND_FLOOD)
        return crew.waited


def look_once(systems: Sequence[System]) -> dict[str, Run]:
    """What it costs to start, find nothing and end, for the systems that can; in turn, so that a
    noisy moment hits all of them alike."""
    able = [system for system in systems if system.idle]
    samples: dict[str, list[tuple[float, float]]] = {system.name: [] for system in able}
    for _ in range(IDLE_ROUNDS):
        for system in able:
            samples[system.name].append(time_once(system.idle, environment(system)))
    return {
        name: Run(*map(statistics.median, zip(*taken, strict=True)))
        for name, taken in samples.items()
    }


def memory(system: System, *points: int) -> list[float]:
    """Megabytes a worker holds after it has done so many jobs in all, for each of the points."""
    found: list[float] = []
    done = 0
    with at_work(system, 1) as crew:
        for point in points:
            tell(system, "bulk", point - done)
            done = point
            crew.wait_for(done)
            wait_until_settled(system)
            found.append(crew.workers[0].megabytes())
    return found
