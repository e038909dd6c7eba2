"""Celery on Redis, with the settings its guides give for many short jobs: no results, many jobs
fetched ahead, and one process for each worker, which spares the way to a child."""

import os
import time

from celery import Celery
from celery.signals import worker_ready
from protocol import Tally, main, rests, say, timed

app = Celery("bench", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=128,
    worker_disable_rate_limits=True,
    worker_redirect_stdouts=False,
)
tally: Tally


@app.task(name="noop")  # type: ignore[untyped-decorator]  # Celery brings no types
def noop(sent: "float | None" = None) -> None:
    tally.begin(sent)


def bulk(jobs: int) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        timed(lambda: [noop.apply_async(producer=producer) for _ in range(jobs)])


def single(jobs: int) -> None:
    timed(lambda: [noop.delay() for _ in range(jobs)])


def ping(jobs: int) -> None:
    for rest in rests(jobs):
        noop.delay(sent=time.time())
        time.sleep(rest)


def work() -> None:
    global tally
    tally = Tally()
    worker_ready.connect(lambda **_: say(ready=True), weak=False)
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    name = f"--hostname={os.getpid()}@bench"
    app.worker_main(["worker", "--pool=solo", "--concurrency=1", *alone, name])


main(bulk=bulk, single=single, ping=ping, work=work)
