"""What must hold for every table and function, also for those that do not exist yet.

A failure here after adding something names what its file still lacks.
"""

from typing import Any

import psycopg
import pytest

from tests.api.matrix import (
    CALLERS,
    CLOSED_TABLES,
    OPERATIONS,
    PRIVATE_FUNCTIONS,
    RPCS,
    SERVICE_RPCS,
    TABLES,
)
from tests.people import Caller, Firm, created

Db = psycopg.Connection[Any]


def rows(db: Db, query: str, *parameters: Any) -> list[Any]:
    """Rows of the answer; those of one column as bare values."""
    found = db.execute(query, parameters).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def test_attack_51_every_table_is_in_the_matrix(db: Db) -> None:
    tables = rows(
        db,
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm', 'f') order by 1",
    )
    assert tables == sorted(TABLES)
    for name, rights in TABLES.items():
        assert {"read", "create", "update"} <= rights.keys() <= set(OPERATIONS), name
        assert all(callers <= set(CALLERS) for callers in rights.values()), name


def test_attack_51_every_table_has_row_security_and_policies(db: Db) -> None:
    lacking = rows(
        db,
        "select relname from pg_class c where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and not (relrowsecurity"
        " and exists (select from pg_policy p where p.polrelid = c.oid))",
    )
    assert lacking == []


def test_attack_51_every_policy_is_for_signed_in_people_and_one_for_each_command(db: Db) -> None:
    wrong = rows(
        db,
        "select tablename, policyname from pg_policies where schemaname = 'public'"
        " and (roles <> '{authenticated}' or permissive <> 'PERMISSIVE' or cmd = 'ALL')"
        " and not (permissive = 'RESTRICTIVE' and qual = 'false')",
    )
    assert wrong == []
    doubled = rows(
        db,
        "select tablename, cmd from pg_policies where schemaname = 'public'"
        " group by 1, 2 having count(*) > 1",
    )
    assert doubled == []


def test_attack_51_policies_ask_once_and_not_for_each_row(db: Db) -> None:
    """auth.uid() and the helpers without arguments from the row stand inside a sub-select."""
    wrong = rows(
        db,
        """
        select tablename, policyname
        from pg_policies, concat_ws(' ', qual, with_check) as expression
        where schemaname in ('public', 'storage')
          and regexp_replace(
            expression, 'SELECT (auth\\.uid|private\\.[a-z_]+)\\([^()]*\\)', '', 'gi'
          ) ~ '(auth\\.uid|private\\.[a-z_]+_ids)\\('
        """,
    )
    assert wrong == []


GRANTS = """
    select n.nspname, c.relname, a.attname, x.privilege_type,
      coalesce(r.rolname, 'public') as grantee
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attacl is not null
    cross join lateral (
      select * from aclexplode(c.relacl)
      union all
      select * from aclexplode(a.attacl)
    ) x
    left join pg_roles r on r.oid = x.grantee
    where n.nspname in ('public', 'private')
"""


def test_attack_46_nobody_holds_more_than_rows_need(db: Db) -> None:
    clients = "grantee in ('public', 'anon', 'authenticated', 'service_role')"
    dangerous = rows(
        db,
        f"select distinct relname, privilege_type, grantee from ({GRANTS}) g where {clients}"
        " and privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')",
    )
    assert dangerous == []
    strangers = rows(
        db,
        f"select distinct relname, grantee from ({GRANTS}) g where grantee in ('public', 'anon')",
    )
    assert strangers == []
    private = rows(
        db, f"select distinct relname from ({GRANTS}) g where nspname = 'private' and {clients}"
    )
    assert private == []


VIEWS_OF_OWNERS = """
    select relname
    from pg_class
    where relnamespace = 'public'::regnamespace
      and (
        relkind = 'm'
        or relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false)
      )
    order by 1
"""


def test_attack_51_every_table_has_explicit_grants(db: Db) -> None:
    granted = rows(
        db,
        f"select distinct relname from ({GRANTS}) g where nspname = 'public'"
        " and grantee = 'authenticated' order by 1",
    )
    assert granted == sorted(TABLES.keys() - CLOSED_TABLES)


def test_clients_write_columns_never_whole_tables(db: Db) -> None:
    whole = rows(
        db,
        "select c.relname, x.privilege_type from pg_class c, aclexplode(c.relacl) x"
        " where c.relnamespace = 'public'::regnamespace"
        " and x.grantee = 'authenticated'::regrole"
        " and x.privilege_type not in ('SELECT')",
    )
    assert whole == []
    kept = "('id', 'firm_id', 'created_at', 'created_by', 'updated_at', 'updated_by')"
    forgeable = rows(
        db,
        "select table_name, column_name, privilege_type from information_schema.column_privileges"
        f" where table_schema = 'public' and grantee = 'authenticated' and column_name in {kept}"
        " and (privilege_type = 'UPDATE'"
        " or privilege_type = 'INSERT' and column_name <> 'firm_id')",
    )
    assert forgeable == []


def test_every_tenant_table_has_a_key_that_children_refer_to(db: Db) -> None:
    lacking = rows(
        db,
        """
        select c.relname
        from pg_class c
        where c.relnamespace = 'public'::regnamespace
          and c.relkind = 'r'
          and array['id', 'firm_id'] <@ array(
            select attname::text from pg_attribute where attrelid = c.oid and not attisdropped
          )
          and not exists (
            select from pg_constraint k
            where k.conrelid = c.oid
              and k.contype in ('p', 'u')
              and array(
                select a.attname::text
                from unnest(k.conkey) with ordinality u (n, o)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = u.n
                order by u.o
              ) = array['firm_id', 'id']
          )
        """,
    )
    assert lacking == []


def test_attack_06_foreign_keys_inside_a_firm_carry_the_firm(db: Db) -> None:
    hops = rows(
        db,
        """
        select k.conname
        from pg_constraint k
        join pg_attribute f on f.attrelid = k.conrelid and f.attname = 'firm_id'
        join pg_attribute g on g.attrelid = k.confrelid and g.attname = 'firm_id'
        where k.contype = 'f'
          and k.connamespace in ('public'::regnamespace, 'private'::regnamespace)
          and not f.attnum = any (k.conkey)
        """,
    )
    assert hops == []


def test_every_foreign_key_has_an_index(db: Db) -> None:
    """Of a reference that may be null without the nulls: with them it would be the smallest index
    that begins with the firm, and lists would be read by it and sorted."""
    lacking = rows(
        db,
        """
        select k.conname
        from pg_constraint k
        cross join lateral (
          select a.attname
          from unnest(k.conkey) with ordinality u (n, o)
          left join pg_attribute a
            on a.attrelid = k.conrelid and a.attnum = u.n and not a.attnotnull
          order by a.attname is null, u.o
          limit 1
        ) optional
        where k.contype = 'f'
          and k.connamespace in ('public'::regnamespace, 'private'::regnamespace)
          and not exists (
            select from pg_index i
            where i.indrelid = k.conrelid
              and pg_get_expr(i.indpred, i.indrelid)
                is not distinct from '(' || optional.attname || ' IS NOT NULL)'
              and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
          )
        """,
    )
    assert lacking == []


@pytest.mark.parametrize(
    ("column", "function"), [("created_by", "stamp"), ("archived_at", "guard_archive")]
)
def test_shared_columns_come_with_their_trigger(db: Db, column: str, function: str) -> None:
    lacking = rows(
        db,
        """
        select c.relname
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = %s and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace
          and c.relkind = 'r'
          and not exists (
            select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
            where t.tgrelid = c.oid
              and p.pronamespace = 'private'::regnamespace
              and p.proname = %s
          )
        """,
        column,
        function,
    )
    # No client writes firms.archived_at: archive_firm does.
    assert lacking == (["firms"] if column == "archived_at" else [])


def test_everything_is_described(db: Db) -> None:
    schemas = "('public'::regnamespace, 'private'::regnamespace)"
    tables = rows(
        db,
        f"select relname from pg_class where relnamespace in {schemas}"
        " and relkind in ('r', 'v', 'm', 'p') and obj_description(oid, 'pg_class') is null",
    )
    functions = rows(
        db,
        f"select proname from pg_proc where pronamespace in {schemas}"
        " and obj_description(oid, 'pg_proc') is null",
    )
    assert (tables, functions) == ([], [])


def test_attack_36_every_function_fixes_its_search_path(db: Db) -> None:
    open_paths = rows(
        db,
        "select p.oid::regprocedure::text from pg_proc p"
        " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
        " and not coalesce('search_path=\"\"' = any (proconfig), false)",
    )
    assert open_paths == []


def test_definers_are_private(db: Db) -> None:
    exposed = rows(
        db,
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef",
    )
    assert exposed == []


def test_attack_37_views_have_the_rights_of_their_readers(db: Db) -> None:
    with db.transaction(force_rollback=True):
        db.execute("create view public.of_its_owner as select * from public.contracts")
        db.execute("create materialized view public.kept as select * from public.contracts")
        planted, found = ["kept", "of_its_owner"], rows(db, VIEWS_OF_OWNERS)
        assert found == planted
    assert rows(db, VIEWS_OF_OWNERS) == []


def executors(db: Db, schema: str) -> dict[str, set[str]]:
    """Function name to the API roles that may call it."""
    found = rows(
        db,
        """
        select p.proname, array(
          select r.rolname::text
          from pg_roles r
          where r.rolname in ('anon', 'authenticated', 'service_role')
            and has_function_privilege(r.oid, p.oid, 'execute')
        )
        from pg_proc p
        where p.pronamespace = %s::regnamespace
        """,
        schema,
    )
    roles: dict[str, set[str]] = {}
    for name, granted in found:
        roles.setdefault(name, set()).update(granted)
    return roles


def test_attack_51_every_function_people_call_is_in_the_matrix(db: Db) -> None:
    expected = {
        name: {"authenticated"} | ({"anon"} if "visitor" in callers else set())
        for name, callers in RPCS.items()
    }
    assert executors(db, "public") == expected | {name: {"service_role"} for name in SERVICE_RPCS}


def test_attack_51_every_private_function_is_in_the_matrix(db: Db) -> None:
    assert executors(db, "private") == {
        name: set(roles) for roles, names in PRIVATE_FUNCTIONS.items() for name in names
    }


def test_attack_01_visitor_on_every_table_and_function(visitor: Caller) -> None:
    for table in TABLES:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = visitor.rest(method, table, json={} if method in ("POST", "PATCH") else None)
            assert answer.status_code == 401, f"{method} {table}"
    # Without arguments a function is refused or not even found; neither runs it.
    for function in (*RPCS, *SERVICE_RPCS):
        assert visitor.rpc(function).status_code in (401, 404), function


def test_service_functions_are_closed_to_people(db: Db, shared_firm: Firm) -> None:
    for function in SERVICE_RPCS:
        assert shared_firm.owner.rpc(function).status_code in (403, 404), function


def test_attack_35_every_private_function_called_directly(db: Db, shared_firm: Firm) -> None:
    for function in frozenset().union(*PRIVATE_FUNCTIONS.values()):
        for method, header in (("POST", "Content-Profile"), ("GET", "Accept-Profile")):
            answer = shared_firm.owner.rest(method, f"rpc/{function}", headers={header: "private"})
            assert answer.status_code == 406, function
        if function not in RPCS and function not in SERVICE_RPCS:
            assert shared_firm.owner.rpc(function).status_code == 404


def test_the_api_shows_the_descriptions(api: Any) -> None:
    described = created(api.as_service("GET", "/rest/v1/"))
    assert "Clients and prospects" in described["definitions"]["companies"]["description"]
