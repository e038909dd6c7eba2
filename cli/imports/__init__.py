"""`firmbase import`: rows of a firm from a CSV or XLSX file."""

import contextlib
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import UnknownEncoding
from cli.jobs.arguments import firm_id
from cli.output import Json, print_json
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer(add_completion=False)


class Kind(StrEnum):
    companies = "companies"
    consultants = "consultants"
    contracts = "contracts"


def pair(text: str) -> tuple[str, str | None]:
    """`VAT=tax_id`, or `Colour=` to leave the column out."""
    column, found, field = text.rpartition("=")
    if not (found and column.strip()):
        raise typer.BadParameter(f'"{text}" maps nothing: write COLUMN=FIELD, or COLUMN= for none.')
    return column.strip(), field.strip() or None


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.", exists=True, dir_okay=False)],
    firm: Annotated[str, typer.Option(help="The firm: its short name or its id.")],
    kind: Annotated[
        Kind | None, typer.Option(help="What its rows are, where the file's name does not say it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only find out what would come of it.")
    ] = False,
    mapping: Annotated[
        list[Any] | None,
        typer.Option(
            "--map",
            parser=pair,
            metavar="COLUMN=FIELD",
            help="What a column means; may be repeated.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Of a CSV file that is not in UTF-8, such as windows-1252."),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(help="Write the list of refused rows to this file.", dir_okay=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make companies, consultants or contracts of the rows of a file.

    Rows that are there already are updated, good rows are kept, refused rows are listed with the
    reason. Running it twice changes nothing. Exit code 14 if rows were refused, 10 if the file was.
    """
    from cli.imports.run import finish, run

    api = Api(Settings.load())
    of_kind = kind or guess(file)
    owner = firm_id(api, firm)
    with in_utf8(file, encoding) as source:
        row = run(
            api,
            source,
            {"firm_id": owner, "kind": of_kind, "name": file.name, "mapping": dict(mapping or [])},
            dry_run=dry_run,
            quiet=as_json,
        )
    refused = finish(api, row, errors)
    if row["status"] != "done":
        # The file is no good, or the import was cancelled; what it had refused by then is kept.
        hint = "--errors FILE keeps the list." if refused and not errors else None
        raise Refused(code=row["reason"], message=row["detail"], hint=hint)
    if as_json:
        print_json({**row, "refused": refused})
    else:
        from cli.imports.show import show

        show(row, refused, errors)
    if row["failed_count"]:
        raise typer.Exit(14)


def guess(file: Path) -> Kind:
    """Of `Companies 2026.csv` companies."""
    named = [kind for kind in Kind if kind in file.stem.lower()]
    if len(named) != 1:
        raise typer.BadParameter(
            f"{file.name} does not say what its rows are.", param_hint="--kind"
        )
    return named[0]


@contextlib.contextmanager
def in_utf8(file: Path, encoding: str | None) -> Iterator[Path]:
    """The file itself, or a copy of it that is in UTF-8."""
    if encoding is None:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="firmbase-") as folder:
        copy = Path(folder, "utf-8.csv")
        try:
            with (
                file.open(encoding=encoding, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as target,
            ):
                while text := source.read(1 << 20):
                    target.write(text)
        except (LookupError, UnicodeError) as error:
            raise UnknownEncoding(file=file, encoding=encoding) from error
        yield copy
