"""Scratch databases, and the errors of a sql/ that does not build."""

from pathlib import Path

import psycopg
import pytest

from cli.schema.build import build_from_sql, database_of, scratch, sql_files, with_database
from cli.schema.errors import DatabaseRefuses, NoScratchServer, SqlFailed
from cli.schema.servers import connect


def written(folder: Path, **files: str) -> Path:
    """A folder `sql` with one sub-folder holding the files."""
    target = folder / "sql" / "10_things"
    target.mkdir(parents=True)
    for name, text in files.items():
        (target / f"{name}.sql").write_text(text)
    return folder / "sql"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("select 1;\n\nselect\n  nothing;\n", 4, 'column "nothing" does not exist'),
        # No position comes with these: the line is that of the statement.
        ("create table a ();\n-- it's; not\n\ncreate table a ();", 4, "already exists"),
        ("select ';', $$ ; $$, $x$ $$;\n $x$, e'\\';' ;\n\n/* ; */ drop table b;", 4, "exist"),
        ("do $$ begin\n  raise 'no' using hint = 'Try';\nend $$;", 1, "no Try"),
        ("create table a ();\nselect (", 2, "syntax error"),
    ],
)
def test_an_error_names_file_and_line(
    server: str, tmp_path: Path, text: str, line: int, said: str
) -> None:
    folder = written(tmp_path, good="select 1;", later=text)
    with scratch(server) as url, pytest.raises(SqlFailed) as raised:
        build_from_sql(url, folder)
    assert str(raised.value).startswith(f"sql/10_things/later.sql:{line}: ")
    assert said in str(raised.value)


def test_a_failed_file_leaves_nothing(server: str, tmp_path: Path) -> None:
    folder = written(tmp_path, bad="create table public.half (); select nothing;")
    with scratch(server) as url:
        with pytest.raises(SqlFailed):
            build_from_sql(url, folder)
        with connect(url) as connection:
            assert connection.execute("select to_regclass('public.half')").fetchone() == (None,)


def test_files_run_in_path_order_as_postgres(server: str, tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        b="insert into public.things values (2, current_user)",
        a="create table public.things (n integer, who text)",
    )
    assert [file.name for file in sql_files(folder)] == ["a.sql", "b.sql"]
    with scratch(server) as url:
        build_from_sql(url, folder)
        with connect(url) as connection:
            assert connection.execute("table public.things").fetchall() == [(2, "postgres")]


def test_a_scratch_database_is_dropped_even_while_in_use(server: str) -> None:
    with scratch(server) as url:
        left_open = psycopg.connect(url)
    with connect(server) as connection:
        found = connection.execute(
            "select from pg_database where datname = %s", [database_of(url)]
        ).fetchone()
    left_open.close()
    assert found is None


def test_a_server_without_the_template_is_no_scratch_server(server: str) -> None:
    with pytest.raises(NoScratchServer, match="firmbase stack up"), scratch(server, "no_such"):
        pass


def test_a_database_that_is_not_there_is_said_to_be(server: str) -> None:
    with pytest.raises(DatabaseRefuses, match=r"does not exist.*SUPABASE_DB_URL"):
        connect(with_database(server, "no_such"))
