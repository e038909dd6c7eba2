"""The project on a local stack: its migrations applied, and known to the API."""

import time

import httpx

from cli.errors import StackError
from cli.local.config import Config
from cli.local.stack import Stack
from cli.schema import supabase_cli
from cli.schema.servers import connect

RELOAD_SECONDS = 30.0

EXPOSED = """
select '/rpc/' || proname from pg_proc
where pronamespace = 'public'::regnamespace
  and prorettype <> 'trigger'::regtype
  and has_function_privilege('service_role', oid, 'execute')
union
select '/' || relname from pg_class
where relnamespace = 'public'::regnamespace
  and relkind in ('r', 'p', 'v', 'm')
  and has_table_privilege('service_role', oid, 'select')
"""


def migrate(config: Config) -> list[str]:
    """Applies the migrations the stack lacks and waits until the API knows what they brought.

    Returns the names of the files applied.

    Raises:
        MigrationFailed: a migration could not be applied; those before it stay.
        StackError: the API did not read the schema anew.
    """
    with Stack(config.directory).exclusively():
        applied = supabase_cli.migrate(config.database_url())
    wait_for_api(config)
    return applied


def wait_for_api(config: Config) -> None:
    """PostgREST reads the schema anew a moment after it changed; it knows the old one till then."""
    with connect(config.database_url()) as connection:
        wanted = {path for (path,) in connection.execute(EXPOSED)}
    deadline = time.monotonic() + RELOAD_SECONDS
    while not wanted <= known(config):
        if time.monotonic() > deadline:
            raise StackError(
                "The API does not see the new schema: `firmbase stack logs postgrest`."
            )
        time.sleep(0.05)


def known(config: Config) -> set[str]:
    """The paths of tables and functions that the API shows the holder of the secret key."""
    headers = {"apikey": config.keys.secret}
    answer = httpx.get(f"{config.api_url}/rest/v1/", headers=headers, timeout=10)
    return set(answer.json().get("paths", {}))
