"""Fills a scratch database with a firm and weighs what each of its things takes up."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pypdfium2
from psycopg import sql

from cli.cost.capacity import Capacity
from cli.local.config import ROOT
from cli.schema.build import build_from_sql, database_of, scratch, with_database
from edge_jobs import SCHEMA_VERSION
from edge_jobs.files import pdf

FILL = Path(__file__).with_name("fill.sql")
DOCUMENT = ROOT / "cli" / "demo" / "documents" / "professional-services-agreement.pdf"

# What comes and goes at a pace of its own, and the table it is in.
ROWS = {
    "notification": "public.notifications",
    "email": "public.emails",
    "finished_job": "private.finished_jobs",
}
# Tables that are weighed by themselves as well, while there come to be more of a thing.
PARTS = {
    "contract": {"contract_row": "public.contracts"},
    "file": {"file_row": "public.files", "search_entry": "private.search_entries"},
}
AUDIT = "public.audit_log"
# Of what costs nothing to make, enough that a page more or less is no matter.
SOME = 800

TABLES = """
select n.nspname || '.' || c.relname, pg_total_relation_size(c.oid)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname in ('public', 'private', 'pgmq', 'auth', 'storage')
"""

Db = psycopg.Connection[Any]
# Bytes by table.
Weights = dict[str, int]


def measure(db_url: str, superuser_url: str, *, contracts: int, files: int) -> Capacity:
    """Bytes of each thing, in a firm with so many contracts and files."""
    sentences = agreement()
    amounts = {"member": SOME, "company": SOME, "consultant": SOME}
    amounts |= {"contract": contracts, "file": files}
    every = dict.fromkeys(ROWS, SOME) | amounts
    with filled(db_url, superuser_url) as db:
        found = {"schema": float(sum(weigh(db).values()))}
        db.execute("select public.bench_firm()")
        db.execute("select set_config('bench.sentences', %s, false)", [json.dumps(sentences)])
        audited = {}
        for thing, count in every.items():
            # Some beforehand: empty indexes have pages of their own, and words that all files share
            # are new only once. And then to a multiple: an index over random ids takes new pages in
            # bursts, one for each doubling.
            first = count // (2 if thing == "file" else 4)
            add(db, thing, 1, first)
            before, entries, more = weigh(db), audit_rows(db), count - first
            add(db, thing, first + 1, more)
            after = weigh(db)
            audited[thing] = (audit_rows(db) - entries) / more
            if thing in ROWS:
                found[thing] = (after[ROWS[thing]] - before[ROWS[thing]]) / more
            else:
                found[thing] = (together(after) - together(before)) / more
            for part, table in PARTS.get(thing, {}).items():
                found[part] = (after[table] - before[table]) / more
        found["audit_row"] = after[AUDIT] / audit_rows(db)
    for thing in amounts:
        found[thing] += audited[thing] * found["audit_row"]
    return Capacity(
        measured_on=datetime.now(UTC).date(),
        schema_version=SCHEMA_VERSION,
        contracts=contracts,
        files=files,
        text_characters=len(" ".join(sentences)),
        bytes={thing: round(size) for thing, size in found.items()} | {"pictures": pictures()},
    )


def add(db: Db, thing: str, first: int, count: int) -> None:
    function = sql.Identifier(f"bench_{thing}")
    db.execute(sql.SQL("select public.{}(%s, %s)").format(function), [first, count])


def weigh(db: Db) -> Weights:
    """After what the runner has done, and the database itself does now and then."""
    db.execute("select public.bench_settle()")
    names = [name.split(".") for name, _ in db.execute(TABLES)]
    db.execute(
        sql.SQL("vacuum (analyze) {}").format(
            sql.SQL(", ").join(sql.Identifier(*name) for name in names)
        )
    )
    return dict(db.execute(TABLES).fetchall())


def audit_rows(db: Db) -> int:
    row = db.execute("select count(*) from public.audit_log").fetchone()
    return int(row[0]) if row else 0


def together(weights: Weights) -> int:
    """Of all but what comes and goes, and the audit log, to which every thing adds: in bursts."""
    return sum(size for table, size in weights.items() if table not in {AUDIT, *ROWS.values()})


@contextmanager
def filled(db_url: str, superuser_url: str) -> Iterator[Db]:
    with scratch(db_url) as url:
        build_from_sql(url)
        url = with_database(superuser_url, database_of(url))
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(FILL.read_bytes())
            yield db


def agreement() -> list[str]:
    """The sentences of an agreement of six full pages, as the pipeline reads them."""
    with pypdfium2.PdfDocument(DOCUMENT) as document:
        text = str(pdf.read_pages(document)["text"])
    return re.split(r"(?<=[.;:])\s+", text)


def pictures() -> int:
    """Bytes of the thumbnail and the previews of that agreement."""
    with TemporaryDirectory(prefix="firmbase-bench-") as folder:
        with pypdfium2.PdfDocument(DOCUMENT) as document:
            pdf.read_pages(document, Path(folder))
        return sum(path.stat().st_size for path in Path(folder).iterdir())
