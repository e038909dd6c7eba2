"""file.process: find out what an uploaded file is, and show it or lock it away."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from edge_jobs import sandbox
from edge_jobs.files.download import download
from edge_jobs.files.kinds import Kind, agrees, expected
from edge_jobs.files.reasons import sentence
from edge_jobs.files.thumbnail import NAME as THUMBNAIL
from edge_jobs.registry import Job, handler


class FileProcess(BaseModel):
    file_id: UUID


@handler("file.process", payload=FileProcess, timeout_s=180)
def process(job: Job, payload: FileProcess) -> dict[str, Any]:
    """A repeat finds the row settled, or does the same again: nothing is kept between the steps.

    Raises PermanentError object_missing or size_mismatch; the database then marks the file failed.
    """
    file = job.api.rpc("begin_file", file_id=str(payload.file_id))
    if file is None:
        return {"skipped": "settled already"}
    with tempfile.TemporaryDirectory(prefix="firmbase-") as folder:
        source, work = Path(folder, "source"), Path(folder, "work")
        work.mkdir()
        sha256 = download(
            job.api.settings, file["bucket"], file["path"], source, file["size_bytes"]
        )
        facts = examine(source, work, file["name"], file["mime"])
        job.heartbeat()
        result = {"sha256": sha256, **facts}
        reason = result.pop("rejected", None)
        if reason is None and (picture := work / THUMBNAIL).exists():
            job.api.storage(file["bucket"]).upload(
                file["thumbnail_path"],
                picture.read_bytes(),
                {"content-type": Kind.WEBP, "upsert": "true"},
            )
            result["thumbnail_path"] = file["thumbnail_path"]
    job.api.rpc(
        "finish_file",
        file_id=str(payload.file_id),
        status="quarantined" if reason else "ready",
        reason=reason,
        detail=sentence(reason, file["name"]) if reason else None,
        result=result,
    )
    return {"reason": reason} if reason else {"mime": facts["mime"], "pages": facts["page_count"]}


def examine(source: Path, work: Path, name: str, declared: str) -> dict[str, Any]:
    """``{"rejected": code}``, or the columns of a file that is what it says it is.

    A thumbnail is left in ``work``. Raises sandbox.SandboxFailed where the fault is ours.
    """
    if not source.stat().st_size:
        return {"rejected": "file_empty"}
    try:
        found = sandbox.run("edge_jobs.files.inspect:inspect", source, work)
    except sandbox.TooComplex:
        return {"rejected": "too_complex"}
    if "rejected" in found:
        return {"rejected": found["rejected"]}
    promised = expected(name, declared)
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
        "metadata": metadata,
    }
