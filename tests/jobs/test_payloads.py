"""Jobs whose payload or firm names what is somebody else's: the row decides, never the job."""

import json
from collections.abc import Callable
from typing import Any

import psycopg

from tests.capabilities.conftest import drain, notifications, row, stored, upload
from tests.people import Firm, created, today

__all__ = ["drain"]

Db = psycopg.Connection[Any]


def forge(db: Db, kind: str, payload: dict[str, Any], firm_id: str, about: str) -> None:
    """Queues this job, in place of the true one about the same row."""
    db.execute("delete from pgmq.q_jobs_default where message::text like %s", [f"%{about}%"])
    db.execute("select private.enqueue(%s, %s, %s)", [kind, json.dumps(payload), firm_id])


def test_attack_41_a_report_on_another_firms_company(firm: Firm, other_firm: Firm) -> None:
    theirs = other_firm.company()["id"]
    answer = firm.owner.rpc(
        "request_report",
        firm_id=firm.id,
        kind="contract_portfolio",
        format="csv",
        params={"company_id": theirs},
    )
    assert (answer.status_code, answer.json()["details"]) == (404, "company_not_found")


def test_attack_41_and_42_a_report_job_under_a_foreign_firm(
    firm: Firm, other_firm: Firm, db: Db, drain: Callable[..., str]
) -> None:
    other_firm.contract(title="Their secret")
    asked = {"firm_id": other_firm.id, "kind": "contract_portfolio", "format": "csv"}
    id = created(other_firm.owner.rpc("request_report", **asked))
    forged = {"report_id": id, "firm_id": firm.id, "path": f"{firm.id}/stolen.csv"}
    forge(db, "report.render", forged, firm.id, about=id)
    drain()
    report = row(other_firm.owner, "reports", id)
    assert (report["status"], report["path"]) == ("ready", f"{other_firm.id}/{id}.csv")
    assert b"Their secret" in stored(other_firm.owner, "reports", report["path"])
    assert notifications(other_firm.owner, "report_ready")
    assert notifications(firm.owner, "report_ready") == []
    assert created(firm.owner.get("reports")) == []
    answer = firm.owner.send("GET", f"/storage/v1/object/reports/{report['path']}")
    assert answer.status_code == 400
    found = db.execute(
        "select count(*) from storage.objects where name like %s", [f"{firm.id}/%"]
    ).fetchone()
    assert found == (0,)


def test_attack_42_a_file_job_under_a_foreign_firm(
    firm: Firm, other_firm: Firm, db: Db, drain: Callable[..., str]
) -> None:
    id = upload(other_firm.owner, other_firm, "notes.txt", b"their words", "text/plain")
    forged = {"file_id": id, "firm_id": firm.id, "bucket": "reports", "path": "x"}
    forge(db, "file.process", forged, firm.id, about=id)
    drain()
    file = row(other_firm.owner, "files", id)
    assert (file["status"], file["firm_id"], file["text"]) == (
        "ready",
        other_firm.id,
        "their words",
    )
    assert created(firm.owner.get("files")) == []


def test_attack_42_a_reminder_under_a_foreign_firm(
    firm: Firm, other_firm: Firm, db: Db, drain: Callable[..., str]
) -> None:
    ends_on = str(today())
    contract = other_firm.contract(title="Their secret", starts_on="2020-01-01", ends_on=ends_on)
    db.execute(
        "update contracts set status = 'active', signed_at = now() where id = %s", [contract["id"]]
    )
    payload = {"contract_id": contract["id"], "event": "ends", "target_date": ends_on, "days": 1}
    forge(db, "contract.remind", payload, firm.id, about=contract["id"])
    drain()
    assert created(firm.owner.get("notifications")) == []
    titles = [told["title"] for told in created(other_firm.owner.get("notifications"))]
    assert any("Their secret" in title for title in titles)
