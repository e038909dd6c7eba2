"""file.rescan: look through a file again, now that the virus scanner knows more."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from edge_jobs.errors import Snooze
from edge_jobs.files.objects import download
from edge_jobs.files.process import SCAN_AGAIN_S
from edge_jobs.files.reasons import sentence
from edge_jobs.files.scanner import ScanUnavailable, scan
from edge_jobs.registry import Job, handler


class FileRescan(BaseModel):
    file_id: UUID


@handler("file.rescan", payload=FileRescan, timeout_s=300)
def rescan(job: Job, payload: FileRescan) -> dict[str, Any]:
    """What was ready stays so unless it is infected; what could not be looked through too."""
    if job.api.settings.clamd is None:
        return {"skipped": "no scanner"}
    id = str(payload.file_id)
    file = job.api.rpc("begin_rescan", file_id=id)
    if file is None:
        return {"skipped": "not ready"}
    with tempfile.TemporaryDirectory(prefix="firmbase-") as folder:
        source = Path(folder, "source")
        download(job.api, file["bucket"], file["path"], source, file["size_bytes"])
        try:
            threat, scanned_with = scan(job.api, source)
        except ScanUnavailable as error:
            job.log.warning("scan unavailable", error=str(error))
            raise Snooze(SCAN_AGAIN_S) from None
    reason = threat if threat == "infected" else None
    job.api.rpc(
        "finish_file",
        file_id=id,
        status="quarantined" if reason else "ready",
        reason=reason,
        detail=sentence(reason, file["name"]) if reason else None,
        result={"scanned_with": scanned_with},
    )
    return {"reason": reason} if reason else {}
