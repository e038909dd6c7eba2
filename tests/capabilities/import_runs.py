"""Runs of imports, and what tests ask of them."""

import csv
import io
from collections.abc import Callable
from typing import Any

import psycopg

from edge_jobs.imports import run as importing
from edge_jobs.imports.run import ImportRun
from edge_jobs.log import Log
from edge_jobs.registry import Job
from tests.api.imports import Import, errors, look, start
from tests.capabilities.worker import Worker
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]
Make = Callable[..., Worker]
COUNTS = ("created_count", "updated_count", "unchanged_count", "failed_count")


class Runs:
    """Runs imports as a runner would."""

    def __init__(self, worker: Make) -> None:
        self.make = worker
        self.api = worker()

    def run(self, row: Import, api: Worker | None = None) -> None:
        job = Job("default:1", "import.run", 1, None, api or self.api, Log())
        importing.run(job, ImportRun(import_id=row["id"], run=row["run"]))

    def run_and_close(self, row: Import) -> None:
        """In a thread, whose connections are its own."""
        api = self.make()
        self.run(row, api)
        api.close()

    def over(self, person: Person, row: Import, dry_run: bool, **values: Any) -> Import:
        self.run(created(start(person, row, dry_run, **values)))
        return look(person, row)


def counts(row: Import) -> tuple[int, ...]:
    return tuple(row[name] for name in COUNTS)


def refused(person: Person, row: Import) -> list[dict[str, str]]:
    answer = errors(person, row["errors_path"])
    assert answer.is_success, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def written(db: Db, firm: Firm) -> list[Any]:
    """Everything an import could have touched."""
    return [
        db.execute(f"select * from {table} where firm_id = %s order by 1", [firm.id]).fetchall()
        for table in ("companies", "consultants", "contracts", "audit_log")
    ]
