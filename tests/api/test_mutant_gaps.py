"""What only `make mutants` shows to be untested: the second lock on doors nobody has the key to.

Tables behind the API are closed by their grants. Where they have row security as well, one grant
too many still opens nothing, and no request can tell whether it is there.
"""

from typing import Any

import psycopg
import pytest

from tests.people import Firm, created

Db = psycopg.Connection[Any]

# Closed by their grants alone.
WITHOUT_ROW_SECURITY = ["private.contract_counters", "private.invitation_tokens"]
# A row of whichever table; an account, which belongs to no firm; a log that outlives what it names.
WITHOUT_KEY_WITH_THE_FIRM = [
    "audit_log.row_id",
    "consultants.user_id",
    "file_accesses.file_id",
    "file_accesses.user_id",
    "firm_members.user_id",
]


def names(db: Db, query: str) -> list[str]:
    return [row[0] for row in db.execute(query)]


def test_tables_behind_the_api_have_row_security(db: Db) -> None:
    without = names(
        db,
        """
        select format('%I.%I', n.nspname, c.relname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where (n.nspname = 'private' or n.nspname = 'pgmq' and c.relname ~ '^[qa]_')
          and c.relkind in ('r', 'p')
          and not c.relrowsecurity
        order by 1
        """,
    )
    assert without == WITHOUT_ROW_SECURITY


def test_tables_behind_the_api_say_that_they_admit_nobody(db: Db) -> None:
    """With a restrictive policy, so that no permissive one can open them by mistake."""
    silent = names(
        db,
        """
        select c.relname
        from pg_class c
        where c.relnamespace = 'private'::regnamespace
          and c.relrowsecurity
          and not exists (
            select from pg_policy p
            where p.polrelid = c.oid
              and not p.polpermissive
              and p.polcmd = '*'
              and pg_get_expr(p.polqual, p.polrelid) = 'false'
          )
        """,
    )
    assert silent == []


def test_whatever_names_another_row_is_a_key_with_the_firm(db: Db) -> None:
    """A key that is missing altogether leaves nothing behind for the other tests to judge."""
    loose = names(
        db,
        """
        select format('%s.%s', c.relname, a.attname)
        from pg_class c
        join pg_attribute f on f.attrelid = c.oid and f.attname = 'firm_id'
        join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'uuid'::regtype
        where c.relnamespace = 'public'::regnamespace
          and c.relkind in ('r', 'p')
          and a.attname like '%\\_id'
          and a.attname <> 'firm_id'
          and not exists (
            select from pg_constraint k
            where k.conrelid = c.oid
              and k.contype = 'f'
              and k.conkey @> array[f.attnum, a.attnum]
          )
        order by 1
        """,
    )
    assert loose == WITHOUT_KEY_WITH_THE_FIRM


def test_only_members_of_the_firm_are_notified(db: Db, firm: Firm, other_firm: Firm) -> None:
    notify = (
        "insert into notifications (firm_id, user_id, dedupe_key, kind, title, link)"
        " values (%s, %s, 'x', 'test', 'x', '/x')"
    )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute(notify, (firm.id, other_firm.owner.id))
    db.execute(notify, (firm.id, firm.member.id))
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=firm.member.id))
    assert names(db, f"select id from notifications where firm_id = '{firm.id}'") == []


def test_a_changed_row_passes_what_the_old_one_passed(db: Db) -> None:
    """Who may change a row may not change it into one they could not change.

    Nobody is granted the columns that would let them try, so no request shows it.
    """
    differing = names(
        db,
        """
        select polname
        from pg_policy p
        join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'public'::regnamespace
          and p.polcmd = 'w'
          and pg_get_expr(p.polqual, p.polrelid)
            is distinct from coalesce(
              pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid)
            )
        order by 1
        """,
    )
    # Sharing a view needs more than keeping one.
    assert differing == ["saved_views_update"]


def test_no_policy_admits_everybody(db: Db) -> None:
    open_ones = names(
        db,
        """
        select format('%s on %s', policyname, tablename)
        from pg_policies
        where schemaname in ('public', 'private', 'storage') and 'true' in (qual, with_check)
        """,
    )
    assert open_ones == []
