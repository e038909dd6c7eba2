"""The table, the goals and the notes, from what was measured."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.jobs.claims import DELAYED, EMPTY, FULL, JOBS_STEP, READ
from bench.jobs.measure import FLOOD, Measured
from bench.jobs.systems import BULLMQ, CELERY, GRAPHILE, OURS, PG_BOSS, PGMQ, PROCRASTINATE, System
from bench.report import Goal, Result, Times

COLUMNS = (
    *("system", "jobs", "bulk/s", "single/s", "drain/s", "behind 1M finished"),
    *("pick-up ms", "p95", "idle run ms", "cpu ms", "MB"),
)
TERMS = (
    "Two workers each, medians of the rounds. Postgres for all: one server, fsync and",
    "synchronous_commit on; ours claims with it and acknowledges without, but for the row that",
    "says so. Redis keeps everything in memory only, and is so far less durable than Postgres.",
)
FEW, MANY = 1_000, 100_000


@dataclass(frozen=True)
class Findings:
    systems: Sequence[System]
    measured: Mapping[str, Measured]
    claims: Mapping[tuple[str, str], Times]


def result(found: Findings, missing: Mapping[str, str], chart: Path) -> Result:
    return Result(
        columns=COLUMNS,
        rows=[
            *(row(system, found.measured[system.name]) for system in found.systems),
            *([name, *["–"] * (len(COLUMNS) - 1)] for name in missing),
        ],
        goals=goals(found),
        notes=[
            *TERMS,
            *(f"{name} is missing: {why}" for name, why in missing.items()),
            *(
                f"A claim of {what} behind {DELAYED:,} delayed jobs: "
                f"ours {found.claims[JOBS_STEP, what].median_ms:.2f} ms, "
                f"pgmq.read {found.claims[READ, what].median_ms:.2f} ms"
                for what in (FULL, EMPTY)
            ),
            *(
                f"A job behind a flood of {FLOOD:,}, {name}: "
                f"{statistics.median(of.behind_flood_ms):,.0f} ms, "
                f"at most {max(of.behind_flood_ms):,.0f} ms"
                for name, of in found.measured.items()
                if of.behind_flood_ms
            ),
            f"MB: a runner after {FEW:,} and after {MANY:,} jobs",
            f"Chart: {chart}",
        ],
    )


def row(system: System, of: Measured) -> list[str]:
    waited = Times.of(of.waited_ms)
    return [
        system.name,
        f"{system.size.drain:,}",
        *(f"{statistics.median(rates):,.0f}" for rates in (of.bulk, of.single, of.drain)),
        f"{of.behind_million:,.0f}" if of.behind_million else "–",
        f"{waited.median_ms:.1f}",
        f"{waited.p95_ms:.1f}",
        *([f"{of.idle.wall_ms:.0f}", f"{of.idle.cpu_ms:.0f}"] if of.idle else ["–", "–"]),
        " → ".join(f"{megabytes:.0f}" for megabytes in of.megabytes) or "–",
    ]


def goals(found: Findings) -> list[Goal]:
    own = found.measured[OURS]

    def over(peer: str, figure: Callable[[Measured], float]) -> float:
        """Ours ÷ theirs."""
        theirs = found.measured.get(peer)
        return figure(own) / figure(theirs) if theirs else math.nan

    drains = {PROCRASTINATE: 20, CELERY: 10, BULLMQ: 3, GRAPHILE: 1.3, PG_BOSS: 1.3, PGMQ: 2}
    # The bare queue has no jobs, keys or checks: it is the limit here, not a peer.
    bulks = [over(peer, bulk) for peer in drains if peer != PGMQ]
    few, many = own.megabytes
    return [
        *(
            Goal(f"drain, ours ÷ {peer}", over(peer, drain), at_least=least)
            for peer, least in drains.items()
        ),
        *(
            Goal(
                f"claim of {what} behind {DELAYED:,} delayed, pgmq.read ÷ ours",
                found.claims[READ, what].median_ms / found.claims[JOBS_STEP, what].median_ms,
                at_least=10,
            )
            for what in (FULL, EMPTY)
        ),
        Goal(
            "bulk enqueue, ours ÷ the best peer",
            math.nan if any(map(math.isnan, bulks)) else min(bulks),
            at_least=2,
        ),
        Goal("single enqueue, ours ÷ procrastinate", over(PROCRASTINATE, single), at_least=0.7),
        Goal("pick-up, ours ÷ procrastinate", over(PROCRASTINATE, waited), at_most=1.5),
        Goal("idle run, cpu, ours ÷ procrastinate", over(PROCRASTINATE, idle_cpu), at_most=0.3),
        Goal(f"memory, after {MANY:,} ÷ after {FEW:,}", many / few, at_most=1.2),
    ]


def drain(of: Measured) -> float:
    return statistics.median(of.drain)


def bulk(of: Measured) -> float:
    return statistics.median(of.bulk)


def single(of: Measured) -> float:
    return statistics.median(of.single)


def waited(of: Measured) -> float:
    return statistics.median(of.waited_ms)


def idle_cpu(of: Measured) -> float:
    return of.idle.cpu_ms if of.idle else math.nan
