"""The auth schema as migrations find it: the state of a hosted project."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.conftest import RunningStack

SUB = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def migration(stack: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """The role that runs migrations, in a transaction that is rolled back."""
    with psycopg.connect(stack.db_url) as connection:
        yield connection
        connection.rollback()


def test_everything_belongs_to_the_auth_service(db: psycopg.Connection[Any]) -> None:
    owners = db.execute("""
        select distinct relowner::regrole::text from pg_class
        where relnamespace = 'auth'::regnamespace and relkind = 'r'
        union
        select distinct proowner::regrole::text from pg_proc
        where pronamespace = 'auth'::regnamespace""").fetchall()
    assert owners == [("supabase_auth_admin",)]


def test_every_table_has_row_level_security(db: psycopg.Connection[Any]) -> None:
    open_tables = db.execute("""
        select relname from pg_class
        where relnamespace = 'auth'::regnamespace and relkind = 'r' and not relrowsecurity""")
    assert open_tables.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table auth.mine (id int)",
        "create function auth.mine() returns int language sql as 'select 1'",
        "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
        "alter table auth.users add column mine int",
        "create index on auth.users (created_at)",
        "create policy mine on auth.users for select using (true)",
        "drop table auth.identities",
    ],
)
def test_a_migration_may_not(migration: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        migration.execute(statement)


def test_a_migration_may_refer_to_users_and_watch_them(migration: psycopg.Connection[Any]) -> None:
    migration.execute("""
        create table public.mine (id uuid primary key references auth.users on delete cascade);
        create function public.watch() returns trigger language plpgsql security definer
        set search_path = '' as $$
        begin
          insert into public.mine values (new.id);
          return new;
        end $$;
        create trigger watch_new_users after insert on auth.users
        for each row execute function public.watch()""")
    migration.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", [SUB])
    assert migration.execute("select id::text from public.mine").fetchall() == [(SUB,)]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_api_roles_read_their_claims_and_no_table(db: psycopg.Connection[Any], role: str) -> None:
    claims = json.dumps({"sub": SUB, "role": role, "email": "a@example.com"})
    with db.transaction(force_rollback=True):
        db.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            [role, claims],
        )
        answer = db.execute(
            "select auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'sub'"
        )
        assert answer.fetchone() == (SUB, role, "a@example.com", SUB)
        with pytest.raises(errors.InsufficientPrivilege):
            db.execute("select * from auth.users")


def test_without_a_token_nobody_is_anybody(db: psycopg.Connection[Any]) -> None:
    with db.transaction(force_rollback=True):
        db.execute("set local request.jwt.claims = ''")
        answer = db.execute("select auth.uid(), auth.role(), auth.email(), auth.jwt()")
        assert answer.fetchone() == (None, None, None, None)


def test_the_migration_history_is_left_to_the_cli(db: psycopg.Connection[Any]) -> None:
    owner = db.execute(
        "select nspowner::regrole::text from pg_namespace where nspname = 'supabase_migrations'"
    ).fetchone()
    assert owner in {None, ("postgres",)}
