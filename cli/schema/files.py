"""Whether a migration's file does all that it says or nothing."""

import re
from itertools import pairwise
from pathlib import Path

from cli.schema.build import masked
from cli.schema.errors import MigrationFailed

# The Supabase CLI runs these, and all else in their file, without a transaction.
OUTSIDE = re.compile(
    r"\s*((create|drop)\s+(unique\s+)?index\s+concurrently|reindex\b.*\sconcurrently"
    r"|vacuum|cluster|alter\s+system"
    r"|begin|start\s+transaction|commit|end|abort|rollback|prepare\s+transaction)\b",
    re.IGNORECASE | re.DOTALL,
)


def in_order(folder: Path) -> list[Path]:
    """The files of a folder of migrations. Raises MigrationFailed where two are of one version,
    of which a database would know only one."""
    files = sorted(folder.glob("*_*.sql"))
    for one, other in pairwise(files):
        if version(one) == version(other):
            raise MigrationFailed(
                said=f"{one.name} and {other.name} are of one version: give one a later timestamp."
            )
    return files


def version(file: Path) -> str:
    return file.stem.partition("_")[0]


def refuse_halves(folder: Path) -> None:
    """Raises MigrationFailed where a file could be applied in part, or not as it is written."""
    for file in in_order(folder):
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError:
            raise MigrationFailed(said=f"{file.name} is not UTF-8: save it as UTF-8.") from None
        statements = [each for each in masked(text).split(";") if each.strip()]
        outside = [found for each in statements if (found := OUTSIDE.match(each))]
        if outside and len(statements) > 1:
            raise MigrationFailed(
                said=f"{file.name} would be half applied if it failed, as `{outside[0][1]}` runs "
                "outside of a transaction: put that statement into a file of its own, and leave "
                "out begin and commit."
            )


def is_outside(file: Path) -> bool:
    """Whether what fails in it may leave something behind."""
    return bool(OUTSIDE.match(masked(file.read_text())))
