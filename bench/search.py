"""What searching costs, rights and ranking included, against the bare question to the index.

A firm with twenty thousand entries among a million. The limit asks the same index for the same
firm, ranks in the same way and takes as many, without looking at rights or reading the rows found.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.report import Goal, Result, time_calls
from bench.rls import Reader, reader

SET_UP = Path(__file__).with_suffix(".sql")
ENTRIES = 1_000_000
ROUNDS = 60
SECONDS = 10.0
QUERIES = {
    "two words": "helios logistics",
    "half a word": "helios logi",
    "a typing error": "helois logistisc",
    "one common word": "logistics",
    "nothing like it": "xylophone quartz",
}
OURS, HTTP, INDEX = "ours", "ours by HTTP", "index"

DIRECT = """
with q as (
  select %(query)s::text as typed, private.search_words(%(query)s) as words
), found as (
  select e.id, e.title, e.words from private.search_entries as e, q
  where e.firm_id = %(firm)s and e.words @@ q.words limit 1000
), hits as (
  select * from found
  union
  (
    select e.id, e.title, e.words from private.search_entries as e, q
    where e.firm_id = %(firm)s
      and (select count(*) from found) < 20
      and e.title operator(extensions.%%>) q.typed
    limit 1000
  )
)
select hits.id from hits, q
order by ts_rank(hits.words, q.words) + extensions.word_similarity(q.typed, hits.title) desc
limit 20
"""


def ours(asks: Reader, query: str) -> float:
    with asks.database.transaction():
        asks.database.execute("set local role authenticated")
        asks.database.execute("select set_config('request.jwt.claims', %s, true)", [asks.claims])
        begun = time.perf_counter()
        asks.database.execute("select * from public.search(%s, %s)", [asks.firm, query]).fetchall()
        return (time.perf_counter() - begun) * 1000


def by_http(asks: Reader, query: str) -> float:
    begun = time.perf_counter()
    answer = asks.member.post("/rpc/search", json={"firm_id": asks.firm, "query": query})
    answer.raise_for_status()
    return (time.perf_counter() - begun) * 1000


def direct(asks: Reader, query: str) -> float:
    with asks.database.transaction():
        asks.database.execute("set local pg_trgm.word_similarity_threshold = 0.5")
        begun = time.perf_counter()
        asks.database.execute(DIRECT, {"firm": asks.firm, "query": query}).fetchall()
        return (time.perf_counter() - begun) * 1000


def run() -> Result:
    rows: list[list[str]] = []
    goals: list[Goal] = []
    with reader() as asks:
        asks.database.execute(SET_UP.read_bytes())
        asks.database.execute("select public.bench_entries(%s)", [ENTRIES])
        asks.database.execute("vacuum analyze")
        for name, query in QUERIES.items():
            calls: dict[str, Callable[[], float]] = {
                INDEX: partial(direct, asks, query),
                OURS: partial(ours, asks, query),
                HTTP: partial(by_http, asks, query),
            }
            times = time_calls(calls, rounds=ROUNDS, seconds=SECONDS)
            ratio = times[OURS].median_ms / times[INDEX].median_ms
            rows.append(
                [
                    name,
                    f"{times[INDEX].median_ms:.2f}",
                    f"{times[OURS].median_ms:.2f}",
                    f"{ratio:.2f}",
                    f"{times[HTTP].median_ms:.2f}",
                    f"{times[HTTP].p95_ms:.2f}",
                ]
            )
            goals.append(Goal(f"search for {name}: ours ÷ index", ratio, at_most=1.5))
    columns = ["query", "index ms", "ours ms", "÷ index", "by HTTP ms", "p95"]
    return Result(columns=columns, rows=rows, goals=goals)
