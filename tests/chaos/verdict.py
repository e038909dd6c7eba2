"""The verdict: what must hold, asked of the database, and what happened, in numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

SHOWN = 10

# What the rules ask from: the jobs that are gone from their queue, with what they died of, null
# for those that are done; and outcomes and runs on a claim that the database does not know.
FACTS = """
with ended as (
  select p.*, o.attempt, o.worker, o.at, d.code
  from chaos.plan as p
  inner join chaos.outcomes as o on o.job = p.job and o.ended
  left join private.dead_jobs as d on substr(d.queue, 6) || ':' || d.msg_id = p.job
), unclaimed as (
  select 'outcome' as what, job, worker, at from chaos.outcomes as o
  where code is distinct from 'crash_loop' and not exists (
    select from chaos.claims as c
    where (c.job, c.attempt, c.worker) = (o.job, o.attempt, o.worker)
  )
  union all
  select 'run' as what, job, worker, at from chaos.runs as r
  where not exists (
    select from chaos.claims as c
    where (c.job, c.attempt, c.worker) = (r.job, r.attempt, r.worker)
  )
)
"""
# Each query names what breaks the rule.
RULES = {
    "queued for certain, but not there": """
        select 'batch ' || batch from jsonb_each_text(%(confirmed)s) as c (batch, jobs)
        where jobs::integer <> (select count(*) from chaos.plan as p where p.batch = c.batch::int)
    """,
    "neither queued nor ended": """
        select job from chaos.plan where job is not null
        except select job from ended
        except select job from chaos.queued
    """,
    "still queued": """
        select format('%%s (claimed %%s times, due at %%s)', job, read_ct, vt) from chaos.queued
    """,
    "a unique key is still held": "select kind || ' ' || key from private.job_keys",
    "ended twice": "select job from ended group by job having count(*) > 1",
    "an innocent died of others' crashes": """
        select job from ended where code = 'crash_loop' and fate <> 'poison'
    """,
    "came to another end than it was made for": """
        select format('%%s: %%s instead of %%s', job, coalesce(code, 'done'), fate) from ended
        where case fate when 'poison' then code is null else coalesce(code, 'done') <> fate end
          and code is distinct from 'crash_loop'
    """,
    "done, and its effect is not there exactly once": """
        select format('%%s: %%s times', ended.job, count(f.job))
        from ended left join chaos.effects as f using (number)
        where code is null group by ended.job having count(f.job) <> 1
    """,
    "an effect of a job that was not meant to have one": """
        select p.job from chaos.plan as p inner join chaos.effects using (number)
        where p.fate <> 'done'
    """,
    "done by a worker that had not done it": """
        select format('%%s by %%s', job, coalesce(worker, 'nobody')) from ended
        where code is null and not exists (
          select from chaos.runs as r
          where r.job = ended.job and r.attempt = ended.attempt and r.worker = ended.worker
            and r.effect and r.at <= ended.at
        )
    """,
    "run or settled by a worker that did not hold it": """
        select distinct format('%%s of %%s by %%s', what, job, coalesce(worker, 'nobody'))
        from unclaimed
    """,
    "claimed before the last lease was over": """
        select format('%%s by %%s', job, next) from (
          select *, lead(worker) over claims as next, lead(at) over claims as next_at
          from chaos.claims window claims as (partition by job order by read)
        ) as c
        where next_at < asked_at + make_interval(secs => %(lease_s)s)
          and not exists (select from chaos.outcomes as o where (o.job, o.read) = (c.job, c.read))
    """,
    "merged into a job that is not its like": """
        select p.number::text from chaos.plan as p
        where merged_into is not null and not exists (
          select from chaos.plan as o where (o.job, o.kind, o.key) = (p.merged_into, p.kind, p.key)
        )
    """,
    "two jobs at a time with one unique key": """
        select format('%%s before %%s', next, job) from (
          select job, at, lead(job) over keys as next, lead(enqueued_at) over keys as next_at
          from ended where key is not null
          window keys as (partition by key order by enqueued_at)
        ) as e
        where next_at < at
    """,
}

NUMBERS = {
    "jobs": "select count(job) from chaos.plan",
    "merged by a unique key": "select count(merged_into) from chaos.plan",
    "claims": "select count(*) from chaos.claims",
    "runs of a handler": "select count(*) from chaos.runs",
    "effects": "select count(*) from chaos.effects",
    "effects tried again": """
        select count(*) filter (where effect) - count(distinct job) filter (where effect)
        from chaos.runs
    """,
    "dead by code": """
        select coalesce(jsonb_object_agg(code, jobs), '{}') from (
          select code, count(*) as jobs from ended where code is not null group by code
        ) as codes
    """,
    "innocents dead as crash_loop": """
        select count(*) from ended where code = 'crash_loop' and fate <> 'poison'
    """,
    # In the queues behind the first one this includes the wait until all before it is done.
    "longest time without news of a claimed job, s": """
        select jsonb_object_agg(queue, seconds) from (
          select split_part(job, ':', 1) as queue, round(extract(epoch from max(gap)), 1) as seconds
          from (
            select job, lead(at) over (partition by job order by at) - at as gap from (
              select job, at from chaos.claims union all select job, at from chaos.outcomes
            ) as events
          ) as gaps
          group by queue
        ) as queues
    """,
}


@dataclass
class Verdict:
    """`violations`: what broke each rule; empty if nothing did."""

    facts: dict[str, Any]
    violations: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {**self.facts, "violations": self.violations}

    def __str__(self) -> str:
        width = max(map(len, self.facts)) + 2
        lines = [f"{name:<{width}}{_words(fact)}" for name, fact in self.facts.items()]
        for rule, broken in self.violations.items():
            more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
            lines.append(f"VIOLATED: {rule}: {', '.join(broken[:SHOWN])}{more}")
        return "\n".join([*lines, "" if self.violations else "Nothing was violated."])


def judge(
    db: psycopg.Connection[Any],
    facts: Mapping[str, Any],
    *,
    confirmed: Mapping[int, int],
    lease_s: float,
) -> Verdict:
    """`confirmed`: how many jobs each batch has."""
    arguments = {"confirmed": json.dumps(confirmed), "lease_s": lease_s}

    def ask(query: str) -> list[Any]:
        return [value for (value,) in db.execute(FACTS + query, arguments)]

    numbers = {name: ask(query)[0] for name, query in NUMBERS.items()}
    broken = {rule: ask(query) for rule, query in RULES.items()}
    return Verdict({**facts, **numbers}, {rule: ids for rule, ids in broken.items() if ids})


def _words(fact: Any) -> str:
    if isinstance(fact, Mapping):
        return ", ".join(f"{name}: {count}" for name, count in sorted(fact.items())) or "none"
    return str(fact)
