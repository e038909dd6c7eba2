"""What checking a file costs: the pipeline against the same libraries called bare.

Real documents by many producers, from a claim to ready with the storage in between, against a loop
that reads and draws the same documents from the disk. Then the parts one by one: the text of a PDF,
the sandbox, hostile files, the guard of zip files, and the memory of the runner.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Result


def run() -> "Result":
    # Here: children in the sandbox import this package for what they run, and for nothing else.
    from bench.files import contact_sheet, parts, whole
    from bench.report import Result

    rows, goals = parts.measure()
    more, found = whole.measure()
    return Result(
        columns=["what", "measured"],
        rows=[*more, *rows],
        goals=[*found, *goals],
        notes=[f"What is shown of each document: {contact_sheet.draw()}"],
    )
