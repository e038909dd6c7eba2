"""The list of refused rows: line, column, value, code and reason, for a spreadsheet."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_jobs.cells import cell
from edge_jobs.imports.refused import of_row
from edge_jobs.registry import Job

COLUMNS = ("line", "column", "value", "code", "reason")
# Less than an object of the bucket may have.
MOST_BYTES = 48 * 1024**2
_MORE = "There are more than this list can hold: mend these and import the file again."


def write(job: Job, this: Mapping[str, Any], columns: Mapping[str, str], target: Path) -> int:
    """Writes what the run has refused to ``target``, as far as it fits, and returns how many lines
    that makes.

    A column is called as the file calls it."""
    count = 0
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for error in _errors(job, this):
            field = error["field"]
            reason = of_row(error["code"], field, error["detail"])
            row = (columns.get(field, field), error["value"], error["code"], reason)
            writer.writerow([error["line"], *map(cell, row)])
            count += 1
            if target.stat().st_size > MOST_BYTES:
                writer.writerow(["", "", "", "", _MORE])
                break
    return count


def _errors(job: Job, this: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    after = 0
    while page := job.api.rpc("import_errors", **this, after=after):
        job.heartbeat()
        yield from page
        after = page[-1]["id"]
