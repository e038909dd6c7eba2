"""firm.export: everything a firm has, table by table and file by file, into ZIP files.

Memory and disk hold one page, one document and one part at a time.
"""

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel

from edge_jobs.api import PATIENCE_S, plain_errors
from edge_jobs.cells import cell
from edge_jobs.errors import PermanentError
from edge_jobs.exports import tables
from edge_jobs.exports.names import Names
from edge_jobs.exports.parts import Parts
from edge_jobs.files.objects import download
from edge_jobs.registry import Job, handler

README = Path(__file__).with_name("readme.txt")
# A table's files are closed and the next ones begun beyond this many bytes.
FILE_BYTES = 16 * 1024 * 1024
# Per cent of the way that the tables are; the documents are the rest.
TABLES_SHARE = 20

DOCUMENTS = tables.Table(
    select="id,bucket,path,name,mime,size_bytes,status,reason,archived_at,"
    "companies(name),contacts(name,companies(name)),consultants(name),contracts(number)"
)


class FirmExport(BaseModel):
    export_id: UUID


@handler("firm.export", payload=FirmExport, max_attempts=3, timeout_s=6 * 3600)
def export(job: Job, payload: FirmExport) -> dict[str, Any]:
    """A repeat begins anew under the same names of objects.

    Raises PermanentError export_gone when its row was deleted meanwhile.
    """
    task = job.api.rpc("begin_export", export_id=str(payload.export_id))
    if task is None:
        return {"skipped": "done already"}
    key = job.api.settings.secret_key
    with (
        tempfile.TemporaryDirectory(prefix="firmbase-") as folder,
        httpx.Client(
            base_url=f"{job.api.settings.url}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=PATIENCE_S,
        ) as http,
    ):
        sent = Export(job, str(payload.export_id), task, http, Path(folder)).run()
    job.api.rpc("finish_export", export_id=str(payload.export_id), parts=sent)
    return {"parts": len(sent), "bytes": sum(part["size_bytes"] for part in sent)}


class Export:
    """One attempt. The firm is the one of the export's row."""

    def __init__(
        self, job: Job, id: str, task: dict[str, Any], http: httpx.Client, folder: Path
    ) -> None:
        self.job = job
        self.id = id
        self.firm_id: str = task["firm_id"]
        self.firm: str = task["firm"]
        self.objects: str = task["folder"]
        self.http = http
        self.folder = folder
        self.at = datetime.now(UTC).isoformat(timespec="seconds")
        self.names = Names()
        self.progress = 0
        self.parts = Parts(folder, self.send)

    def run(self) -> list[dict[str, Any]]:
        counts = {}
        for done, table in enumerate(tables.TABLES):
            self.report(TABLES_SHARE * done // len(tables.TABLES))
            counts[table] = self.add_table(table)
        documents = self.folder / "documents.jsonl"
        with documents.open("w") as listed:
            for entry in self.add_documents():
                listed.write(json.dumps(entry) + "\n")
        self.add_text("manifest.json", self.manifest(counts, documents))
        self.add_text("README.txt", [README.read_text().format(firm=self.firm, at=self.at)])
        self.parts.close()
        return self.parts.sent

    def report(self, progress: int) -> None:
        self.job.heartbeat()
        self.progress = progress
        wanted = self.job.api.rpc(
            "progress_export",
            export_id=self.id,
            progress=progress,
            part_count=len(self.parts.sent) + 1,
        )
        if not wanted:
            raise PermanentError("export_gone", "Nobody waits for this export any more.")

    def send(self, number: int, part: Path) -> str:
        """Announced first: whatever arrives is known to belong to the export."""
        self.report(self.progress)
        path = f"{self.objects}/part-{number:03}.zip"
        with plain_errors():
            self.job.api.storage("exports").upload(
                path, part, {"content-type": "application/zip", "upsert": "true"}
            )
        return path

    def add_table(self, name: str) -> int:
        """Twice: as people and as programs read it. Returns how many rows."""
        written, number = 0, 0
        source = tables.rows(self.http, name, self.firm_id)
        row = next(source, None)
        while row is not None or number == 0:
            number += 1
            csv_path, jsonl_path = self.folder / "table.csv", self.folder / "table.jsonl"
            with (
                csv_path.open("w", encoding="utf-8-sig", newline="") as csv_file,
                jsonl_path.open("w", encoding="utf-8") as jsonl_file,
            ):
                writer = csv.writer(csv_file)
                if row is not None:
                    writer.writerow(row)
                size = 0
                while row is not None and size < FILE_BYTES:
                    writer.writerow(cell(text(value)) for value in row.values())
                    size += jsonl_file.write(
                        json.dumps(row, ensure_ascii=False, default=float) + "\n"
                    )
                    written += 1
                    row = next(source, None)
            suffix = "" if number == 1 else f"-{number}"
            self.parts.add(csv_path, f"data/{name}{suffix}.csv")
            self.parts.add(jsonl_path, f"data/{name}{suffix}.jsonl")
        return written

    def add_documents(self) -> Iterator[dict[str, Any]]:
        """Adds each file that people can read; yields what the manifest says of all of them."""
        total = max(tables.count(self.http, "files", self.firm_id), 1)
        source = self.folder / "document"
        for done, file in enumerate(tables.pages(self.http, "files", DOCUMENTS, self.firm_id)):
            self.report(TABLES_SHARE + (99 - TABLES_SHARE) * min(done, total) // total)
            entry = {"id": file["id"], "name": file["name"]}
            if file["status"] != "ready":
                yield entry | {"left_out": file["status"], "reason": file["reason"]}
                continue
            try:
                sha256 = download(
                    self.job.api, file["bucket"], file["path"], source, file["size_bytes"]
                )
            except PermanentError as error:
                yield entry | {"left_out": error.code, "reason": str(error)}
                continue
            path = self.names.unique("documents", *place(file), file["name"])
            self.parts.add(source, path)
            yield entry | {"path": path, "size_bytes": file["size_bytes"], "sha256": sha256}

    def manifest(self, counts: dict[str, int], documents: Path) -> Iterator[str]:
        """In pieces: a firm may have more documents than fit into memory."""
        head = {
            "firm": {"id": self.firm_id, "name": self.firm},
            "exported_at": self.at,
            "consistency": "Read page by page while people worked: not a snapshot of one moment.",
            "tables": counts,
            "left_out_tables": tables.EXCLUDED,
        }
        yield json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
        yield ',\n  "documents": ['
        with documents.open() as listed:
            for number, line in enumerate(listed):
                yield ("," if number else "") + "\n    " + line.rstrip()
        yield "\n  ]\n}\n"

    def add_text(self, name: str, pieces: Iterable[str]) -> None:
        source = self.folder / "text"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
        self.parts.add(source, name)


def place(file: dict[str, Any]) -> tuple[str, ...]:
    if file["companies"]:
        return "company", file["companies"]["name"]
    if file["contacts"]:
        # Two companies may have a person of the same name.
        return "contact", file["contacts"]["companies"]["name"], file["contacts"]["name"]
    if file["consultants"]:
        return "consultant", file["consultants"]["name"]
    if file["contracts"]:
        return "contract", str(file["contracts"]["number"])
    return ("firm",)


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False, default=float)
    return str(value)
