"""import.run: make rows of a file, or find out what would come of it."""

import json
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from edge_jobs import sandbox
from edge_jobs.errors import Snooze
from edge_jobs.files.objects import download, store
from edge_jobs.imports import refused, report
from edge_jobs.imports.spool import entries
from edge_jobs.registry import Job, handler

# Rows decided in one request, and about how many bytes of them.
BATCH_ROWS = 2000
BATCH_BYTES = 4 * 1024**2
# Of the processor, to read a file as large as any may be.
CPU_SECONDS = 60
# More than that cannot be mended one by one.
MOST_FAILED = 100_000
# Seconds until whoever was not the only one looks how far it is by now.
AGAIN_S = 5


class ImportRun(BaseModel):
    import_id: UUID
    run: int


@handler("import.run", payload=ImportRun, max_attempts=5, timeout_s=2 * 3600)
def run(job: Job, payload: ImportRun) -> dict[str, Any]:
    """A repeat goes on where the last attempt was cut off: the database counts what is decided in
    the transaction that decides it.

    Raises PermanentError object_missing or size_mismatch; the database then marks the import
    failed.
    """
    this: dict[str, Any] = {"import_id": str(payload.import_id), "run": payload.run}
    task = job.api.rpc("begin_import_run", **this)
    if task is None:
        return {"skipped": "over already"}
    with tempfile.TemporaryDirectory(prefix="firmbase-") as folder:
        source, work = Path(folder, "source"), Path(folder, "work")
        work.mkdir()
        download(job.api, task["bucket"], task["path"], source, task["size_bytes"])
        job.heartbeat()
        found = examine(source, work, task)
        if code := found.get("rejected"):
            said = refused.of_file(code, task["name"], found["detail"], found["line"])
            if columns := found["columns"]:
                job.api.rpc("describe_import", **this, columns=columns, row_count=None)
            job.api.rpc("finish_import", **this, reason=code, detail=said)
            return {"reason": code}
        job.api.rpc("describe_import", **this, columns=found["columns"], row_count=found["rows"])
        end = _apply(job, this, task["rows_done"], work, found)
        if end is None:
            # Cancelled; or an attempt that was taken for lost has done a batch all the same.
            if job.api.rpc("begin_import_run", **this):
                raise Snooze(AGAIN_S)
            return {"stopped": "cancelled"}
        reason, detail = end.get("stopped"), end.get("detail")
        if reason is None and end["failed"] > MOST_FAILED:
            reason = "too_many_errors"
            detail = refused.of_file(reason, task["name"], None, None)
        columns = {c["field"]: c["column"] for c in found["columns"] if c["field"]}
        errors = Path(folder, "errors.csv")
        listed = report.write(job, this, columns, errors)
        if listed:
            store(job.api, task["bucket"], task["errors_path"], errors.read_bytes(), "text/csv")
    ended = {"reason": reason, "detail": detail, "has_errors": listed > 0}
    job.api.rpc("finish_import", **this, **ended)
    return {"rows": found["rows"], "errors": listed} | ({"reason": reason} if reason else {})


def examine(source: Path, work: Path, task: dict[str, Any]) -> dict[str, Any]:
    """What edge_jobs.imports.read finds in the file. Raises sandbox.SandboxFailed where the fault
    is ours."""
    asked = json.dumps({key: task[key] for key in ("name", "mapping", "fields")})
    try:
        return sandbox.run("edge_jobs.imports.read:read", source, work, asked, cpu_s=CPU_SECONDS)
    except sandbox.TooComplex:
        return {"rejected": "too_complex", "detail": None, "line": None, "columns": []}


def _apply(
    job: Job, this: dict[str, Any], done: int, work: Path, found: dict[str, Any]
) -> dict[str, Any] | None:
    """The database's last answer; None where the run is over, or the next row is another one."""
    answer: dict[str, Any] | None = {"failed": 0}
    for size, rows, wrong in batches(work, found["fields"], done):
        answer = job.api.rpc(
            "import_rows",
            **this,
            first=done,
            size=size,
            fields=found["fields"],
            rows=rows,
            refused=wrong,
        )
        if answer is None or "stopped" in answer or answer["failed"] > MOST_FAILED:
            break
        done = answer["rows_done"]
        job.progress(done / found["rows"])
    return answer


Batch = tuple[int, list[Any], list[Any]]


def batches(work: Path, fields: list[str], done: int) -> Iterator[Batch]:
    """(how many, rows, refused rows), from the row after the ``done`` first ones."""
    size, rows, wrong, weight = 0, [], [], 0
    for row in islice(_with_doubles(work, fields), done, None):
        if isinstance(row, dict):
            wrong.append(row["refused"])
        else:
            rows.append(row)
            weight += sum(len(cell) for cell in row[1:] if cell)
        size += 1
        if size == BATCH_ROWS or weight > BATCH_BYTES:
            yield size, rows, wrong
            size, rows, wrong, weight = 0, [], [], 0
    if size:
        yield size, rows, wrong


def _with_doubles(work: Path, fields: list[str]) -> Iterator[Any]:
    """The rows as they were read; of those that mean the same entry, that they do."""
    doubles = entries(work, "doubles")
    double = next(doubles, None)
    for row in entries(work, "rows"):
        if double and isinstance(row, list) and row[0] == double[0]:
            line, field, lines = double
            value = (row[1 + fields.index(field)] or "")[:200]
            yield {"refused": [line, field, value, "duplicate_key", lines]}
            double = next(doubles, None)
        else:
            yield row
