"""The mutations: one right, one policy or one key less, each with the way back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

Db = psycopg.Connection[Any]


@dataclass(frozen=True)
class Mutation:
    """A fault put into the database by `apply` and taken out again by `revert`, both SQL.

    `about` is the table or function it concerns, without its schema.
    """

    kind: str
    name: str
    about: str
    apply: str
    revert: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def mutations(db: Db) -> list[Mutation]:
    """Every mutation of the database, in a fixed order."""
    found: list[Mutation] = []
    for make in (policies, row_security, composite_keys, table_rights, column_rights, functions):
        found += make(db)
    return found


POLICIES = """
select p.polname, p.polrelid::regclass::text, c.relname, p.polpermissive,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
    when 'd' then 'delete' else 'all' end,
  (select string_agg(quote_ident(rolname), ', ' order by rolname)
    from pg_roles where oid = any (p.polroles)),
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
from pg_policy p
join pg_class c on c.oid = p.polrelid
order by 2, 1
"""


def policies(db: Db) -> Iterator[Mutation]:
    """Each policy dropped; each clause of a policy that admits somebody made to admit everybody."""
    for name, table, about, permissive, command, roles, using, check in db.execute(POLICIES):
        clauses = {"using": using, "with check": check}
        written = " ".join(f"{clause} ({text})" for clause, text in clauses.items() if text)
        manner = "permissive" if permissive else "restrictive"
        policy = f"policy {name} on {table}"
        again = f"create {policy} as {manner} for {command} to {roles} {written}"
        yield Mutation("policy dropped", policy, about, f"drop {policy}", again)
        for clause, text in clauses.items():
            if text and permissive:
                yield Mutation(
                    "policy opened",
                    f"{policy}: {clause} (true)",
                    about,
                    f"alter {policy} {clause} (true)",
                    f"alter {policy} {clause} ({text})",
                )


ROW_SECURITY = """
select c.oid::regclass::text, c.relname
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relrowsecurity and n.nspname in ('public', 'private', 'pgmq')
order by 1
"""


def row_security(db: Db) -> Iterator[Mutation]:
    for table, about in db.execute(ROW_SECURITY):
        alter = f"alter table {table}"
        yield Mutation(
            "row security off",
            table,
            about,
            f"{alter} disable row level security",
            f"{alter} enable row level security",
        )


# A parent without a key of its own besides the firm is referred to no more at all.
COMPOSITE_KEYS = """
select k.conname, k.conrelid::regclass::text, c.relname, pg_get_constraintdef(k.oid),
  exists (
    select from pg_constraint u
    where u.conrelid = k.confrelid
      and u.contype in ('p', 'u')
      and u.conkey = array(
        select a.attnum from pg_attribute a
        where a.attrelid = k.confrelid and a.attnum = any (k.confkey) and a.attname <> 'firm_id'
      )
  )
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_attribute f on f.attrelid = k.conrelid and f.attname = 'firm_id'
where k.contype = 'f'
  and k.connamespace in ('public'::regnamespace, 'private'::regnamespace)
  and cardinality(k.conkey) > 1
  and f.attnum = any (k.conkey)
order by 2, 1
"""


def composite_keys(db: Db) -> Iterator[Mutation]:
    for name, table, about, definition, has_own_key in db.execute(COMPOSITE_KEYS):
        drop = f"alter table {table} drop constraint {name}"
        add = f"{drop}; alter table {table} add constraint {name} "
        simple = definition.replace("firm_id, ", "")
        # The tests have made rows that break the key: it cannot be validated any more.
        again = f"alter table {table} add constraint {name} {definition} not valid"
        yield Mutation(
            "composite key made simple",
            f"{name} on {table}",
            about,
            f"{add}{simple} not valid" if has_own_key else drop,
            f"alter table {table} drop constraint if exists {name}; {again}",
        )


TABLE_RIGHTS = """
select c.oid::regclass::text, c.relname, right_, role_,
  (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a, aclexplode(a.attacl) g
    where a.attrelid = c.oid and g.grantee = role_::regrole and lower(g.privilege_type) = right_
  )
from pg_class c
cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) right_
cross join unnest(array['anon', 'authenticated']) role_
where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
  and c.relkind in ('r', 'p', 'v', 'm')
  and not has_table_privilege(role_, c.oid, right_)
order by 1, 4, 3
"""


def table_rights(db: Db) -> Iterator[Mutation]:
    """Each right a client does not have on a whole table."""
    for table, about, right, role, columns in db.execute(TABLE_RIGHTS):
        back = f"revoke {right} on {table} from {role}"
        if columns:  # the rights by column go with the one on the table
            back += f"; grant {right} ({columns}) on {table} to {role}"
        grant = f"{right} on {table} to {role}"
        yield Mutation("table right", grant, about, f"grant {grant}", back)


COLUMN_RIGHTS = """
select c.oid::regclass::text, c.relname, quote_ident(a.attname), right_
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join unnest(array['select', 'insert', 'update']) right_
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p', 'v', 'm')
  and not has_column_privilege('authenticated', c.oid, a.attnum, right_)
order by 1, 4, a.attnum
"""


def column_rights(db: Db) -> Iterator[Mutation]:
    """Each column that people may not read or write."""
    for table, about, column, right in db.execute(COLUMN_RIGHTS):
        grant = f"{right} ({column}) on {table}"
        yield Mutation(
            "column right",
            f"{grant} to authenticated",
            about,
            f"grant {grant} to authenticated",
            f"revoke {grant} from authenticated",
        )


FUNCTIONS = """
select p.oid::regprocedure::text, p.proname, role_
from pg_proc p
cross join unnest(array['anon', 'authenticated']) role_
where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
  and p.prorettype <> 'trigger'::regtype -- PostgreSQL lets nobody call these
  and not has_function_privilege(role_, p.oid, 'execute')
order by 1, 3
"""


def functions(db: Db) -> Iterator[Mutation]:
    """Each function a client may not call."""
    for function, about, role in db.execute(FUNCTIONS):
        right = f"execute on function {function}"
        yield Mutation(
            "function right",
            f"{right} to {role}",
            about,
            f"grant {right} to {role}",
            f"revoke {right} from {role}",
        )


# Everything a mutation can touch, however PostgreSQL happens to store it.
STATE = """
select format('%s on %s %s %s', polname, polrelid::regclass, polcmd,
  concat_ws(' / ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)))
from pg_policy
union all
select format('%s row security %s', oid::regclass, relrowsecurity) from pg_class where relkind = 'r'
union all
select format('%s %s', conname, replace(pg_get_constraintdef(oid), ' NOT VALID', ''))
from pg_constraint where contype = 'f'
union all
select format('%s %s %s', c.oid::regclass, g.grantee, g.privilege_type)
from pg_class c, aclexplode(c.relacl) g
union all
select format('%s %s %s %s', a.attrelid::regclass, a.attname, g.grantee, g.privilege_type)
from pg_attribute a, aclexplode(a.attacl) g
union all
select format('%s %s', p.oid::regprocedure, g.grantee)
from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
"""


def state(db: Db) -> frozenset[str]:
    """Policies, row security, foreign keys and rights of the whole database."""
    return frozenset(row[0] for row in db.execute(STATE))
