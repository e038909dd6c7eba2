"""What row security costs a reader, as the table fills up with rows of other firms.

A member of one firm reads its contracts: under our policy, under the two forms that starter kits
use (each on a copy of the table), and, as the limit, without row security but with the firm in the
query. Through SQL in all forms; through PostgREST in ours and the limit.

Clients ask for a list in three ways, which differ in what the index can do for them: sorted by
firm first, with their firm named, or with neither.
"""

import base64
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.report import Goal, Result, Times, time_calls
from cli.demo.people import sign_up
from cli.local.config import LOOPBACK, Config, random_bases, role_token
from cli.local.project import migrate
from cli.local.stack import Stack

SET_UP = Path(__file__).with_suffix(".sql")
SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 150
SECONDS = 5.0  # how long a query in one form may be repeated

OURS, BARE, IN_SELECT, PER_ROW = "ours", "bare", "in (select …)", "per row"
SCHEMAS = {OURS: "public", IN_SELECT: "in_select", PER_ROW: "per_row"}


COLUMNS = "id,number,title,status,starts_on,ends_on,created_at"
PAGE = 50


@dataclass(frozen=True)
class Query:
    """One way to ask for a page in this order, or for the number of rows; `{firm}` the caller's."""

    name: str
    where: tuple[tuple[str, str], ...] = ()
    order: str = ""

    @property
    def counts(self) -> bool:
        return not self.order

    def bare(self) -> "Query":
        """The same rows without a policy: the firm is named, and need not be sorted by."""
        named = tuple(condition for condition in self.where if condition != NAMED)
        return Query(self.name, (NAMED, *named), self.order.removeprefix("firm_id, "))

    def sql(self, contracts: str, firm: str) -> str:
        columns = "count(*)" if self.counts else COLUMNS
        where = " and ".join(f"{column} = '{value}'" for column, value in self.where) or "true"
        page = "" if self.counts else f"order by {self.order} limit {PAGE}"
        return f"select {columns} from {contracts} where {where} {page}".format(firm=firm)  # noqa: S608

    def parameters(self, firm: str) -> dict[str, str]:
        """The query string for PostgREST."""
        filters = {column: "eq." + value.format(firm=firm) for column, value in self.where}
        if self.counts:
            return filters | {"select": "id", "limit": "1"}
        order = self.order.replace(", ", ",").replace(" ", ".")
        return filters | {"select": COLUMNS, "order": order, "limit": str(PAGE)}

    def check(self, rows: list[Any]) -> None:
        """An answer that is no full page would be no measurement."""
        if len(rows) != (1 if self.counts else PAGE):
            raise RuntimeError(f"{self.name}: {len(rows)} rows came")


NAMED = ("firm_id", "{firm}")
ACTIVE = ("status", "active")
PAGE_BY_FIRM = Query("page, by firm first", (), "firm_id, created_at desc, id")
PAGE_NAMED = Query("page, firm named", (NAMED,), "created_at desc, id")
PAGE_PLAIN = Query("page, neither", (), "created_at desc, id")
QUERIES = (
    PAGE_BY_FIRM,
    PAGE_NAMED,
    PAGE_PLAIN,
    Query("active, by firm first", (ACTIVE,), "firm_id, ends_on, id"),
    Query("active, firm named", (NAMED, ACTIVE), "ends_on, id"),
    Query("active, neither", (ACTIVE,), "ends_on, id"),
    Query("count of active", (ACTIVE,)),
)


@dataclass(frozen=True)
class Reader:
    """The ways to ask: as the member, and as somebody whom no policy holds back."""

    firm: str
    claims: str
    member: httpx.Client
    service: httpx.Client
    database: psycopg.Connection[Any]

    def by_sql(self, query: Query, form: str) -> float:
        text = query.sql(f"{SCHEMAS.get(form, 'public')}.contracts", self.firm)
        with self.database.transaction():
            if form != BARE:
                self.database.execute("set local role authenticated")
                self.database.execute(
                    "select set_config('request.jwt.claims', %s, true)", [self.claims]
                )
            begun = time.perf_counter()
            rows = self.database.execute(text.encode()).fetchall()
            taken = (time.perf_counter() - begun) * 1000
        query.check(rows)
        return taken

    def by_http(self, query: Query, form: str) -> float:
        client = self.service if form == BARE else self.member
        headers = {"Prefer": "count=exact"} if query.counts else {}
        begun = time.perf_counter()
        answer = client.get("/contracts", params=query.parameters(self.firm), headers=headers)
        taken = (time.perf_counter() - begun) * 1000
        query.check(answer.raise_for_status().json())
        return taken

    def measure(self, way: str, query: Query) -> dict[str, Times]:
        ask, forms = (self.by_sql, SCHEMAS) if way == "SQL" else (self.by_http, [OURS])
        calls: dict[str, Callable[[], float]] = {BARE: partial(ask, query.bare(), BARE)}
        calls |= {form: partial(ask, query, form) for form in forms}
        return time_calls(calls, rounds=ROUNDS, seconds=SECONDS)


Measured = Mapping[tuple[int, str, Query], Mapping[str, Times]]


def run() -> Result:
    with reader() as asks:
        measured: Measured = {
            (size, way, query): asks.measure(way, query)
            for size in filled(asks.database)
            for way in ("SQL", "HTTP")
            for query in QUERIES
        }
    return Result(
        columns=[
            *("rows", "by", "query", "bare ms", "ours ms", "p95", "÷ bare"),
            *("in (…) ms", "÷ ours", "per row ms", "÷ ours"),
        ],
        rows=[
            [f"{size:,}", way, query.name, *cells(times)]
            for (size, way, query), times in measured.items()
        ],
        goals=goals(measured),
    )


def filled(database: psycopg.Connection[Any]) -> Iterator[int]:
    """Fills the tables with so many contracts, one size after the other."""
    for size in SIZES:
        database.execute("select public.bench_fill(%s)", [size])
        database.execute("vacuum analyze")
        yield size


def cells(times: Mapping[str, Times]) -> list[str]:
    bare, ours = times[BARE], times[OURS]
    found = [f"{bare.median_ms:.2f}", f"{ours.median_ms:.2f}", f"{ours.p95_ms:.2f}"]
    found.append(f"{ours.median_ms / bare.median_ms:.2f}")
    for form in (IN_SELECT, PER_ROW):
        other = times.get(form)
        found += (
            [f"{other.median_ms:.2f}", f"{other.median_ms / ours.median_ms:.1f}"]
            if other
            else ["–", "–"]
        )
    return found


def goals(measured: Measured) -> list[Goal]:
    small, large = SIZES[0], SIZES[-1]

    def ratio(query: Query, over: str, under: str, way: str = "SQL") -> float:
        times = measured[large, way, query]
        return times[over].median_ms / times[under].median_ms

    def growth(query: Query) -> float:
        after, before = measured[large, "SQL", query], measured[small, "SQL", query]
        return after[OURS].median_ms / before[OURS].median_ms

    pages = (PAGE_BY_FIRM, PAGE_NAMED, PAGE_PLAIN)
    found = [
        Goal(f"{page.name}, {way}: ours ÷ bare", ratio(page, OURS, BARE, way), at_most=1.3)
        for way in ("SQL", "HTTP")
        for page in pages
    ]
    found += [
        Goal(f"{page.name}: {large:,} rows ÷ {small:,}", growth(page), at_most=1.5)
        for page in pages
    ]
    return [
        *found,
        Goal("page, neither: per row ÷ ours", ratio(PAGE_PLAIN, PER_ROW, OURS), at_least=300),
        Goal("page, neither: in (…) ÷ ours", ratio(PAGE_PLAIN, IN_SELECT, OURS), at_least=20),
    ]


@contextmanager
def reader() -> Iterator[Reader]:
    """A member of one firm among a thousand, on a stack that lasts as long."""
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            migrate(config)
            with stack.connect() as database:
                # As through a pooler, every statement is planned anew.
                database.prepare_threshold = None
                yield settle(config, database)
        finally:
            stack.remove()


def settle(config: Config, database: psycopg.Connection[Any]) -> Reader:
    person = sign_up(config, "Mara Lindqvist", "mara@example.com")
    session = person.client.auth.get_session()
    assert session is not None  # noqa: S101
    database.execute(SET_UP.read_bytes())
    database.execute("select public.bench_settle(%s)", [person.id])
    row = database.execute("select public.bench_firm()::text").fetchone()
    assert row is not None  # noqa: S101
    payload = session.access_token.split(".")[1]
    return Reader(
        firm=row[0],
        claims=base64.urlsafe_b64decode(payload + "==").decode(),
        member=rest(config, session.access_token),
        service=rest(config, role_token(config.keys.jwt_secret, "service_role")),
        database=database,
    )


def rest(config: Config, token: str) -> httpx.Client:
    """PostgREST itself, without the gateway."""
    return httpx.Client(
        base_url=f"http://{LOOPBACK}:{config.ports.postgrest}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
