"""What an import costs: 200,000 companies from a file to rows, against COPY and one insert.

Ours from the upload to done: sent to the storage, fetched by a runner, read in the sandbox, and
written with the rights of a member. The peer copies the same file into a temporary table and
inserts from there with `on conflict`, as the database's owner: same table, same triggers, nothing
checked.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench.files.whole import Firm, firm
from bench.report import Goal, Result
from cli.local.config import ROOT
from edge_jobs import sandbox
from edge_jobs.imports.run import CPU_SECONDS

ROWS, FEW = 200_000, 20_000
ROUNDS = 2
COLUMNS = [
    *("external_ref", "name", "legal_name", "tax_id", "website"),
    *("industry", "country", "address", "status"),
]
TABLE = """
create temporary table arrived on commit drop as
select external_ref, name, legal_name, tax_id, website, industry, country, address, status
from public.companies
limit 0
"""
COPY = "copy arrived from stdin (format csv, header)"
INSERT = """
insert into public.companies (
  firm_id, external_ref, name, legal_name, tax_id, website, industry, country, address, status
)
select %s, arrived.* from arrived
on conflict (firm_id, external_ref) where archived_at is null do update set
  name = excluded.name,
  legal_name = excluded.legal_name,
  tax_id = excluded.tax_id,
  website = excluded.website,
  industry = excluded.industry,
  country = excluded.country,
  address = excluded.address,
  status = excluded.status
"""

RUNNER = """
from pathlib import Path
from edge_jobs.runner import Runner
from edge_jobs.settings import Settings
Runner(Settings.load(), watch=False, slots=1).run()
# Not what getrusage says, which begins with the memory of whoever started it.
(peak,) = (l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
print(peak.split()[1])
"""


def run() -> Result:
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder, firm() as ours:
        many, few = Path(folder, "many.csv"), Path(folder, "few.csv")
        _write(many, ROWS)
        _write(few, FEW)
        _, little = _import(ours, few, created=FEW)
        best, peer = float("inf"), float("inf")
        for _ in range(ROUNDS):
            seconds, peak = _import(ours, many, created=ROWS)
            best = min(best, seconds)
            peer = min(peer, _copy(ours, many))
        again, _ = _import(ours, many, unchanged=ROWS, clear=False)
        small, large = (_sandboxed(ours, path, Path(folder)) for path in (few, many))
    rows = [
        [f"import of {ROWS:,} companies", f"{best:.1f} s, {ROWS / best:,.0f} rows/s"],
        ["COPY + insert … on conflict", f"{peer:.1f} s, {ROWS / peer:,.0f} rows/s"],
        ["the same file once more: nothing to change", f"{again:.1f} s"],
        [f"memory of the runner, {FEW:,} and {ROWS:,} rows", f"{little} and {peak} MiB"],
        [f"memory of the sandbox, {FEW:,} and {ROWS:,} rows", f"{small} and {large} MiB"],
    ]
    return Result(
        columns=["what", "measured"],
        rows=rows,
        goals=[
            Goal("import: speed ÷ COPY + insert … on conflict", peer / best, at_least=0.35),
            Goal("runner: memory at ten times the rows", peak / little, at_most=1.2),
            Goal("sandbox: memory at ten times the rows", large / small, at_most=1.5),
        ],
    )


def _write(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for n in range(count):
            writer.writerow(
                [
                    f"CRM-{n:07}",
                    f"Harbour Foods {n}",
                    f"Harbour Foods {n} GmbH & Co. KG",
                    f"DE{n:09}",
                    f"https://harbour-{n}.example",
                    ("Food", "Logistics", "Energy")[n % 3],
                    ("DE", "AT", "CH")[n % 3],
                    f"Speicherstraße {n % 400}, {n % 90000 + 10000} Hamburg",
                    ("lead", "active", "inactive")[n % 3],
                ]
            )


def _import(ours: Firm, path: Path, *, clear: bool = True, **expected: int) -> tuple[float, int]:
    """Seconds from the first request to done, and the most memory of the runner in MiB."""
    if clear:
        _clear(ours)
    headers = {"apikey": ours.config.keys.publishable, "Authorization": f"Bearer {ours.token}"}
    content = path.read_bytes()
    begun = time.perf_counter()
    with httpx.Client(base_url=ours.config.api_url, headers=headers, timeout=120) as client:
        intent: dict[str, Any] = {"kind": "companies", "name": path.name, "firm_id": ours.id}
        intent["size_bytes"] = len(content)
        row = client.post("/rest/v1/rpc/begin_import", json=intent).raise_for_status().json()
        client.post(
            f"/storage/v1/object/imports/{row['path']}",
            content=content,
            headers={"content-type": "text/csv"},
        ).raise_for_status()
        start = {"import_id": row["id"], "dry_run": False}
        client.post("/rest/v1/rpc/start_import", json=start).raise_for_status()
    runner = subprocess.run(
        [sys.executable, "-c", RUNNER],
        env=os.environ | ours.config.environment() | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - begun
    found = ours.database.execute(
        "select status, created_count, unchanged_count, failed_count from public.imports"
        " where id = %s",
        [row["id"]],
    ).fetchone()
    # One that did not become rows would be no measurement.
    if found != ("done", expected.get("created", 0), expected.get("unchanged", 0), 0):
        raise RuntimeError(f"{found}, {runner.stderr}")
    return seconds, int(runner.stdout) // 1024


def _copy(ours: Firm, path: Path) -> float:
    _clear(ours)
    begun = time.perf_counter()
    with ours.database.transaction():
        ours.database.execute(TABLE)
        with ours.database.cursor().copy(COPY) as copy:
            copy.write(path.read_bytes())
        ours.database.execute(INSERT, [ours.id])
    return time.perf_counter() - begun


def _clear(ours: Firm) -> None:
    """Both begin with a table that is empty and clean, and what the triggers wrote gone."""
    database = ours.database
    database.execute("truncate public.companies, public.audit_log, private.search_entries cascade")
    database.execute("checkpoint")


def _sandboxed(ours: Firm, path: Path, folder: Path) -> int:
    """The most memory of the child that reads the file, in MiB."""
    (row,) = ours.database.execute(
        "select jsonb_agg(to_jsonb(f)) from private.import_fields('companies') f"
    ).fetchone() or (None,)
    asked = json.dumps({"name": path.name, "mapping": {}, "fields": row})
    with tempfile.TemporaryDirectory(dir=folder) as work:
        target = "edge_jobs.imports.read:read"
        end = sandbox.attempt(target, path, Path(work), asked, cpu_s=CPU_SECONDS)
    if end.code:
        raise RuntimeError(f"the sandbox ended with {end.code}")
    return end.peak_kib // 1024
