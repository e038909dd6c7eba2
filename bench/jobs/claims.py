"""Our claim against pgmq.read, on the same queue: a hundred thousand jobs that are not due lie
before the ones that are."""

import time
from functools import partial
from typing import Any

import psycopg

from bench.jobs.systems import System
from bench.report import Times, time_calls
from edge_jobs import SCHEMA_VERSION

DELAYED = 100_000
BATCH = 100
ROUNDS = 30
SECONDS = 20.0

JOBS_STEP, READ = "jobs_step", "pgmq.read"
FULL, EMPTY = f"{BATCH}", "none"

# As many for each of ten firms.
ENQUEUE = """
select public.jobs_enqueue(
  'bench.noop', (select jsonb_agg(jsonb_build_object()) from generate_series(1, %s / 10)),
  lpad(n::text, 32, '0')::uuid, delay_s => %s)
from generate_series(1, 10) as n
"""
CLAIM = {
    JOBS_STEP: """
        select public.jobs_step('bench', %(version)s, queues => '{jobs_default}', qty => %(batch)s)
    """,
    READ: "select msg_id, read_ct, message from pgmq.read('jobs_default', 30, %(batch)s)",
}


def behind_delayed(system: System, delayed: int = DELAYED) -> dict[tuple[str, str], Times]:
    """By who claims and how much is there; nothing else may be in the queue. Leaves it empty."""
    with psycopg.connect(system.database or "", autocommit=True) as database:
        database.execute(ENQUEUE, [delayed, 3600])
        database.execute("vacuum analyze pgmq.q_jobs_default")
        times = time_calls(
            {
                (who, what): partial(claim, database, who, what)
                for who in (JOBS_STEP, READ)
                for what in (FULL, EMPTY)
            },
            rounds=ROUNDS,
            seconds=SECONDS,
        )
        database.execute("truncate pgmq.q_jobs_default")
    return times


def claim(database: psycopg.Connection[Any], who: str, what: str) -> float:
    """Milliseconds until the claimed jobs are here. What was claimed is gone afterwards."""
    wanted = BATCH if what == FULL else 0
    if wanted:
        database.execute(ENQUEUE, [wanted, 0])
    values = {"version": SCHEMA_VERSION, "batch": BATCH}
    begun = time.perf_counter()
    claimed: list[Any] = database.execute(CLAIM[who].encode(), values).fetchall()
    if who == JOBS_STEP:
        claimed = [job for part in claimed[0][0]["jobs"] for job in part["claims"]]
    taken = (time.perf_counter() - begun) * 1000
    if len(claimed) != wanted:
        raise RuntimeError(f"{who} claimed {len(claimed)} instead of {wanted}.")
    database.execute("delete from pgmq.q_jobs_default where read_ct > 0")
    return taken
