"""file.process: find out what an uploaded file is, and show it or lock it away."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from edge_jobs import sandbox
from edge_jobs.errors import PermanentError, Snooze
from edge_jobs.files.kinds import Kind, agrees, expected
from edge_jobs.files.objects import download, store
from edge_jobs.files.preview import PAGES, THUMBNAIL, preview
from edge_jobs.files.reasons import sentence
from edge_jobs.files.scanner import ScanUnavailable, scan
from edge_jobs.registry import Job, handler

# How soon to ask a scanner again that did not answer. It costs the job no attempt: a file waits for
# as long as the scanner is down.
SCAN_AGAIN_S = 60


class FileProcess(BaseModel):
    file_id: UUID


@handler("file.process", payload=FileProcess, timeout_s=300)
def process(job: Job, payload: FileProcess) -> dict[str, Any]:
    """A repeat finds the row settled, or does the same again: nothing is kept between the steps.

    Raises PermanentError object_missing, size_mismatch or hash_mismatch; the database then marks
    the file failed.
    """
    id = str(payload.file_id)
    file = job.api.rpc("begin_file", file_id=id)
    if file is None:
        return {"skipped": "settled already"}
    with (
        tempfile.NamedTemporaryFile(prefix="firmbase-") as fetched,
        tempfile.TemporaryDirectory(prefix="firmbase-") as folder,
    ):
        source, work = Path(fetched.name), Path(folder)
        sha256 = download(job.api, file["bucket"], file["path"], source, file["size_bytes"])
        if file["sha256"] not in (None, sha256):
            raise PermanentError("hash_mismatch", sentence("hash_mismatch", file["name"]))
        job.heartbeat()
        try:
            threat, scanned_with = scan(job.api, source)
        except ScanUnavailable as error:
            job.log.warning("scan unavailable", error=str(error))
            _settle(job, id, file, "processing", "scan_unavailable")
            raise Snooze(SCAN_AGAIN_S) from None
        job.heartbeat()
        # What is infected is opened no further.
        infected = threat == "infected"
        found = {} if infected else examine(source, work, file["name"], file["mime"])
        reason = threat if infected else found.pop("rejected", threat)
        if reason and not infected and file["released"]:
            reason = None
        result = {"sha256": sha256, "scanned_with": scanned_with, **found}
        if reason is None:
            result |= _store_pictures(job, file, work)
    _settle(job, id, file, "quarantined" if reason else "ready", reason, result)
    return {"reason": reason} if reason else {"mime": result.get("mime", file["mime"])}


def examine(source: Path, work: Path, name: str, declared: str) -> dict[str, Any]:
    """``{"rejected": code}``, or the columns of a file that is what it says it is.

    Pictures are left in ``work``. Raises sandbox.SandboxFailed where the fault is ours.
    """
    if not source.stat().st_size:
        return {"rejected": "file_empty"}
    promised = expected(name, declared)
    try:
        found = sandbox.run("edge_jobs.files.inspect:inspect", source, work, promised)
    except sandbox.TooComplex:
        return {"rejected": "too_complex"}
    if "rejected" in found:
        return {"rejected": found["rejected"]}
    if promised is None or not agrees(Kind(found["kind"]), promised):
        return {"rejected": "type_mismatch"}
    metadata = found.get("metadata", {})
    if flags := found.get("flags"):
        metadata["flags"] = flags
    return {
        "mime": promised,
        "page_count": found.get("pages"),
        "word_count": found.get("words"),
        "text": found.get("text"),
        "language": found.get("language"),
        "hints": found.get("hints", []),
        "metadata": metadata,
    }


def _store_pictures(job: Job, file: dict[str, Any], work: Path) -> dict[str, Any]:
    """Puts them beside the file's object. Returns the columns that tell of them."""
    stored: dict[str, Any] = {"preview_count": 0}
    if picture := sandbox.left(work / THUMBNAIL):
        _store(job, file, picture, file["thumbnail_path"])
        stored["thumbnail_path"] = file["thumbnail_path"]
    for number in range(1, PAGES + 1):
        if not (picture := sandbox.left(work / preview(number))):
            break
        _store(job, file, picture, f"{file['preview_path']}{number}.webp")
        stored["preview_count"] = number
    return stored


def _store(job: Job, file: dict[str, Any], picture: bytes, path: str) -> None:
    store(job.api, file["bucket"], path, picture, Kind.WEBP)


def _settle(
    job: Job,
    id: str,
    file: dict[str, Any],
    status: str,
    reason: str | None,
    result: dict[str, Any] | None = None,
) -> None:
    job.api.rpc(
        "finish_file",
        file_id=id,
        status=status,
        reason=reason,
        detail=sentence(reason, file["name"]) if reason else None,
        result=result or {},
    )
