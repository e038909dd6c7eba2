"""Our runner with a kind of its own, and the ways to queue jobs for it.

Jobs carry one of FIRMS firms in turn; with FIRMS=0, none."""

import os
import time
import uuid
from typing import Any

from protocol import Tally, main, rests, say, timed
from pydantic import BaseModel

from edge_jobs import runner
from edge_jobs.api import Api
from edge_jobs.registry import Job, handler
from edge_jobs.settings import Settings

FIRMS: list[str | None] = [
    str(uuid.UUID(int=n + 1)) for n in range(int(os.environ.get("FIRMS", "0")))
] or [None]


class Noop(BaseModel):
    sent: float | None = None


tally: Tally


@handler("bench.noop", payload=Noop)
def noop(job: Job, payload: Noop) -> None:
    tally.begin(payload.sent)


def enqueue(api: Api, payload: dict[str, Any], firm: str | None) -> None:
    api.rpc("jobs_enqueue", kind="bench.noop", payloads=payload, firm_id=firm)


def client() -> Api:
    """With its connection open, as those of the peers are."""
    api = Api(Settings.load())
    api.rpc("schema_version")
    return api


def bulk(jobs: int) -> None:
    api = client()
    wanted: dict[str, Any] = {"kind": "bench.noop", "payloads": [{}] * jobs}
    if FIRMS != [None]:
        wanted["firm_ids"] = [FIRMS[n % len(FIRMS)] for n in range(jobs)]
    timed(lambda: api.rpc("jobs_enqueue", **wanted))


def flood(jobs: int) -> None:
    """All of them of one more firm."""
    enough = {"kind": "bench.noop", "payloads": [{}] * jobs, "firm_id": str(uuid.UUID(int=1000))}
    client().rpc("jobs_enqueue", **enough)


def single(jobs: int) -> None:
    api = client()

    def one_by_one() -> None:
        for n in range(jobs):
            enqueue(api, {}, FIRMS[n % len(FIRMS)])

    timed(one_by_one)


def ping(jobs: int) -> None:
    api = client()
    for n, rest in enumerate(rests(jobs)):
        enqueue(api, {"sent": time.time()}, FIRMS[n % len(FIRMS)])
        time.sleep(rest)


def work() -> None:
    global tally
    tally = Tally()
    say(ready=True)
    runner.main(watch=True)


main(bulk=bulk, flood=flood, single=single, ping=ping, work=work)
