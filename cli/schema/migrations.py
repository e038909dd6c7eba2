"""Migrations: their files, what a database has of them, and the next one, drafted from `sql/`."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.local.config import ROOT, STACKS
from cli.schema import supabase_cli
from cli.schema.build import SQL, build_from_sql, database_of, scratch, sql_files
from cli.schema.catalog import Catalog, Difference, compare, render, snapshot
from cli.schema.errors import BadName, MigrationFailed
from cli.schema.files import in_order
from cli.schema.servers import connect

VERSION = "%Y%m%d%H%M%S"
SIDES = ("the migrations", "sql/")


@dataclass(frozen=True)
class Project:
    """A folder with the schema in both its forms."""

    root: Path = ROOT

    @property
    def sql(self) -> Path:
        return self.root / SQL.name

    @property
    def migrations(self) -> Path:
        return self.root / "supabase" / "migrations"

    @property
    def functions(self) -> Path:
        return self.root / "supabase" / "functions"

    def versions(self) -> dict[str, str]:
        """The name of each migration by its version, in order."""
        return dict(file.stem.split("_", 1) for file in in_order(self.migrations))


@dataclass(frozen=True)
class Draft:
    """The next migration, and what is known about it.

    `missing` is what still differs from `sql/` after it: the engine could not express it.
    `destroyed` names the tables and columns that go, with what is in them.
    """

    text: str
    missing: list[Difference] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)


def applied(db_url: str) -> list[str]:
    """The versions a database has, in order; none if no migration ever ran there."""
    with connect(db_url) as connection:
        history = "supabase_migrations.schema_migrations"
        found = connection.execute("select to_regclass(%s)", [history]).fetchone()
        if not found or not found[0]:
            return []
        rows = connection.execute("select version from supabase_migrations.schema_migrations")
        return sorted(version for (version,) in rows)


@contextmanager
def both(server: str, project: Project) -> Iterator[tuple[str, str]]:
    """Two scratch databases: one from the migrations, one from `sql/`."""
    with scratch(server) as migrated, scratch(server) as declared:
        supabase_cli.migrate(migrated, project.root)
        build_from_sql(declared, project.sql)
        yield migrated, declared


def catalog(db_url: str) -> Catalog:
    with connect(db_url) as connection:
        return snapshot(connection)


def differences(server: str, project: Project) -> list[Difference]:
    """What differs between the migrations and `sql/`; nothing, unless one is due."""
    with both(server, project) as (migrated, declared):
        return compare(catalog(migrated), catalog(declared))


def draft(server: str, project: Project) -> Draft | None:
    """The migration that leads to `sql/`, tried on a copy; None when there is nothing to do.

    The first one is `sql/` itself, in order. Later ones come from the CLI's diff engine, which
    knows nothing of rows and not every sort of object: the catalogs tell what it left out.

    Raises:
        MigrationFailed: the engine's SQL does not run; the message has the place.
    """
    with both(server, project) as (migrated, declared):
        before, wanted = catalog(migrated), catalog(declared)
        due = compare(before, wanted)
        if not due:
            return None
        text = supabase_cli.diff(migrated, declared) if project.versions() else whole(project.sql)
        with scratch(server, template=database_of(migrated)) as trial:
            if text.strip():
                _apply(trial, project, text)
            missing = compare(catalog(trial), wanted)
    destroyed = [
        each.object
        for each in due
        if each.only_in == "left" and each.object.startswith(("table ", "column "))
    ]
    return Draft(text, missing, destroyed)


def _apply(db_url: str, project: Project, text: str) -> None:
    """Applies a migration that is not among the project's files yet."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Project(Path(folder))
        copy.migrations.mkdir(parents=True)
        for file in project.migrations.glob("*.sql"):
            shutil.copy(file, copy.migrations)
        new = copy.migrations / f"{next_version(project)}_draft.sql"
        new.write_text(text)
        try:
            supabase_cli.migrate(db_url, copy.root)
        except MigrationFailed as error:
            STACKS.mkdir(exist_ok=True)
            kept = shutil.copy(new, STACKS)
            raise MigrationFailed(
                said=f"The diff engine's SQL does not run: {error} It is kept as {kept}: "
                "mend it, move it to supabase/migrations, and see `firmbase db status`."
            ) from error


def whole(folder: Path) -> str:
    """All of `sql/`, in order, each file under its name."""
    return "\n".join(
        f"-- {file.relative_to(folder.parent)}\n\n{file.read_text().strip()}\n"
        for file in sql_files(folder)
    )


def next_version(project: Project) -> str:
    """Now (UTC), or the second after the last migration, whichever is later."""
    now = datetime.now(UTC).strftime(VERSION)
    last = max(project.versions(), default="")
    if now > last:
        return now
    return (datetime.strptime(last, VERSION) + timedelta(seconds=1)).strftime(VERSION)


def checked_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise BadName
    return name


def write(project: Project, name: str, drafted: Draft) -> Path:
    """Writes the next migration's file, with what a person must still add as a block at its end."""
    file = project.migrations / f"{next_version(project)}_{checked_name(name)}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = [drafted.text.strip()] if drafted.text.strip() else []
    if drafted.destroyed:
        going = "\n".join(f"--   {each}" for each in drafted.destroyed)
        parts.insert(0, f"-- DESTROYS what is in:\n{going}")
    if drafted.missing:
        lines = render(drafted.missing, "the database after this file", "sql/").splitlines()
        block = "\n".join(f"--   {line}".rstrip() for line in lines)
        parts.append(
            "-- TODO: the diff engine left this out. Write it here, then check with "
            f"`firmbase db status`.\n{block}"
        )
    file.write_text("\n\n".join(parts) + "\n")
    return file
