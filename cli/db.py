"""`firmbase db`: the schema, from `sql/` through the migrations into a database."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, print_json, print_table, say
from cli.schema import advisors as advice
from cli.schema import documents, migrations, supabase_cli, typescript
from cli.schema.catalog import Difference, render
from cli.schema.errors import NoScratchServer
from cli.schema.migrations import SIDES, Project
from cli.schema.servers import database, scratch_server

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="After a change in sql/: `db diff NAME`, then `db migrate`, `db types`, `db docs`.",
)
PROJECT = Project()


@app.command()
def diff(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by underscores.")],
    as_json: Json = False,
) -> None:
    """Write the next migration from what differs between sql/ and the migrations.

    Both are built on scratch databases of the local stack. What the diff engine of the Supabase
    CLI leaves out stands in the file as a TODO block; exit code 1 then.
    """
    migrations.checked_name(name)
    draft = migrations.draft(scratch_server(), PROJECT)
    if draft is None:
        if as_json:
            print_json({"file": None, "missing": [], "destroyed": []})
        else:
            say("Nothing to do: sql/ and the migrations make the same database.")
        return
    file = migrations.write(PROJECT, name, draft)
    if as_json:
        print_json(
            {
                "file": str(file.relative_to(PROJECT.root)),
                "missing": [_as_dict(each) for each in draft.missing],
                "destroyed": draft.destroyed,
            }
        )
    else:
        say(f"Wrote {file.relative_to(PROJECT.root)}. Read it before you apply it.")
        for each in draft.destroyed:
            say(f"It destroys what is in {each}.")
        if draft.missing:
            say("Add by hand what its TODO block says:")
            typer.echo(render(draft.missing, "the database after it", "sql/"))
    if draft.missing:
        raise typer.Exit(1)


@app.command()
def migrate(as_json: Json = False) -> None:
    """Apply the migrations that the database lacks, through the Supabase CLI.

    Works on SUPABASE_DB_URL, or on the local stack when that is not set.
    """
    applied = supabase_cli.migrate(database(), PROJECT.root)
    if as_json:
        print_json({"applied": applied})
    elif applied:
        say(f"Applied {len(applied)}: {', '.join(applied)}.")
    else:
        say("Nothing to do: the database has every migration.")


@app.command()
def status(as_json: Json = False) -> None:
    """Show which migrations a database has, and whether sql/ and the migrations agree.

    Works on SUPABASE_DB_URL, or on the local stack when that is not set; the comparison needs a
    local stack. Exit code 1 if a migration is pending or unknown here, or if they do not agree.
    """
    files = PROJECT.versions()
    applied = migrations.applied(database())
    pending = [version for version in files if version not in applied]
    unknown = [version for version in applied if version not in files]
    try:
        differences = migrations.differences(scratch_server(), PROJECT)
    except NoScratchServer:
        differences = None
    if as_json:
        print_json(
            {
                "applied": [version for version in applied if version in files],
                "pending": pending,
                "unknown": unknown,
                "differences": differences and [_as_dict(each) for each in differences],
            }
        )
    else:
        rows = [
            [version, files.get(version, "?"), _state(version, pending, unknown)]
            for version in sorted({*files, *applied})
        ]
        print_table("Migrations", ["version", "name", "state"], rows)
        if differences is None:
            say("Whether sql/ and the migrations agree is unknown: `firmbase stack up` first.")
        elif differences:
            say("sql/ and the migrations differ; `firmbase db diff NAME` writes the next one:")
            typer.echo(render(differences, *SIDES))
        else:
            say("sql/ and the migrations make the same database.")
    if pending or unknown or differences:
        raise typer.Exit(1)


def _state(version: str, pending: list[str], unknown: list[str]) -> str:
    if version in pending:
        return "pending: run `firmbase db migrate`"
    return "not in this checkout" if version in unknown else "applied"


def _as_dict(difference: Difference) -> dict[str, object]:
    facts = {
        fact: {"migrations": ours, "sql": theirs}
        for fact, (ours, theirs) in difference.facts.items()
    }
    only_in = {"left": "migrations", "right": "sql", None: None}[difference.only_in]
    return {"object": difference.object, "only_in": only_in, "facts": facts}


@app.command()
def types(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if the file is out of date.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the TypeScript types of the API into web/services, from sql/."""
    wanted = typescript.generate(scratch_server(), PROJECT)
    _refresh({typescript.FILE: wanted}, check, as_json, "types")


@app.command()
def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if one is out of date.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the picture in docs/data-model.md and the functions in docs/api.md, from sql/."""
    _refresh(documents.generate(scratch_server(), PROJECT), check, as_json, "docs")


def _refresh(wanted: dict[Path, str], check: bool, as_json: bool, command: str) -> None:
    """Writes generated files of the project; with `check` only says whether it is needed."""
    stale = []
    for path, text in wanted.items():
        file = PROJECT.root / path
        if file.exists() and file.read_text() == text:
            said = f"{path} is up to date."
        elif check:
            said = f"{path} is out of date: run `firmbase db {command}`."
            stale.append(path)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            said = f"Wrote {path}."
            stale.append(path)
        if not as_json:
            say(said)
    if as_json:
        print_json([{"file": str(path), "changed": path in stale} for path in wanted])
    if check and stale:
        raise typer.Exit(1)


@app.command()
def advisors(as_json: Json = False) -> None:
    """Ask Supabase's advisors and our own lint about a database; exit code 1 on findings.

    Works on SUPABASE_DB_URL, or on the local stack when that is not set. Indexes nobody used yet
    count only on tables with 1,000 rows and more: on smaller ones PostgreSQL needs no index.
    """
    found = advice.advise(database())
    if as_json:
        print_json(
            {
                "findings": [each.as_dict() for each in found.findings],
                "too_early": [each.as_dict() for each in found.too_early],
            }
        )
    else:
        if found.findings:
            rows = [[each.level, each.name, each.detail] for each in found.findings]
            print_table("Advisors", ["level", "rule", "finding"], rows)
            remedies = {each.name: each.remediation for each in found.findings}
            for name, remedy in remedies.items():
                say(f"{name}: {remedy}")
        say(f"{len(found.findings)} findings.")
        if found.too_early:
            say(f"{len(found.too_early)} unused indexes on tables too small to judge them by.")
    if found.findings:
        raise typer.Exit(1)
