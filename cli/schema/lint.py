"""Our own rules for a schema: what a hosted project refuses, and what this one promises."""

import itertools
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg

QUERY = (resources.files(__package__) / "lint.sql").read_bytes()
BODIES = """
select p.oid::regprocedure::text, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
from pg_proc p
where p.pronamespace in (select oid from pg_namespace where nspname in ('public', 'private'))
order by 1
"""

CHANGE = re.compile(r"\b(?:update|delete\s+from)\s+(?:only\s+)?\w+\.\w+", re.IGNORECASE)
HIDDEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """Why something is a fault, and how to mend it."""

    why: str
    mend: str


RULES = {
    "change_without_where": Rule(
        "The API of a hosted project refuses UPDATE and DELETE without WHERE, in functions too.",
        "Write a condition, `where true` if every row is meant.",
    ),
    "object_in_managed_schema": Rule(
        "auth, storage and realtime belong to the platform, where a migration may only add "
        "policies and triggers.",
        "Put it into `private`, or into `public` if the API serves it.",
    ),
    "trigger_on_managed_table": Rule(
        "On a hosted project triggers are allowed on auth.users, storage.objects, "
        "storage.buckets and realtime.messages alone.",
        "Use one of these tables, or a job.",
    ),
    "open_to_everybody": Rule(
        "PUBLIC and anon are everybody who knows the address of the project.",
        "Revoke all from public and anon, then grant to authenticated or service_role.",
    ),
    "rights_not_revoked": Rule(
        "A new table comes with rights that row security does not see, such as TRUNCATE, until "
        "they are revoked.",
        "Revoke all from public, anon, authenticated and service_role, then grant the least.",
    ),
    "definer_outside_private": Rule(
        "A security definer function has its owner's rights, so no client may reach one directly.",
        "Move it to `private` and call it from a function in `public` with its caller's rights.",
    ),
    "search_path_not_empty": Rule(
        "Whoever can create objects in a schema of the search path decides what a function calls.",
        "Add `set search_path = ''` and write every name with its schema.",
    ),
    "setting_of_an_extension": Rule(
        "Only a superuser may write the setting of an extension into a function when the session "
        "has not loaded the extension: the migration works on one project and not on the next.",
        "Call `set_config(name, value, true)` at the beginning of the function's body.",
    ),
    "policy_asks_for_each_row": Rule(
        "A helper called for each row, or compared by `in (select …)`, keeps the filter from its "
        "index.",
        "Write `firm_id = any (array(select private.firm_ids()))` and `(select auth.uid())`.",
    ),
    "enum_column": Rule(
        "Comparing an enum is not leakproof: under row security no index serves the filter.",
        "Use text with a check of its values.",
    ),
    "index_not_leakproof": Rule(
        "Comparing this type is not leakproof: under row security the index does not serve it.",
        "Use a leakproof type (uuid, text, date, timestamptz, boolean, an integer), or filter in "
        "a definer function that checks the firms itself.",
    ),
    "missing_comment": Rule(
        "Comments are the documentation of the API and of the schema.",
        "Add `comment on …` below it in its file.",
    ),
}


@dataclass(frozen=True)
class Violation:
    """A rule of `RULES` and what breaks it."""

    rule: str
    detail: str


def lint(connection: psycopg.Connection[Any]) -> list[Violation]:
    """What breaks our rules in a database, ordered by rule and object."""
    with connection.transaction():
        # Without a search path every name is printed in full.
        connection.execute("set local search_path = ''")
        found = [Violation(*row) for row in connection.execute(QUERY).fetchall()]
        bodies = connection.execute(BODIES).fetchall()
    for function, body in bodies:
        for change in without_where(body):
            found.append(Violation("change_without_where", f"function {function}: {change}"))
    return found


def without_where(body: str) -> list[str]:
    """The changes in a function's body that no WHERE follows within their statement.

    The body is read as text: SQL that it builds at run time is not seen.
    """
    text = HIDDEN.sub(" ", body)
    found = []
    for statement in text.split(";"):
        starts = [change.start() for change in CHANGE.finditer(statement)]
        for start, end in itertools.pairwise([*starts, len(statement)]):
            change = statement[start:end]
            if not re.search(r"\bwhere\b", change, re.IGNORECASE):
                found.append(" ".join(change.split()))
    return found
