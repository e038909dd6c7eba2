"""From upload to a file people can read, or one that is locked away and says why."""

import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import typst
from PIL import Image

from edge_jobs.files.kinds import Kind
from tests.capabilities.conftest import SAMPLES, notifications, row, stored, upload
from tests.conftest import RunningStack
from tests.people import Api, Firm, Person, created
from tests.unit import documents

Drain = Callable[..., str]
Database = psycopg.Connection[Any]

AGREEMENT = (SAMPLES / "pdflatex-4-pages.pdf").read_bytes()


def test_a_pdf_becomes_ready(firm: Firm, drain: Drain) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    assert row(firm.member, "files", id)["status"] == "processing"
    drain()
    file = row(firm.viewer, "files", id)
    assert (file["status"], file["reason"]) == ("ready", None)
    assert (file["page_count"], file["word_count"]) == (4, 2603)
    assert file["sha256"] == hashlib.sha256(AGREEMENT).hexdigest()
    assert file["text"].startswith("Hello, here is some text")
    assert file["metadata"]["Producer"] == "pdfTeX-1.40.23"

    assert stored(firm.viewer, "firm-files", file["path"]) == AGREEMENT
    picture = stored(firm.viewer, "firm-files", file["thumbnail_path"])
    with Image.open(io.BytesIO(picture)) as thumbnail:
        assert (thumbnail.format, max(thumbnail.size)) == ("WEBP", 400)
    answer = firm.viewer.send("GET", f"/storage/v1/object/firm-files/{file['thumbnail_path']}")
    assert answer.headers["cache-control"] == "max-age=3600"


def test_a_stranger_sees_neither_file_nor_thumbnail(
    firm: Firm, drain: Drain, outsider: Person
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    drain()
    file = row(firm.member, "files", id)
    for path in (file["path"], file["thumbnail_path"]):
        answer = outsider.send("GET", f"/storage/v1/object/firm-files/{path}")
        assert answer.is_error


def test_a_word_document_becomes_ready(firm: Firm, drain: Drain) -> None:
    raw = (SAMPLES / "testWORD_features.docx").read_bytes()
    id = upload(firm.member, firm, "Letter.docx", raw, Kind.DOCX)
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["word_count"], file["thumbnail_path"]) == ("ready", 76, None)


def test_a_locked_pdf_is_quarantined_and_its_owner_told(firm: Firm, drain: Drain) -> None:
    raw = (SAMPLES / "password.pdf").read_bytes()
    id = upload(firm.member, firm, "Locked.pdf", raw, Kind.PDF)
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("quarantined", "encrypted")
    assert file["detail"] == "“Locked.pdf” is locked with a password; upload it without one."
    assert firm.member.send("GET", f"/storage/v1/object/firm-files/{file['path']}").is_error
    (told,) = notifications(firm.member, "file_quarantined")
    assert (told["body"], told["link"]) == (file["detail"], f"/files/{id}")
    assert notifications(firm.owner, "file_quarantined") == []


def test_a_program_named_pdf_is_quarantined(firm: Firm, drain: Drain) -> None:
    id = upload(firm.member, firm, "invoice.pdf", b"MZ\x90\x00" + bytes(500), Kind.PDF)
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("quarantined", "type_mismatch")


def test_a_bomb_is_quarantined(firm: Firm, drain: Drain) -> None:
    id = upload(firm.member, firm, "plan.pdf", documents.hungry_pdf(), Kind.PDF)
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("quarantined", "too_complex")


def test_doing_it_again_changes_nothing(firm: Firm, drain: Drain, db: Database) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    again = "select private.enqueue('file.process', jsonb_build_object('file_id', %s::uuid))"
    drain()
    before = row(firm.member, "files", id)
    db.execute(again, [id])
    drain()
    assert row(firm.member, "files", id) == before

    # Killed after the thumbnail was stored and before the row was settled.
    db.execute("update public.files set status = 'processing' where id = %s", [id])
    db.execute(again, [id])
    drain()
    after = row(firm.member, "files", id)
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


def test_a_runner_killed_in_the_middle_loses_nothing(
    firm: Firm, drain: Drain, db: Database, stack: RunningStack
) -> None:
    slow = upload(firm.member, firm, "plan.pdf", documents.hungry_pdf(), Kind.PDF)
    quick = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    runner = subprocess.Popen(
        [sys.executable, "-m", "edge_jobs", "run"],
        env={"PATH": os.environ["PATH"], **stack.env},
        stderr=subprocess.DEVNULL,
    )
    claimed = "select 1 from pgmq.q_jobs_default where read_ct > 0 and message::text like %s"
    while not db.execute(claimed, [f"%{slow}%"]).fetchone():
        assert runner.poll() is None
        time.sleep(0.01)
    runner.kill()
    runner.wait()
    assert row(firm.member, "files", slow)["status"] == "processing"

    # What its lease would do in half a minute.
    db.execute("update pgmq.q_jobs_default set vt = now() where read_ct > 0")
    drain()
    assert row(firm.member, "files", slow)["reason"] == "too_complex"
    assert row(firm.member, "files", quick)["page_count"] == 4
    assert len(notifications(firm.member, "file_quarantined")) == 1


def test_a_payload_that_makes_no_sense_dies_alone(firm: Firm, drain: Drain, db: Database) -> None:
    for kind, field in (
        ("file.process", "file_id"),
        ("email.send", "email_id"),
        ("report.render", "report_id"),
        ("contract.remind", "contract_id"),
    ):
        db.execute("select private.enqueue(%s, jsonb_build_object(%s::text, 'x'))", [kind, field])
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    drain()
    assert row(firm.member, "files", id)["status"] == "ready"
    found = db.execute("select count(*) from private.dead_jobs where payload::text like '%\"x\"%'")
    assert found.fetchone() == (4,)


def test_lost_bytes_leave_a_failed_file_and_a_dead_job(
    firm: Firm, drain: Drain, db: Database, api: Api
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    path = row(firm.member, "files", id)["path"]
    created(api.as_service("DELETE", f"/storage/v1/object/firm-files/{path}"))
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("failed", "object_missing")
    assert file["detail"] == "The uploaded bytes are no longer there."
    (code,) = db.execute(
        "select code from private.dead_jobs where payload ->> 'file_id' = %s", [id]
    ).fetchone() or (None,)
    assert code == "object_missing"
    assert len(notifications(firm.member, "file_rejected")) == 1


def test_members_cannot_settle_files(firm: Firm) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, Kind.PDF)
    for function, arguments in (("begin_file", {}), ("finish_file", {"status": "ready"})):
        for person in (firm.owner, firm.member):
            answer = person.rpc(function, file_id=id, **arguments)
            assert answer.json()["code"] == "42501"


def test_the_bucket_takes_what_the_pipeline_reads(db: Database) -> None:
    (allowed,) = db.execute(
        "select allowed_mime_types from storage.buckets where id = 'firm-files'"
    ).fetchone() or (None,)
    assert sorted(allowed or []) == sorted(Kind)


def test_a_phrase_on_page_300_is_found_by_members_alone(
    firm: Firm, drain: Drain, outsider: Person
) -> None:
    phrase = "#if n == 300 [The marmalade clause.]"
    source = f"#for n in range(1, 331) [Page #n. #lorem(60) {phrase} #pagebreak()]"
    raw = typst.compile(source.encode())
    id = upload(firm.member, firm, "Long.pdf", raw, Kind.PDF)
    drain()
    (hit,) = firm.viewer.rpc("search", firm_id=firm.id, query="marmalade clause").json()
    assert (hit["id"], hit["page"]) == (id, 300)
    assert "marmalade clause" in hit["snippet"]
    answer = outsider.rpc("search", firm_id=firm.id, query="marmalade clause")
    assert answer.json()["details"] == "firm_not_found"
