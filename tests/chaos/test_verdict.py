"""The verdict sees what is wrong in a ledger: a battle without a violation means something."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cli.schema.build import build_from_sql, database_of, scratch, with_database
from tests.chaos.battle import LEDGER
from tests.chaos.verdict import RULES, judge
from tests.conftest import RunningStack

Db = psycopg.Connection[Any]

# Two jobs with one key after the other, a third that was merged into the second, and one that was
# refused; all as it should be.
SOUND = """
insert into chaos.plan (number, batch, kind, fate, key, job, merged_into, enqueued_at) values
  (1, 0, 'chaos.work', 'done', 'k', 'default:1', null, '2026-01-01 10:00:00'),
  (2, 0, 'chaos.work', 'done', 'k', 'default:2', null, '2026-01-01 11:00:00'),
  (3, 0, 'chaos.work', 'done', 'k', null, 'default:2', '2026-01-01 11:00:01'),
  (4, 0, 'chaos.refuse', 'refused', null, 'low:1', null, '2026-01-01 11:00:00');
insert into chaos.claims (job, read, attempt, worker, asked_at, at) values
  ('default:1', 2, 2, 'ada', '2026-01-01 10:00:20', '2026-01-01 10:00:20'),
  ('default:2', 1, 1, 'ben', '2026-01-01 11:00:01', '2026-01-01 11:00:01'),
  ('low:1', 1, 1, 'ben', '2026-01-01 11:00:01', '2026-01-01 11:00:01');
insert into chaos.runs (number, job, attempt, worker, effect, at) values
  (1, 'default:1', 2, 'ada', true, '2026-01-01 10:00:21'),
  (2, 'default:2', 1, 'ben', true, '2026-01-01 11:00:02'),
  (4, 'low:1', 1, 'ben', false, '2026-01-01 11:00:02');
insert into chaos.effects (job, number) values ('default:1', 1), ('default:2', 2);
insert into chaos.outcomes (job, read, attempt, worker, code, ended, at) values
  ('default:1', 2, 2, 'ada', null, true, '2026-01-01 10:00:22'),
  ('default:2', 1, 1, 'ben', null, true, '2026-01-01 11:00:03'),
  ('low:1', 1, 1, 'ben', 'refused', false, '2026-01-01 11:00:03'),
  ('low:1', 1, 1, 'ben', 'refused', true, '2026-01-01 11:00:03');
insert into private.dead_jobs
  (queue, msg_id, kind, payload, code, error, attempts, history, enqueued_at)
values ('jobs_low', 1, 'chaos.refuse', '{}', 'refused', '', 1, '[]', '2026-01-01 11:00:00');
"""
WRONGS = {
    "queued for certain, but not there": "delete from chaos.plan where number = 3",
    "neither queued nor ended": "delete from chaos.outcomes where job = 'default:1'",
    "still queued": "select pgmq.send('jobs_low', '{}')",
    "a unique key is still held": (
        "insert into private.job_keys (kind, key, queue) values ('chaos.work', 'k', 'jobs_low')"
    ),
    "ended twice": "insert into chaos.outcomes select * from chaos.outcomes where ended",
    "an innocent died of others' crashes": "update private.dead_jobs set code = 'crash_loop'",
    "came to another end than it was made for": "update private.dead_jobs set code = 'other'",
    "done, and its effect is not there exactly once": (
        "insert into chaos.effects (job, number) values ('default:3', 1)"
    ),
    "an effect of a job that was not meant to have one": (
        "insert into chaos.effects (job, number) values ('low:1', 4)"
    ),
    "done by a worker that had not done it": (
        "update chaos.runs set effect = false where number = 1"
    ),
    "run or settled by a worker that did not hold it": (
        "update chaos.outcomes set worker = 'ada' where job = 'low:1'"
    ),
    "claimed before the last lease was over": (
        "insert into chaos.claims (job, read, attempt, worker, asked_at, at)"
        " values ('default:1', 1, 1, 'ben', '2026-01-01 10:00:18', '2026-01-01 10:00:18')"
    ),
    "merged into a job that is not its like": (
        "update chaos.plan set merged_into = 'low:1' where number = 3"
    ),
    "two jobs at a time with one unique key": (
        "update chaos.plan set enqueued_at = '2026-01-01 10:00:10' where number = 2"
    ),
}


def violations(db: Db) -> dict[str, list[str]]:
    return judge(db, {}, confirmed={0: 4}, lease_s=5).violations


@pytest.fixture(scope="module")
def ledger(stack: RunningStack) -> Iterator[Db]:
    with scratch(stack.db_url) as url:
        build_from_sql(url)
        copy = with_database(stack.superuser_url, database_of(url))
        with psycopg.connect(copy, autocommit=True) as db:
            db.execute("set timezone = 'UTC'")
            db.execute(LEDGER.read_text())
            yield db


@pytest.fixture
def db(ledger: Db) -> Iterator[Db]:
    with ledger.transaction(force_rollback=True):
        ledger.execute(SOUND)
        yield ledger


def test_nothing_is_wrong_where_all_is_well(db: Db) -> None:
    assert violations(db) == {}


@pytest.mark.parametrize("rule", RULES)
def test_it_sees_what_is_wrong(db: Db, rule: str) -> None:
    db.execute(WRONGS[rule])
    assert rule in violations(db)
