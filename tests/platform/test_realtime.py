"""postgres_changes: who gets which change of a row, and in what shape."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from realtime import RealtimePostgresChangesListenEvent as Event
from realtime import RealtimeSubscribeStates

from tests.conftest import RunningStack
from tests.people import Person
from tests.platform.live import Ear, People, connected, follow, join, people

__all__ = ["people"]

Db = psycopg.Connection[Any]

COLUMNS = ["id", "owner", "title", "rank", "amount", "noted_at", "tags", "more", "doubled"]
OTHERS = "(owner, title, rank, amount, noted_at, tags, more, secret)"


@pytest.fixture
def table(stack: RunningStack) -> Iterator[str]:
    """A table that joins the publication as a migration would do it; everyone sees their own."""
    name = f"notes_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(stack.db_url, autocommit=True) as postgres:
        postgres.execute(
            f"""
            create table {name} (
              id uuid primary key default gen_random_uuid(), owner uuid not null,
              title text not null, rank int, amount numeric, noted_at timestamptz, tags text[],
              more jsonb, secret text, doubled int generated always as (rank * 2) stored
            );
            alter table {name} enable row level security;
            revoke all on {name} from anon, authenticated;
            grant select ({", ".join(COLUMNS)}) on {name} to authenticated;
            grant insert, update, delete on {name} to authenticated;
            create policy own on {name} to authenticated using (owner = (select auth.uid()));
            alter publication supabase_realtime add table {name};
            """
        )
        yield name
        postgres.execute(f"drop table {name}")


class Notes:
    def __init__(self, db: Db, table: str) -> None:
        self.db = db
        self.table = table

    def add(self, owner: Person, title: str, rank: int | None = None) -> str:
        row = self.db.execute(
            f"insert into {self.table} {OTHERS} values"
            " (%s, %s, %s, 12.5, '2026-05-01 10:00+02', '{a,b}', '{\"deep\": [1]}', 'hush')"
            " returning id::text",
            [owner.id, title, rank],
        ).fetchone()
        assert row
        return str(row[0])

    def change(self, id: str, **values: Any) -> None:
        for column, value in values.items():
            self.db.execute(f"update {self.table} set {column} = %s where id = %s", [value, id])

    def remove(self, id: str) -> None:
        self.db.execute(f"delete from {self.table} where id = %s", [id])


@pytest.fixture
def notes(db: Db, table: str) -> Notes:
    return Notes(db, table)


async def test_a_change_carries_the_row_and_its_key(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table)
        id = notes.add(alma, "Ideen für München", rank=3)
        added = await changes.next()
        notes.change(id, title="second")
        changed = await changes.next()
        notes.remove(id)
        removed = await changes.next()

    row = {
        "id": id,
        "owner": alma.id,
        "title": "Ideen für München",
        "rank": 3,
        "amount": 12.5,
        "noted_at": "2026-05-01T08:00:00+00:00",
        "tags": ["a", "b"],
        "more": {"deep": [1]},
        "doubled": 6,
    }
    assert [change["type"] for change in (added, changed, removed)] == [
        "INSERT",
        "UPDATE",
        "DELETE",
    ]
    assert added["record"] == row
    assert "old_record" not in added
    assert changed["record"] == row | {"title": "second"}
    assert changed["old_record"] == {"id": id}
    assert removed["old_record"] == {"id": id}
    assert "record" not in removed
    for change in (added, changed, removed):
        assert (change["schema"], change["table"]) == ("public", notes.table)
        assert change["errors"] is None
        assert change["commit_timestamp"].endswith("Z")
        assert [column["name"] for column in change["columns"]] == COLUMNS
    assert {column["name"]: column["type"] for column in added["columns"]}["rank"] == "int4"


async def test_everyone_hears_only_of_rows_they_can_select(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, bert = people
    async with connected(stack, alma.token) as hers, connected(stack, bert.token) as his:
        alma_hears, bert_hears = await follow(hers, notes.table), await follow(his, notes.table)
        moved = notes.add(alma, "alma's")
        assert (await alma_hears.next())["record"]["title"] == "alma's"
        notes.change(moved, owner=bert.id)
        notes.add(bert, "bert's")
        notes.add(alma, "the end")
        notes.add(bert, "the end")
        assert await titles(alma_hears) == [("INSERT", "the end")]
        assert await titles(bert_hears) == [
            ("UPDATE", "alma's"),
            ("INSERT", "bert's"),
            ("INSERT", "the end"),
        ]


async def test_a_delete_reaches_all_followers_with_the_key_alone(
    stack: RunningStack, people: People, notes: Notes, db: Db
) -> None:
    alma, bert = people
    db.execute(f"alter table {notes.table} replica identity full")
    async with connected(stack, alma.token) as hers, connected(stack, bert.token) as his:
        alma_hears, bert_hears = await follow(hers, notes.table), await follow(his, notes.table)
        id = notes.add(alma, "kept from bert")
        await alma_hears.next()
        notes.change(id, rank=9)
        changed = await alma_hears.next()
        notes.remove(id)
        removed, heard_by_bert = await alma_hears.next(), await bert_hears.next()
    assert changed["old_record"]["title"] == "kept from bert"
    assert "secret" not in changed["old_record"]
    assert removed["type"] == heard_by_bert["type"] == "DELETE"
    assert removed["old_record"] == heard_by_bert["old_record"] == {"id": id}


async def test_a_visitor_without_rights_gets_no_row_and_no_key(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, _ = people
    async with connected(stack) as client:
        changes = await follow(client, notes.table)
        first = notes.add(alma, "not yours")
        notes.remove(first)
        notes.add(alma, "nor this")
        heard = [await changes.next(), await changes.next()]
    for change in heard:
        assert change["type"] == "INSERT"
        assert change["errors"] == ["Error 401: Unauthorized"]
        assert change["record"] == {}


@pytest.mark.parametrize(
    ("filter", "passing"),
    [
        ("rank=eq.2", [2]),
        ("rank=neq.2", [1, 3, 4]),
        ("rank=lt.2", [1]),
        ("rank=lte.2", [1, 2]),
        ("rank=gt.3", [4]),
        ("rank=gte.3", [3, 4]),
        ("rank=in.(1,4)", [1, 4]),
        ("rank=not.in.(1,4)", [2, 3]),
        ('title=in.("note 1","note 3, or so")', [1]),
        ("title=like.%2", [2]),
        ("rank=gt.1,rank=lt.4", [2, 3]),
        ("doubled=eq.6", [3]),
        ("rank=is.null", []),
        ("rank=not.is.null", [1, 2, 3, 4]),
    ],
)
async def test_a_filter_lets_through_what_matches(
    stack: RunningStack, people: People, notes: Notes, filter: str, passing: list[int]
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table, filter=filter)
        channel = client.channel("all")
        everything = Ear()
        channel.on_postgres_changes(Event.All, everything, schema="public", table=notes.table)
        await join(channel)
        for rank in (1, 2, 3, 4):
            notes.add(alma, f"note {rank}", rank=rank)
        await everything.until(lambda change: change["data"]["record"]["rank"] == 4)
        heard = [changes.heard.get_nowait() for _ in range(changes.heard.qsize())]
    assert [change["record"]["rank"] for change in heard] == passing


async def test_an_event_lets_through_only_its_kind(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table, event=Event.Update)
        notes.remove(notes.add(alma, "removed"))
        notes.change(notes.add(alma, "added"), title="changed")
        notes.change(notes.add(alma, "added"), title="the end")
        assert await titles(changes) == [("UPDATE", "changed"), ("UPDATE", "the end")]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"filter": "secret=eq.hush"}, "invalid column for filter secret"),
        ({"filter": "nothing=eq.1"}, "invalid column for filter nothing"),
        ({"filter": "rank=eq.many"}, "invalid input syntax for type integer"),
        ({"filter": "rank=like.1%"}, "operator does not exist"),
        ({"filter": "title=match.["}, "invalid regular expression"),
        ({"filter": "rank=near.1"}, "Error parsing `filter` params"),
        ({"filter": "rank=is.1; drop table x"}, "invalid value for is filter"),
        ({"filter": f"rank=in.({','.join(['1'] * 101)})"}, "Maximum 100"),
        ({"table": "not_published"}, "Please check Realtime is enabled"),
        ({"select": ["secret"]}, "invalid column for select secret"),
    ],
)
async def test_a_subscription_that_makes_no_sense_is_refused(
    stack: RunningStack, people: People, notes: Notes, wanted: dict[str, Any], reason: str
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        channel = client.channel("refused")
        channel.on_postgres_changes(
            Event.All, Ear(), **({"schema": "public", "table": notes.table} | wanted)
        )
        states = Ear()
        await channel.subscribe(states)
        state, error = await states.until(lambda item: item[1] is not None)
    assert state == RealtimeSubscribeStates.CHANNEL_ERROR
    assert reason in str(error)


async def test_selected_columns_come_with_the_key(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table, select=["title"])
        id = notes.add(alma, "short")
        change = await changes.next()
    assert change["record"] == {"id": id, "title": "short"}


async def test_another_token_changes_what_is_heard(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, bert = people
    async with connected(stack, alma.token) as client:
        changes, system = Ear(), Ear()
        channel = client.channel("switching")
        channel.on_postgres_changes(Event.All, changes, schema="public", table=notes.table)
        channel.on_system(system)
        await join(channel)
        await system.next()
        await client.set_auth(bert.token)
        await system.next()
        notes.add(alma, "alma's")
        notes.add(bert, "bert's")
        assert (await changes.next())["data"]["record"]["title"] == "bert's"


async def test_many_rows_in_one_statement_all_arrive_in_order(
    stack: RunningStack, people: People, notes: Notes, db: Db
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table)
        db.execute(
            f"insert into {notes.table} (owner, title, rank)"
            " select %s, 'one of many', n from generate_series(1, 3000) n",
            [alma.id],
        )
        ranks = [(await changes.next())["record"]["rank"] for _ in range(3000)]
    assert ranks == list(range(1, 3001))


async def test_a_table_without_a_primary_key_says_so(
    stack: RunningStack, people: People, notes: Notes, db: Db
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table)
        db.execute(f"alter table {notes.table} drop constraint {notes.table}_pkey")
        notes.add(alma, "without a key")
        change = await changes.next()
    assert change["errors"] == ["Error 400: Bad Request, no primary key"]
    assert change["record"] == {}


async def test_a_policy_that_fails_shows_nothing(
    stack: RunningStack, people: People, notes: Notes, db: Db
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table)
        db.execute(f"alter policy own on {notes.table} using (1 / (rank - rank) = 1)")
        notes.add(alma, "unseen", rank=1)
        change = await changes.next()
    assert change["errors"] == ["Error 500: Internal Server Error, RLS policy evaluation failed"]
    assert change["record"] == {}


async def test_a_table_takes_part_while_it_is_in_the_publication(
    stack: RunningStack, people: People, notes: Notes
) -> None:
    alma, _ = people
    late = f"{notes.table}_late"
    async with connected(stack, alma.token) as client:
        changes = await follow(client, table=None)
        with psycopg.connect(stack.db_url, autocommit=True) as postgres:
            postgres.execute(f"create table {late} (id int primary key)")
            postgres.execute(f"grant select on {late} to authenticated")
            postgres.execute(f"insert into {late} values (1)")
            postgres.execute(f"alter publication supabase_realtime add table {late}")
            postgres.execute(f"insert into {late} values (2)")
            first = await changes.next()
            postgres.execute(f"alter publication supabase_realtime drop table {late}")
            postgres.execute(f"insert into {late} values (3)")
            notes.add(alma, "the end")
            second = await changes.next()
            postgres.execute(f"drop table {late}")
    assert (first["table"], first["record"]) == (late, {"id": 2})
    assert (second["table"], second["record"]["title"]) == (notes.table, "the end")


async def test_changes_flow_again_after_the_database_dropped_the_connection(
    stack: RunningStack, people: People, notes: Notes, db: Db
) -> None:
    alma, _ = people
    async with connected(stack, alma.token) as client:
        changes = await follow(client, notes.table)
        before = walsenders(db)
        db.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) as pid", [before])
        while not set(walsenders(db)) - set(before):
            await asyncio.sleep(0.05)
        notes.add(alma, "after the break")
        assert (await changes.next())["record"]["title"] == "after the break"


def walsenders(db: Db) -> list[int]:
    found = db.execute(
        "select pid from pg_stat_replication"
        " where application_name = 'firmbase-realtime' and state = 'streaming'"
    )
    return [row[0] for row in found]


async def titles(changes: Ear) -> list[tuple[str, str]]:
    """Kind and title of the changes up to the one called "the end"."""
    heard: list[tuple[str, str]] = []
    while not heard or heard[-1][1] != "the end":
        change = await changes.next()
        heard.append((change["type"], change["record"]["title"]))
    return heard
