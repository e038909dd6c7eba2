"""Our own lint: nothing to say about our schema, and every rule finds what is planted for it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cli.schema.build import database_of, scratch, with_database
from cli.schema.lint import RULES, Violation, lint, without_where
from tests.conftest import RunningStack

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def copy(stack: RunningStack, server: str, declared: str) -> Iterator[str]:
    """A copy of the schema's database to plant faults in, as the superuser."""
    with scratch(server, template=database_of(declared)) as url:
        yield with_database(stack.superuser_url, database_of(url))


@pytest.fixture
def connection(copy: str) -> Iterator[Connection]:
    """A transaction as the role postgres, undone in the end."""
    with psycopg.connect(copy) as connection:
        connection.execute("set role postgres")
        yield connection
        connection.rollback()


def test_our_schema_breaks_no_rule(declared: str) -> None:
    with psycopg.connect(declared) as connection:
        functions = connection.execute(
            "select count(*) from pg_proc where pronamespace = 'private'::regnamespace"
        ).fetchone()
        assert functions
        assert functions[0] > 50, "there is something to look at"
        assert lint(connection) == []


FUNCTION = """
create function {name}() returns integer language sql {options} as $${body}$$;
revoke execute on function {name}() from public;
comment on function {name}() is 'Planted.';
"""
TABLE = """
create table {name} (id uuid, firm_id uuid, {columns});
alter table {name} enable row level security;
revoke all on {name} from public, anon, authenticated, service_role;
comment on table {name} is 'Planted.';
"""


def function(name: str = "private.planted", options: str = "", body: str = "select 1") -> str:
    return FUNCTION.format(name=name, options=f"{options} set search_path = ''", body=body)


def table(columns: str = "n integer", more: str = "", name: str = "public.planted") -> str:
    return TABLE.format(name=name, columns=columns) + more


# Rule, what is planted, and what is found.
PLANTED = [
    (
        "change_without_where",
        function(body="update public.firms set name = 'where' returning 1"),
        "function private.planted(): update public.firms set name = returning 1",
    ),
    (
        "change_without_where",
        "create function private.planted() returns void language sql set search_path = '' begin "
        "atomic delete from public.firms; end; comment on function private.planted() is 'x'",
        "function private.planted(): DELETE FROM public.firms",
    ),
    (
        "object_in_managed_schema",
        "reset role; create table auth.planted (); alter table auth.planted owner to postgres",
        "table auth.planted",
    ),
    (
        "object_in_managed_schema",
        "reset role; create function storage.planted() returns integer language sql as 'select 1';"
        "alter function storage.planted() owner to postgres",
        "function storage.planted()",
    ),
    (
        "trigger_on_managed_table",
        "reset role; create trigger planted after insert on auth.sessions"
        " for each row execute function private.sync_profile()",
        "trigger planted on auth.sessions",
    ),
    (
        "open_to_everybody",
        function(name="public.planted") + "grant execute on function public.planted() to public",
        "function public.planted()",
    ),
    (
        "open_to_everybody",
        function() + "grant execute on function private.planted() to anon",
        "function private.planted()",
    ),
    ("open_to_everybody", "grant select on public.firms to anon", "select on public.firms"),
    (
        "open_to_everybody",
        "grant update (name) on public.firms to public",
        "update on public.firms",
    ),
    (
        "rights_not_revoked",
        "grant truncate on public.firms to authenticated",
        "truncate on public.firms",
    ),
    (
        "rights_not_revoked",
        "create table private.planted (id integer); comment on table private.planted is 'x'",
        "table private.planted",
    ),
    (
        "definer_outside_private",
        function(name="public.planted", options="security definer"),
        "function public.planted()",
    ),
    (
        "search_path_not_empty",
        function() + "alter function private.planted() set search_path = public",
        "function private.planted()",
    ),
    (
        "search_path_not_empty",
        function() + "alter function private.planted() reset search_path",
        "function private.planted()",
    ),
    (
        "setting_of_an_extension",
        "select extensions.similarity('a', 'b');"
        + function()
        + "alter function private.planted() set pg_trgm.word_similarity_threshold = 0.5",
        "pg_trgm.word_similarity_threshold of function private.planted()",
    ),
    (
        "policy_asks_for_each_row",
        table(
            more="create policy p on public.planted for select to authenticated"
            " using (firm_id in (select private.firm_ids()))"
        ),
        "policy p on public.planted",
    ),
    (
        "policy_asks_for_each_row",
        table(
            more="create policy p on public.planted for select to authenticated"
            " using (private.role_in(firm_id) = 'owner')"
        ),
        "policy p on public.planted",
    ),
    (
        "policy_asks_for_each_row",
        table(
            more="create policy p on public.planted for delete to authenticated"
            " using (id = auth.uid())"
        ),
        "policy p on public.planted",
    ),
    (
        "enum_column",
        "create type public.state as enum ('on', 'off');" + table("state public.state"),
        "column state of public.planted",
    ),
    (
        "index_not_leakproof",
        table("rate numeric", "create index i on public.planted (firm_id, rate desc, id)"),
        "column rate of index public.i",
    ),
    (
        "index_not_leakproof",
        table("n integer", "create index i on public.planted (firm_id, (n::numeric / 2))"),
        "column (n::numeric / 2::numeric) of index public.i",
    ),
    (
        "missing_comment",
        table(more="comment on table public.planted is null"),
        "table public.planted",
    ),
    (
        "missing_comment",
        function() + "comment on function private.planted() is null",
        "function private.planted()",
    ),
]


@pytest.mark.parametrize(("rule", "fault", "detail"), PLANTED)
def test_what_is_planted_is_found(
    connection: Connection, rule: str, fault: str, detail: str
) -> None:
    connection.execute(fault.encode())
    connection.execute("set role postgres")
    assert lint(connection) == [Violation(rule, detail)]


def test_every_rule_is_proven() -> None:
    assert {rule for rule, _fault, _detail in PLANTED} == RULES.keys()


def test_a_new_table_without_revoke_is_found(connection: Connection) -> None:
    """As hosted makes it: with rights for the API's roles that nobody asked for."""
    connection.execute("create table public.planted (id integer)")
    connection.execute("comment on table public.planted is 'Planted.'")
    found = lint(connection)
    assert Violation("rights_not_revoked", "truncate on public.planted") in found
    assert Violation("open_to_everybody", "trigger on public.planted") in found


def test_a_good_table_breaks_no_rule(connection: Connection) -> None:
    good = table(
        "rate numeric, on_day date, state text",
        "create index i on public.planted (firm_id, state, on_day desc, id);"
        "create index o on public.planted using gin (to_tsvector('simple', state));"
        "create policy p on public.planted for select to authenticated using ("
        " firm_id = any (array(select private.firm_ids('member'))) or id = (select auth.uid()))",
    )
    connection.execute(f"{good}; {function()}".encode())
    assert lint(connection) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "update public.firms set name = 'where'; select 1 where true;",
            ["update public.firms set name ="],
        ),
        ("delete from private.jobs -- where\n;", ["delete from private.jobs"]),
        (
            "with a as (update public.a set b = 1 returning b) update public.c set d = 1 where e;",
            ["update public.a set b = 1 returning b)"],
        ),
        ("update public.firms f set name = 'x' where f.id = 1", []),
        (
            "select from public.firms for update; insert into a.b on conflict do update set c = 1",
            [],
        ),
    ],
)
def test_the_reader_of_bodies(body: str, found: list[str]) -> None:
    assert without_where(body) == found
