"""Procrastinate, with the settings its guides give for many short jobs."""

import asyncio
import os
import time

import procrastinate
from protocol import Tally, main, rests, say, timed

CONCURRENCY = 20

tally: Tally


def app(connector: procrastinate.BaseConnector) -> procrastinate.App:
    made = procrastinate.App(connector=connector)
    made.task(noop, name="noop")
    return made


async def noop(sent: "float | None" = None) -> None:
    tally.begin(sent)


def blocking() -> procrastinate.App:
    return app(procrastinate.SyncPsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


def asynchronous(size: int) -> procrastinate.App:
    url = os.environ["DATABASE_URL"]
    return app(procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=size))


def prepare() -> None:
    with blocking().open() as opened:
        opened.schema_manager.apply_schema()


def bulk(jobs: int) -> None:
    with blocking().open() as opened:
        noop = opened.tasks["noop"]
        timed(lambda: noop.batch_defer(*({} for _ in range(jobs))))


def single(jobs: int) -> None:
    with blocking().open() as opened:
        noop = opened.tasks["noop"]
        timed(lambda: [noop.defer() for _ in range(jobs)])


def ping(jobs: int) -> None:
    with blocking().open() as opened:
        for rest in rests(jobs):
            opened.tasks["noop"].defer(sent=time.time())
            time.sleep(rest)


def work() -> None:
    global tally
    tally = Tally()

    async def serve() -> None:
        async with asynchronous(CONCURRENCY).open_async() as opened:
            say(ready=True)
            await opened.run_worker_async(concurrency=CONCURRENCY, delete_jobs="always")

    asyncio.run(serve())


def idle() -> None:
    async def look() -> None:
        async with asynchronous(1).open_async() as opened:
            await opened.run_worker_async(wait=False, listen_notify=False)

    asyncio.run(look())


main(prepare=prepare, bulk=bulk, single=single, ping=ping, work=work, idle=idle)
