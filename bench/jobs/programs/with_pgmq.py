"""The bare queue by psycopg: what read and delete in batches of a hundred can do, and no more."""

import os
import time
from typing import Any

import psycopg
from protocol import Tally, main, rests, say, timed
from psycopg.types.json import Jsonb

BATCH = 100
LEASE_S = 30
POLL_S = 0.02


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def prepare() -> None:
    with connect() as database:
        database.execute("create extension if not exists pgmq")
        database.execute("select pgmq.create('noop')")


def bulk(jobs: int) -> None:
    with connect() as database:
        messages = [Jsonb({})] * jobs
        timed(lambda: database.execute("select pgmq.send_batch('noop', %s)", [messages]))


def send(database: psycopg.Connection[Any], message: dict[str, Any]) -> object:
    return database.execute("select pgmq.send('noop', %s)", [Jsonb(message)])


def single(jobs: int) -> None:
    with connect() as database:
        timed(lambda: [send(database, {}) for _ in range(jobs)])


def ping(jobs: int) -> None:
    with connect() as database:
        for rest in rests(jobs):
            send(database, {"sent": time.time()})
            time.sleep(rest)


def work() -> None:
    tally = Tally()
    with connect() as database:
        say(ready=True)
        while True:
            found = database.execute(
                "select msg_id, message from pgmq.read('noop', %s, %s)", [LEASE_S, BATCH]
            ).fetchall()
            for _, message in found:
                tally.begin(message.get("sent"))
            if found:
                ids = [msg_id for msg_id, _ in found]
                database.execute("select pgmq.delete('noop', %s)", [ids])
            else:
                time.sleep(POLL_S)


main(prepare=prepare, bulk=bulk, single=single, ping=ping, work=work)
