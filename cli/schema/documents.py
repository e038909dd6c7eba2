"""The parts of the documents that are written from the catalog, between two marks."""

from pathlib import Path

from cli.schema import diagram, functions
from cli.schema.build import build_from_sql, scratch
from cli.schema.errors import NoPlace
from cli.schema.migrations import Project
from cli.schema.servers import connect

BEGIN = "<!-- Written by `firmbase db docs`: do not edit up to the end mark. -->\n"
END = "<!-- End of what `firmbase db docs` writes. -->\n"
PARTS = {
    Path("docs") / "api.md": functions.listed,
    Path("docs") / "data-model.md": diagram.draw,
}


def generate(server: str, project: Project) -> dict[Path, str]:
    """The documents of the project, with the parts that belong to `sql/`.

    Raises:
        SqlFailed: `sql/` does not build.
        NoPlace: a document is missing, or has not both marks.
    """
    around = {file: split(project.root, file) for file in PARTS}
    with scratch(server) as database:
        build_from_sql(database, project.sql)
        with connect(database) as connection:
            return {
                file: f"{before}{BEGIN}{PARTS[file](connection)}{END}{after}"
                for file, (before, after) in around.items()
            }


def split(root: Path, file: Path) -> tuple[str, str]:
    """What stands before and after the part that is written."""
    text = (root / file).read_text() if (root / file).exists() else ""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise NoPlace(file=file)
    return before, after
