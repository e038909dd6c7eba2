"""report.render: from the firm's figures to a stored document."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from edge_jobs.registry import Job, handler
from edge_jobs.reports import portfolio

_FORMATS = {
    "csv": ("text/csv", portfolio.to_csv),
    "pdf": ("application/pdf", portfolio.to_pdf),
}


class ReportRender(BaseModel):
    report_id: UUID


@handler("report.render", payload=ReportRender, max_attempts=5, timeout_s=120)
def render(job: Job, payload: ReportRender) -> dict[str, Any]:
    """A repeat writes the same object again and changes nothing once the report is ready."""
    report_id = str(payload.report_id)
    report = job.api.rpc("begin_report", report_id=report_id)
    if report is None:
        return {"skipped": "ready already"}
    data = job.api.rpc(f"report_{report['kind']}", report_id=report_id)
    mime, produce = _FORMATS[report["format"]]
    document = produce(data)
    job.heartbeat()
    job.api.storage("reports").upload(
        report["path"], document, {"content-type": mime, "upsert": "true"}
    )
    job.api.rpc("finish_report", report_id=report_id, size_bytes=len(document))
    return {"bytes": len(document), "contracts": len(data["contracts"])}
