"""The typed services: the same suites in memory and on the stack, by node's own runner."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.conftest import RunningStack

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
NODE = ROOT / ".venv" / "bin" / "node"


def test_the_services_in_memory_and_on_supabase(stack: RunningStack) -> None:
    folder = WEB / "services" / "tests"
    files = sorted(path.name for path in folder.glob("*.test.ts"))
    assert files
    result = subprocess.run(
        [
            *(NODE, "--test", "--test-reporter=spec"),
            # Sockets that Realtime keeps open would hold the process.
            "--test-force-exit",
            # One file after the other: each does the jobs of the whole stack.
            "--test-concurrency=1",
            *files,
        ],
        cwd=folder,
        env=os.environ | stack.env | {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for stage in ("in memory", "on Supabase"):
        assert result.stdout.count(f"\n✔ {stage} (") == len(files), result.stdout


def printed(script: str) -> list[tuple[str, ...]]:
    """The words of each line that a script prints, beside the services."""
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script],
        cwd=WEB / "services",
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(line.split()) for line in done.stdout.splitlines()]


def test_transitions_are_those_of_the_database(stack: RunningStack) -> None:
    steps = printed("""
      import { TRANSITIONS } from "./contracts.ts";
      for (const [from, steps] of Object.entries(TRANSITIONS))
        for (const { to, role } of steps) console.log(from, to, role);
    """)
    with psycopg.connect(stack.superuser_url) as connection:
        statuses = connection.execute(
            "select pg_get_constraintdef(oid) from pg_constraint "
            "where conname = 'contracts_status_known'"
        ).fetchone()
        assert statuses is not None
        offered = {
            (status, *step)
            for status in re.findall(r"'(\w+)'", statuses[0])
            for step in connection.execute(
                "select to_status, min_role from private.contract_transitions(%s)", [status]
            )
        }
    assert set(steps) == offered


def test_what_files_belong_to_is_that_of_the_database(stack: RunningStack) -> None:
    offered = printed("""
      import { FILE_PARENTS } from "./files.ts";
      for (const column of FILE_PARENTS) console.log(column);
    """)
    query = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'files_one_parent'"
    with psycopg.connect(stack.superuser_url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    assert [column for (column,) in offered] == re.findall(r"\w+_id", row[0])


def test_fields_of_imports_are_those_of_the_database(stack: RunningStack) -> None:
    offered = printed("""
      import { IMPORT_FIELDS } from "./imports.ts";
      for (const [kind, { fields, keys, needed }] of Object.entries(IMPORT_FIELDS))
        for (const field of new Set([...fields, ...keys, ...needed]))
          console.log(kind, field, keys.includes(field), needed.includes(field));
    """)
    # What the table demands and does not find itself; the server finds the currency of a firm.
    query = """
      select k.kind, f.field, f.key is not null, coalesce(
        a.attnotnull and not a.atthasdef and a.attname <> 'currency', false
      )
      from unnest(array['companies', 'consultants', 'contracts']) with ordinality as k (kind, n)
      cross join lateral private.import_fields(k.kind) with ordinality as f
      left join pg_attribute as a
        on a.attrelid = ('public.' || k.kind)::regclass and a.attname = f.column_name
      order by k.n, f.ordinality
    """
    with psycopg.connect(stack.superuser_url) as connection:
        rows = connection.execute(query).fetchall()
    assert offered == [tuple(str(part).lower() for part in row) for row in rows]
