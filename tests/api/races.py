"""Requests that meet in the database: held back by a lock until all of them wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg

Request = Callable[[], httpx.Response]


def race(
    superuser_url: str,
    lock: str,
    key: str,
    *requests: Request,
    meanwhile: str = "select",
    in_turn: bool = False,
) -> list[httpx.Response]:
    """Sends the requests so that each has begun before any of them can go on.

    Args:
        lock: a statement that locks the row they fight over, with one parameter, the key.
        meanwhile: what happens in the database while they wait.
        in_turn: whether each is sent only when the one before waits.
    """
    with (
        psycopg.connect(superuser_url) as holder,
        psycopg.connect(superuser_url, autocommit=True) as watcher,
        ThreadPoolExecutor(len(requests)) as pool,
    ):
        holder.execute(lock, (key,))
        answers = []
        for number, request in enumerate(requests, 1):
            answers.append(pool.submit(request))
            if in_turn:
                wait_for_waiters(watcher, holder.info.backend_pid, number)
        wait_for_waiters(watcher, holder.info.backend_pid, len(requests))
        holder.execute(meanwhile.encode())
        holder.commit()
        return [answer.result() for answer in answers]


def wait_for_waiters(watcher: psycopg.Connection[Any], holder: int, expected: int) -> None:
    query = """
        with recursive waiting (pid) as (
          select %s::integer
          union
          select a.pid
          from pg_stat_activity a
          join waiting w on w.pid = any (pg_blocking_pids(a.pid))
        )
        select count(*) - 1 from waiting
    """
    for _ in range(1000):
        row = watcher.execute(query, (holder,)).fetchone()
        if row and row[0] >= expected:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{expected} requests should wait for the lock; {row} do")


LOCK_FIRM = "select from public.firms where id = %s for update"
LOCK_CONTRACT = "select from public.contracts where id = %s for update"
