"""What the functions that return lists take at a million contracts, as a frontend calls them.

Printed, not judged: there is no peer to compare with. A firm of a thousand contracts among a
thousand firms; one of its companies has a hundred thousand notes.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.report import Result, time_calls
from bench.rls import SIZES, Reader, reader

SET_UP = Path(__file__).with_suffix(".sql")
ROUNDS = 100
SECONDS = 10.0


def run() -> Result:
    with reader() as asks:
        asks.database.execute("select public.bench_fill(%s)", [SIZES[-1]])
        asks.database.execute(SET_UP.read_bytes())
        row = asks.database.execute("select * from public.bench_lists()").fetchone()
        asks.database.execute("vacuum analyze")
        assert row is not None  # noqa: S101
        company, contract = (str(id) for id in row)
        firm = {"firm_id": asks.firm}
        calls: dict[str, Callable[[], float]] = {
            name: partial(call, asks, function, arguments)
            for name, function, arguments in (
                (
                    "search, words that every entry has",
                    "search",
                    firm | {"query": "advisory services"},
                ),
                ("timeline of the firm", "timeline", {"entity": "firm", "id": asks.firm}),
                ("timeline of a company", "timeline", {"entity": "company", "id": company}),
                ("timeline of a contract", "timeline", {"entity": "contract", "id": contract}),
                ("portal_contracts", "portal_contracts", {}),
                ("my_firms", "my_firms", {}),
                ("access_review", "access_review", firm),
                ("access_review of a contract", "access_review", firm | of_contract(contract)),
            )
        }
        times = time_calls(calls, rounds=ROUNDS, seconds=SECONDS)
    rows = [
        [name, f"{each.median_ms:.1f}", f"{each.p95_ms:.1f}", "yes" if each.p95_ms < 100 else "NO"]
        for name, each in times.items()
    ]
    return Result(columns=["list", "median ms", "p95 ms", "p95 < 100 ms"], rows=rows, goals=[])


def of_contract(id: str) -> dict[str, str]:
    return {"entity": "contract", "id": id}


def call(asks: Reader, function: str, arguments: dict[str, Any]) -> float:
    begun = time.perf_counter()
    answer = asks.member.post(f"/rpc/{function}", json=arguments)
    taken = (time.perf_counter() - begun) * 1000
    if not answer.raise_for_status().json():
        raise RuntimeError(f"{function}: nothing came")
    return taken
