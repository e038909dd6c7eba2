"""Files meet the virus scanner: infected, clean, waiting for it, and looked through again."""

import hashlib
import socket
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from edge_jobs.files.kinds import Kind
from tests.capabilities.conftest import SAMPLES, notifications, row, upload
from tests.clamd import EICAR, STREAM_BYTES, Clamd
from tests.people import Firm, created
from tests.unit import documents

Drain = Callable[..., str]
Database = psycopg.Connection[Any]

LETTER = (SAMPLES / "testWORD_features.docx").read_bytes()


@pytest.fixture
def nobody() -> str:
    """Where no scanner answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"


def wake(db: Database) -> None:
    """What is put off is due now."""
    db.execute("update pgmq.q_jobs_default set vt = now()")


def again(db: Database, kind: str, id: str) -> None:
    db.execute("select private.enqueue(%s, jsonb_build_object('file_id', %s::uuid))", [kind, id])


def test_a_clean_file_says_who_looked(firm: Firm, drain: Drain, clamd: Clamd) -> None:
    id = upload(firm.member, firm, "Letter.docx", LETTER, Kind.DOCX)
    drain(CLAMD_URL=clamd.url)
    file = row(firm.member, "files", id)
    assert file["status"] == "ready"
    assert file["scanned_with"].startswith("ClamAV ")


def test_without_a_scanner_nothing_says_it_was_scanned(firm: Firm, drain: Drain) -> None:
    id = upload(firm.member, firm, "Letter.docx", LETTER, Kind.DOCX)
    drain()
    file = row(firm.member, "files", id)
    assert (file["status"], file["scanned_with"]) == ("ready", None)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("virus.txt", EICAR, Kind.TEXT),
        ("Letter.docx", documents.docx({"word/media/image1.bin": b"x" + EICAR}), Kind.DOCX),
        # Whatever else is wrong with it: of this it is not released.
        ("Macro.docx", documents.docx({"word/vbaProject.bin": b"x" + EICAR}), Kind.DOCX),
    ],
)
def test_an_infected_file_is_quarantined(
    firm: Firm, drain: Drain, clamd: Clamd, name: str, content: bytes, kind: str
) -> None:
    id = upload(firm.member, firm, name, content, kind)
    drain(CLAMD_URL=f"unix://{clamd.socket}")
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("quarantined", "infected")
    assert file["text"] is None
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    (told,) = notifications(firm.member, "file_quarantined")
    assert told["body"] == file["detail"]


def test_a_file_that_is_too_large_to_scan_is_not_clean(
    firm: Firm, drain: Drain, clamd: Clamd
) -> None:
    line = b"2026-11-22;Harbour Foods;950.00\n"
    id = upload(firm.member, firm, "a.csv", line * (STREAM_BYTES // 16), Kind.CSV)
    drain(CLAMD_URL=clamd.url)
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("quarantined", "too_large_to_scan")


def test_a_file_waits_for_the_scanner(
    firm: Firm, drain: Drain, clamd: Clamd, nobody: str, db: Database
) -> None:
    id = upload(firm.member, firm, "Letter.docx", LETTER, Kind.DOCX)
    # However often it is tried: that costs the job none of its attempts.
    for _ in range(10):
        wake(db)
        drain(CLAMD_URL=nobody)
        file = row(firm.member, "files", id)
        assert (file["status"], file["reason"]) == ("processing", "scan_unavailable")
    assert firm.member.send("GET", f"/storage/v1/object/firm-files/{file['path']}").is_error
    assert notifications(firm.member, "file_quarantined") == []
    wake(db)
    drain(CLAMD_URL=clamd.url)
    file = row(firm.member, "files", id)
    assert (file["status"], file["reason"]) == ("ready", None)


def test_a_rescan_finds_what_newer_signatures_know(
    firm: Firm, drain: Drain, clamd: Clamd, nobody: str, db: Database
) -> None:
    infected = upload(firm.member, firm, "virus.txt", EICAR, Kind.TEXT)
    clean = upload(firm.member, firm, "Letter.docx", LETTER, Kind.DOCX)
    drain()
    before = row(firm.member, "files", clean)
    again(db, "file.rescan", clean)
    drain()
    results = db.execute("select result from private.finished_jobs where kind = 'file.rescan'")
    assert ({"skipped": "no scanner"},) in results.fetchall()
    for id in (infected, clean):
        assert row(firm.member, "files", id)["status"] == "ready"
        again(db, "file.rescan", id)
    # Whoever has been working with a file goes on until something is known.
    drain(CLAMD_URL=nobody)
    assert row(firm.member, "files", infected)["status"] == "ready"
    wake(db)
    drain(CLAMD_URL=clamd.url)
    file = row(firm.member, "files", infected)
    assert (file["status"], file["reason"]) == ("quarantined", "infected")
    after = row(firm.member, "files", clean)
    assert after["scanned_with"].startswith("ClamAV ")
    changed = {"scanned_with", "updated_at"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }


def test_bytes_that_are_not_those_announced(firm: Firm, drain: Drain) -> None:
    file = created(
        firm.member.rpc(
            "begin_upload",
            firm_id=firm.id,
            name="Letter.docx",
            size_bytes=len(LETTER),
            mime=Kind.DOCX,
            sha256=hashlib.sha256(b"others").hexdigest(),
        )
    )
    created(firm.member.upload(file["path"], LETTER, Kind.DOCX))
    created(firm.member.rpc("finish_upload", file_id=file["id"]))
    drain()
    found = row(firm.member, "files", file["id"])
    assert (found["status"], found["reason"]) == ("failed", "hash_mismatch")


def test_previews_lie_beside_the_file(firm: Firm, drain: Drain) -> None:
    id = upload(firm.member, firm, "book.pdf", documents.long_pdf(7, "last"), Kind.PDF)
    drain()
    file = row(firm.viewer, "files", id)
    assert (file["preview_count"], file["language"], file["hints"]) == (5, "english", [])
    for number in range(1, 6):
        path = f"{firm.id}/{id}/.preview-{number}.webp"
        answer = firm.viewer.send("GET", f"/storage/v1/object/firm-files/{path}")
        assert answer.content[8:12] == b"WEBP"


def test_a_phrase_on_page_300_is_found(firm: Firm, drain: Drain) -> None:
    raw = documents.long_pdf(300, "the unlikely phrase of a heliotrope")
    id = upload(firm.member, firm, "book.pdf", raw, Kind.PDF)
    drain()
    (found,) = created(firm.member.rpc("search", firm_id=firm.id, query="unlikely heliotrope"))
    assert found["id"] == id
