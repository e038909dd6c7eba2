"""The two forms of the schema make the same database."""

import shutil
from pathlib import Path

from cli.schema.catalog import render
from cli.schema.migrations import SIDES, Project, differences


def test_sql_and_the_migrations_make_the_same_database(server: str) -> None:
    found = differences(server, Project())
    assert not found, "\n" + render(found, *SIDES)


def test_a_change_in_one_of_them_is_seen(server: str, tmp_path: Path) -> None:
    real, copy = Project(), Project(tmp_path)
    shutil.copytree(real.sql, copy.sql)
    shutil.copytree(real.migrations, copy.migrations)
    more = copy.sql / "99_more" / "10_more.sql"
    more.parent.mkdir()
    more.write_text("grant delete on public.firms to authenticated;")
    (found,) = differences(server, copy)
    assert found.object == "table public.firms"
    assert list(found.facts) == ["grants: authenticated"]
