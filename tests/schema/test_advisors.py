"""`firmbase db advisors`: nothing to say about our schema, and something about bad ones."""

import json

import psycopg
import pytest

from cli.schema.build import scratch
from cli.schema.lint import RULES
from tests.schema.conftest import Firmbase


def test_the_advisors_find_nothing(
    declared: str, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE_DB_URL", declared)
    done = firmbase("advisors")
    assert done.exit_code == 0, done.stdout


PLANTED = {
    "public_bucket_allows_listing": (
        "insert into storage.buckets (id, name, public) values ('open', 'open', true);"
        "create policy open on storage.objects for select to anon using (bucket_id = 'open')"
    ),
    "anon_security_definer_function_executable": (
        "create function public.f() returns integer language sql security definer"
        " set search_path = '' as 'select 1';"
        "revoke execute on function public.f() from public;"
        "grant execute on function public.f() to anon"
    ),
    "authenticated_security_definer_function_executable": (
        "create function public.f() returns integer language sql security definer"
        " set search_path = '' as 'select 1';"
        "revoke execute on function public.f() from public;"
        "grant execute on function public.f() to authenticated"
    ),
    "rls_disabled_in_public": (
        "create table public.open (id integer primary key); grant select on public.open to anon"
    ),
    "unused_index": (
        "create table private.many (id integer primary key, n integer);"
        "create index many_n_idx on private.many (n);"
        "insert into private.many select n, n from generate_series(1, 1000) n;"
        "select pg_stat_force_next_flush()"
    ),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_the_advisors_find_what_is_planted(
    server: str, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    with scratch(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create schema private")
            connection.execute(PLANTED[rule].encode())
        monkeypatch.setenv("SUPABASE_DB_URL", url)
        done = firmbase("advisors", "--json")
    assert done.exit_code == 1
    found = [each["name"] for each in json.loads(done.stdout)["findings"]]
    assert [name for name in found if name not in RULES] == [rule]


def test_our_own_lint_is_asked_too(
    server: str, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create schema private")
            connection.execute(
                "create function private.f() returns integer language sql return 1;"
                "revoke execute on function private.f() from public;"
                "comment on function private.f() is 'Planted.'"
            )
        monkeypatch.setenv("SUPABASE_DB_URL", url)
        done = firmbase("advisors")
    assert done.exit_code == 1
    assert "search_path_not_empty" in done.stdout
    assert "set search_path = ''" in done.stderr, "how to mend it"


def test_an_unused_index_of_a_small_table_is_told_apart(
    server: str, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create schema private")
            connection.execute(PLANTED["unused_index"].replace("1000", "10").encode())
            connection.execute("revoke all on private.many from public")
            connection.execute("comment on table private.many is 'Planted.'")
        monkeypatch.setenv("SUPABASE_DB_URL", url)
        done = firmbase("advisors", "--json")
    assert done.exit_code == 0
    assert [each["name"] for each in json.loads(done.stdout)["too_early"]] == ["unused_index"]
