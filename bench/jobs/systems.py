"""The systems side by side: their programs, their sizes, and what the bench must know of each."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bench.jobs.install import NODE, PROGRAMS, PYTHON
from cli.local.config import Config

OURS, NO_FIRMS, SYNCHRONOUS = "ours, 10 firms", "ours, no firms", "ours, synchronous acks"
PGMQ, PROCRASTINATE, CELERY = "raw pgmq", "procrastinate", "Celery + Redis"
BULLMQ, GRAPHILE, PG_BOSS = "BullMQ + Redis", "graphile-worker", "pg-boss"


@dataclass(frozen=True)
class Size:
    """How many jobs of each sort a system gets."""

    drain: int
    single: int = 1_000
    ping: int = 100
    rounds: int = 3


@dataclass(frozen=True)
class System:
    name: str
    program: tuple[str, ...]
    env: Mapping[str, str]
    size: Size
    database: str | None = None  # its URL for a superuser; None on Redis
    left: str = ""  # whether there are jobs that are not settled, in SQL
    before: str = ""  # SQL ahead of each round
    finished: str = ""  # SQL that adds a million finished jobs, where a system keeps them
    idle: tuple[str, ...] = ()  # the command that looks for jobs once


# The function as it is but for this one setting, there and back.
ACKS = """
do $$
declare
  setting constant text := '''synchronous_commit'', ''%s''';
  changed constant text := regexp_replace(
    pg_get_functiondef('private.jobs_step'::regproc), '''synchronous_commit'', ''\\w+''', setting);
begin
  assert strpos(changed, setting) > 0;
  execute changed;
end
$$
"""

FINISHED_OURS = """
insert into private.finished_jobs (
  queue, msg_id, kind, firm_id, result, attempts, seconds, enqueued_at, finished_at
)
select 'jobs_default', -n, 'bench.noop', gen_random_uuid(), '{}', 1, 0.01, now(), now()
from generate_series(1, 1000000) as n
"""
FINISHED_PROCRASTINATE = """
set session_replication_role = replica;
insert into procrastinate_jobs (queue_name, task_name, args, status, attempts)
select 'default', 'noop', '{}', 'succeeded', 1 from generate_series(1, 1000000);
reset session_replication_role
"""
FINISHED_PG_BOSS = """
insert into pgboss.job (name, data, state, policy, started_on, completed_on)
select 'noop', '{}', 'completed', 'standard', now(), now() from generate_series(1, 1000000)
"""


def ours(config: Config, size: Size) -> list[System]:
    def system(name: str, *, firms: int = 10, acks: str = "off", finished: str = "") -> System:
        return System(
            name,
            (sys.executable, str(PROGRAMS / "ours.py")),
            config.environment() | {"FIRMS": str(firms)},
            size,
            config.database_url("supabase_admin"),
            "select exists (select from pgmq.q_jobs_default)",
            before=ACKS % acks,
            finished=finished,
            idle=(sys.executable, "-m", "edge_jobs", "run"),
        )

    return [
        system(OURS, finished=FINISHED_OURS),
        system(NO_FIRMS, firms=0),
        system(SYNCHRONOUS, acks="on"),
    ]


def on_postgres(config: Config) -> list[System]:
    def system(
        name: str, python: str, program: str, size: Size, left: str, finished: str = ""
    ) -> System:
        database = "bench_" + name.replace("-", "_").replace(" ", "_")
        url = config.database_url("supabase_admin", database)
        command = (python, str(PROGRAMS / program))
        idle = (*command, "idle") if name in (PROCRASTINATE, GRAPHILE) else ()
        env = {"DATABASE_URL": url}
        return System(name, command, env, size, url, left, finished=finished, idle=idle)

    return [
        system(
            PGMQ,
            sys.executable,
            "with_pgmq.py",
            Size(20_000),
            "select exists (select from pgmq.q_noop)",
        ),
        system(
            PROCRASTINATE,
            str(PYTHON),
            "with_procrastinate.py",
            Size(2_500),
            "select exists (select from procrastinate_jobs where status in ('todo', 'doing'))",
            FINISHED_PROCRASTINATE,
        ),
        system(
            GRAPHILE,
            str(NODE),
            "with_graphile_worker.mjs",
            Size(20_000),
            "select exists (select from graphile_worker._private_jobs)",
        ),
        system(
            PG_BOSS,
            str(NODE),
            "with_pg_boss.mjs",
            Size(20_000),
            "select exists (select from pgboss.job where name = 'noop' and state < 'completed')",
            FINISHED_PG_BOSS,
        ),
    ]


def on_redis(url: str) -> list[System]:
    env = {"REDIS_URL": url}
    return [
        System(CELERY, (str(PYTHON), str(PROGRAMS / "with_celery.py")), env, Size(4_000)),
        System(BULLMQ, (str(NODE), str(PROGRAMS / "with_bullmq.mjs")), env, Size(20_000)),
    ]
