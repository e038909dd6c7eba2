"""Scanning once more with new signatures, rows and objects that lost each other, and usage."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.api.files import (
    CONTENT,
    SHA256,
    File,
    processing,
    put_picture,
    refused,
    row,
    service,
    settle,
    settled,
    upload,
)
from tests.conftest import RunningStack
from tests.people import Firm, created
from tests.platform.live import connected, follow

Db = psycopg.Connection[Any]


@pytest.fixture
def scanner(db: Db) -> Iterator[Db]:
    """No scanner was met before, and no other firm has files; all of it is taken back."""
    with db.transaction(force_rollback=True):
        db.execute("set local session_replication_role = replica")
        db.execute("delete from private.scanner")
        db.execute("update files set status = 'failed', reason = 'x' where status = 'ready'")
        db.execute("set local session_replication_role = origin")
        yield db


def version(db: Db) -> str | None:
    found = db.execute("select version from private.scanner").fetchone()
    return str(found[0]) if found else None


def rescans(db: Db, firm: Firm) -> list[str]:
    db.execute("select private.rescan_files()")
    found = db.execute(
        "select message #>> '{payload,file_id}' from pgmq.q_jobs_low"
        " where message ->> 'kind' = 'file.rescan' and message ->> 'firm_id' = %s order by msg_id",
        [firm.id],
    ).fetchall()
    return [id for (id,) in found]


def scanned(firm: Firm, signatures: str) -> File:
    file = processing(firm.member, firm)
    settle(firm, file, "ready", sha256=SHA256, scanned_with=signatures)
    return file


def test_new_signatures_scan_old_files_again(scanner: Db, firm: Firm) -> None:
    never = settled(firm.member, firm)
    old, recent = scanned(firm, "27000"), scanned(firm, "27001")
    settled(firm.member, firm, "quarantined", "macro")
    assert rescans(scanner, firm) == [], "nobody scans without a scanner"
    scanner.execute("select private.note_scanner('27001')")
    for _ in range(2):
        assert rescans(scanner, firm) == [never["id"], old["id"]]
    scanner.execute("select private.note_scanner('27002')")
    assert set(rescans(scanner, firm)) == {never["id"], old["id"], recent["id"]}


def test_a_scanner_that_lags_behind_turns_nothing_back(scanner: Db) -> None:
    old, new, patched = (
        "ClamAV 1.4.3/9999/Mon Nov 23 08:31:00 2026",
        "ClamAV 1.4.3/10000/Tue Nov 24 08:31:00 2026",
        "ClamAV 1.4.4/10000/Tue Nov 24 08:31:00 2026",
    )
    for met, known in (
        ("9998", "9998"),
        (old, old),
        (new, new),
        (old, new),
        ("9999", new),
        (patched, patched),
        ("ClamAV 1.4.4", "ClamAV 1.4.4"),
        ("2026-11-25", "2026-11-25"),
    ):
        scanner.execute("select private.note_scanner(%s)", [met])
        assert version(scanner) == known


def test_only_the_worker_speaks_of_the_scanner(firm: Firm, db: Db) -> None:
    for person in (firm.owner, firm.member):
        assert person.rpc("note_scanner", version="1").json()["code"] == "42501"
        assert person.rpc("begin_rescan", file_id=firm.id).json()["code"] == "42501"
    created(service(firm, "note_scanner", version="1"))
    db.execute("delete from private.scanner")


def test_a_scan_that_ends_late_does_not_end_a_closer_look(firm: Firm) -> None:
    file = processing(firm.member, firm)
    settle(firm, file, "ready", sha256=SHA256, text="Minutes", scanned_with="27000")
    created(service(firm, "begin_rescan", file_id=file["id"]))
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "ready", scanned_with="27001")
    assert row(firm.viewer, file)["status"] == "processing"
    settle(firm, file, "ready", sha256=SHA256, text="Minutes", scanned_with="27001")
    now = row(firm.viewer, file)
    assert (now["status"], now["text"]) == ("ready", "Minutes")


def test_a_job_that_dies_takes_no_file_along_that_was_ready(firm: Firm, db: Db) -> None:
    once, never = settled(firm.member, firm), processing(firm.member, firm)
    small = put_picture(firm, once, ".thumbnail.webp")
    created(firm.manager.rpc("reprocess_file", file_id=once["id"]))
    for file in (once, never):
        settle(firm, file, "failed", "exception")
    db.execute(
        "update storage.objects set created_at = created_at - interval '2 days' where name like %s",
        [f"{firm.id}/%"],
    )
    db.execute("delete from private.doomed_objects where path = %s", [never["path"]])
    found = created(service(firm, "file_orphans", of_firm=firm.id))
    assert [orphan["path"] for orphan in found] == [never["path"]]
    created(service(firm, "sweep_file_orphans", of_firm=firm.id))
    doomed = "select path from private.doomed_objects where path like %s and path in (%s, %s, %s)"
    paths = [f"{firm.id}/%", once["path"], small, never["path"]]
    assert db.execute(doomed, paths).fetchall() == [(never["path"],)]
    # Should something have entered them all the same.
    needed = "select private.needs_object('firm-files', %s)"
    assert db.execute(needed, [once["path"]]).fetchone() == (True,)
    assert db.execute(needed, [never["path"]]).fetchone() == (False,)
    created(firm.admin.rpc("purge_file", file_id=once["id"]))
    assert len(db.execute(doomed, paths).fetchall()) == 3
    assert db.execute(needed, [once["path"]]).fetchone() == (False,)


def test_a_virus_found_later_locks_the_file_away(firm: Firm) -> None:
    file = scanned(firm, "27000")
    begun = created(service(firm, "begin_rescan", file_id=file["id"]))
    assert begun["path"] == file["path"]
    assert row(firm.viewer, file)["status"] == "ready", "it is read meanwhile"
    settle(firm, file, "ready", scanned_with="27001")
    now = row(firm.viewer, file)
    assert (now["status"], now["scanned_with"]) == ("ready", "27001")
    # Not what a second look at the content would say.
    settle(firm, file, "quarantined", "macro", scanned_with="27002")
    settle(firm, file, "ready", scanned_with="27002", text="Forged")
    now = row(firm.viewer, file)
    assert (now["status"], now["text"], now["scanned_with"]) == ("ready", None, "27001")
    settle(firm, file, "quarantined", "infected", scanned_with="27002")
    now = row(firm.viewer, file)
    assert (now["status"], now["reason"], now["is_current"]) == ("quarantined", "infected", True)
    for person, hears in ((firm.member, 1), (firm.owner, 1), (firm.viewer, 0)):
        told = created(person.get("notifications", kind="eq.file_quarantined"))
        assert len(told) == hears
    assert created(service(firm, "begin_rescan", file_id=file["id"])) is None


def orphans(firm: Firm) -> set[tuple[str, str]]:
    found = created(service(firm, "file_orphans", of_firm=firm.id))
    return {(each["kind"], each["path"]) for each in found}


def age(db: Db, firm: Firm) -> None:
    db.execute(
        "update storage.objects set created_at = now() - interval '25 hours' where name like %s",
        [f"{firm.id}/%"],
    )


def test_rows_and_objects_that_lost_each_other_are_found(firm: Firm, db: Db) -> None:
    whole = settled(firm.member, firm)
    put_picture(firm, whole, ".thumbnail.webp")
    put_picture(firm, whole, ".preview-2.webp")
    upload(firm.member, firm)
    assert orphans(firm) == set()
    lost, locked = settled(firm.member, firm), settled(firm.member, firm, "quarantined", "macro")
    for file in (lost, locked):
        created(firm.api.as_service("DELETE", f"/storage/v1/object/firm-files/{file['path']}"))
    strays = {
        put_picture(firm, whole, "another.webp"),
        put_picture(firm, whole | {"id": "not-a-uuid"}, ".thumbnail.webp"),
    }
    missing = {("missing_object", file["path"]) for file in (lost, locked)}
    assert orphans(firm) == missing, "what came just now may be on its way"
    age(db, firm)
    assert orphans(firm) == missing | {("stray_object", path) for path in strays}

    assert created(service(firm, "sweep_file_orphans", of_firm=firm.id)) == 4
    assert orphans(firm) == set()
    assert {row(firm.viewer, file)["reason"] for file in (lost, locked)} == {"object_missing"}
    assert row(firm.viewer, whole)["status"] == "ready"
    due = "select path from private.doomed_objects where path like %s and due_at <= now()"
    doomed = {path for (path,) in db.execute(due, [f"{firm.id}/%"])}
    assert strays <= doomed
    assert not {path for path in doomed if path.startswith(f"{firm.id}/{whole['id']}/.")}
    for function in ("file_orphans", "sweep_file_orphans", "file_usage"):
        assert firm.owner.rpc(function).json()["code"] == "42501"


def test_a_failed_file_is_no_orphan_before_its_week_is_over(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm, "failed", "timeout")
    age(db, firm)
    assert orphans(firm) == set()
    db.execute("delete from private.doomed_objects where path = %s", [file["path"]])
    assert orphans(firm) == {("stray_object", file["path"])}


def test_usage_counts_what_is_stored(firm: Firm) -> None:
    first = settled(firm.member, firm)
    settled(firm.member, firm, replaces=first["id"])
    settled(firm.member, firm, "quarantined", "macro")
    (usage,) = created(service(firm, "file_usage", firm_id=firm.id))
    assert (usage["documents"], usage["versions"], usage["quarantined"]) == (2, 3, 1)
    assert (usage["bytes"], usage["quota"] > 0) == (3 * len(CONTENT), True)


def test_pictures_go_with_the_file(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm)
    db.execute("delete from files where id = %s", [file["id"]])
    doomed = {
        path
        for (path,) in db.execute(
            "select path from private.doomed_objects where path like %s", [f"{firm.id}/%"]
        )
    }
    folder = f"{firm.id}/{file['id']}"
    assert doomed == {
        file["path"],
        f"{folder}/.thumbnail.webp",
        *(f"{folder}/.preview-{n}.webp" for n in range(1, 6)),
    }


def test_the_history_of_a_file_is_not_written_by_hand(firm: Firm) -> None:
    file = settled(firm.member, firm)
    changes: tuple[dict[str, Any], ...] = (
        {"series_id": file["id"]},
        {"version": 7},
        {"is_current": False},
        {"scanned_with": "1"},
        {"preview_count": 5},
        {"language": "german"},
        {"hints": []},
        {"ready_at": None},
    )
    for change in changes:
        answer = firm.owner.update("files", change, id=f"eq.{file['id']}")
        assert answer.status_code == 403, change
    refused(service(firm, "reprocess_file_for_operator", file_id=firm.id), 404, "file_not_found")


async def test_a_settled_file_is_told_live(stack: RunningStack, firm: Firm) -> None:
    """To those who may read it, as it becomes ready and as another version takes over."""
    file = processing(firm.member, firm)
    hidden = processing(firm.manager, firm, visibility="managers")
    async with connected(stack, firm.viewer.token) as client:
        changes = await follow(client, "files", filter=f"firm_id=eq.{firm.id}")
        settle(firm, hidden, "ready")
        settle(firm, file, "ready", word_count=4)

        def ready(change: Any) -> bool:
            assert change["record"]["id"] != hidden["id"]
            return bool(change["record"]["status"] == "ready")

        heard = await changes.until(ready)
        assert (heard["record"]["id"], heard["record"]["word_count"]) == (file["id"], 4)
        second = settled(firm.member, firm, replaces=file["id"])

        def took_over(change: Any) -> bool:
            record = change["record"]
            return bool(record["id"] == second["id"] and record["is_current"])

        await changes.until(took_over)
