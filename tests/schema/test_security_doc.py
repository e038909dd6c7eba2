"""docs/security.md names every security definer function, and who can call it as it is."""

import re

import psycopg

from cli.local.config import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)

DEFINERS = """
select n.nspname || '.' || p.proname, case
    when p.prorettype = 'trigger'::regtype then 'trigger'
    when has_function_privilege('anon', p.oid, 'execute') then 'everybody'
    when has_function_privilege('authenticated', p.oid, 'execute') then 'people'
    when has_function_privilege('service_role', p.oid, 'execute') then 'worker'
    else 'functions'
  end
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname in ('public', 'private')
"""


def test_the_table_of_definers_is_that_of_the_database(declared: str) -> None:
    with psycopg.connect(declared) as db:
        definers = db.execute(DEFINERS).fetchall()
    written = [
        (f"private.{name}", caller) for name, caller, _, _ in ROW.findall(DOCUMENT.read_text())
    ]
    assert len(written) > 50
    assert written == sorted(definers)
