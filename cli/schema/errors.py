"""What can go wrong between `sql/`, the migrations and a database."""

from edge_jobs.errors import FirmbaseError


class SqlFailed(FirmbaseError):
    """{place}: {said}"""

    code = "sql_failed"
    exit_code = 12


class MigrationFailed(FirmbaseError):
    """{said}"""

    code = "migration_failed"
    exit_code = 12


class WrongRole(FirmbaseError):
    """Migrations run as the role postgres, as on hosted, not as {role}: correct SUPABASE_DB_URL."""

    code = "wrong_role"
    exit_code = 2


class BadName(FirmbaseError):
    """A migration's name is lower-case words joined by underscores, like add_invoices."""

    code = "bad_migration_name"
    exit_code = 2


class BadDatabaseUrl(FirmbaseError):
    """SUPABASE_DB_URL is not the address of a database: set SUPABASE_DB_URL to the project's
    connection string, such as postgresql://postgres:<password>@<host>:5432/postgres, with %2F for a
    slash in the password, and so on."""

    code = "bad_database_url"
    exit_code = 4


class TransactionPooler(FirmbaseError):
    """SUPABASE_DB_URL leads to the transaction pooler, which keeps no lock: set it to the
    connection string of the session pooler (port 5432), or to the direct one."""

    code = "transaction_pooler"
    exit_code = 4


class NoDatabase(FirmbaseError):
    """There is no database to work on: run `firmbase stack up`, or set SUPABASE_DB_URL."""

    code = "no_database"
    exit_code = 7


class DatabaseRefuses(FirmbaseError):
    """The database does not answer ({said}): check SUPABASE_DB_URL, or start the local one with
    `firmbase stack up`."""

    code = "database_down"
    exit_code = 7


class DirectRefuses(DatabaseRefuses):
    """The database does not answer ({said}): check SUPABASE_DB_URL. Its direct address is for IPv6
    alone; from a machine without it use the connection string of the session pooler."""


class NoScratchServer(FirmbaseError):
    """Scratch databases are made on a local stack: start one with `firmbase stack up`."""

    code = "no_scratch_server"
    exit_code = 11


class NoPlace(FirmbaseError):
    """{file} has no place for what is written: put back the two comments that mark it."""

    code = "no_place"
    exit_code = 2


class CliFailed(FirmbaseError):
    """The Supabase CLI failed: {said}"""

    code = "supabase_cli_failed"
