"""What is locked away: who looks at it, who lets it out, who removes it; and looking once more."""

from typing import Any

import psycopg
import pytest

from tests.api.files import (
    CONTENT,
    LOCK_FILE,
    SHA256,
    File,
    download,
    processing,
    read,
    refused,
    row,
    service,
    settle,
    settled,
    sign,
)
from tests.api.races import race
from tests.conftest import RunningStack
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]

NOTE = "The client confirmed it by phone"


def quarantined(firm: Firm, reason: str = "macro", **values: Any) -> File:
    return settled(firm.member, firm, "quarantined", reason, **values)


def doomed(db: Db, file: File) -> set[str]:
    rows = db.execute(
        "select path from private.doomed_objects where path like %s and due_at <= now()",
        [f"{file['firm_id']}/{file['id']}/%"],
    ).fetchall()
    return {path for (path,) in rows}


def jobs(db: Db, kind: str, file: File) -> int:
    found = db.execute(
        "select count(*) from (select message from pgmq.q_jobs_default"
        " union all select message from pgmq.q_jobs_low) q"
        " where message ->> 'kind' = %s and message #>> '{payload,file_id}' = %s",
        [kind, file["id"]],
    ).fetchone()
    assert found
    return int(found[0])


def test_admins_alone_open_what_is_quarantined(firm: Firm) -> None:
    file = quarantined(firm)
    for person in (firm.manager, firm.member, firm.viewer):
        assert row(person, file)["reason"] == "macro", "they see that it is there"
        refused(person.rpc("open_file", file_id=file["id"]), 403, "not_allowed")
        assert not read(person, file["path"]).is_success
        assert not sign(person, file["path"]).is_success
    for person in (firm.admin, firm.owner):
        assert not read(person, file["path"]).is_success, "not without an entry"
        assert download(person, file["path"]).content == CONTENT
    log = created(firm.admin.get("file_accesses", file_id=f"eq.{file['id']}"))
    assert {each["user_id"] for each in log} == {firm.admin.id, firm.owner.id}


def test_attack_18_a_demoted_admin_reads_no_quarantine(firm: Firm) -> None:
    file = quarantined(firm)
    admin = firm.admin
    created(admin.rpc("open_file", file_id=file["id"]))
    created(firm.owner.rpc("change_role", firm_id=firm.id, user_id=admin.id, role="manager"))
    assert not read(admin, file["path"]).is_success


def test_a_release_says_why_and_is_kept(firm: Firm) -> None:
    file = quarantined(firm)
    released = created(firm.admin.rpc("release_file", file_id=file["id"], note=f" {NOTE} "))
    assert (released["status"], released["reason"]) == ("ready", "macro")
    (entry,) = created(firm.owner.get("file_releases", file_id=f"eq.{file['id']}"))
    assert (entry["note"], entry["reason"], entry["released_by"]) == (NOTE, "macro", firm.admin.id)
    (log,) = created(firm.owner.get("audit_log", row_id=f"eq.{file['id']}", action="eq.update"))
    assert (log["actor"], "status" in log["columns"]) == (firm.admin.id, True)
    assert download(firm.viewer, file["path"]).content == CONTENT
    again = firm.admin.rpc("release_file", file_id=file["id"], note=NOTE)
    refused(again, 409, "not_quarantined")


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001, None])
def test_a_release_needs_a_note(shared_firm: Firm, note: str | None) -> None:
    file = quarantined(shared_firm)
    answer = shared_firm.admin.rpc("release_file", file_id=file["id"], note=note)
    refused(answer, 422, "note_required")
    assert row(shared_firm.viewer, file)["status"] == "quarantined"


def test_attack_21_release_by_a_member(firm: Firm, other_firm: Firm, outsider: Person) -> None:
    file = quarantined(firm)
    for person in (firm.manager, firm.member, firm.viewer):
        for function, more in (("release_file", {"note": NOTE}), ("purge_file", {})):
            refused(person.rpc(function, file_id=file["id"], **more), 403, "not_allowed")
        change = person.update("files", {"status": "ready"}, id=f"eq.{file['id']}")
        assert change.status_code == 403
    for person in (other_firm.owner, outsider, firm.removed, firm.suspended, firm.portal):
        for function, more in (("release_file", {"note": NOTE}), ("purge_file", {})):
            refused(person.rpc(function, file_id=file["id"], **more), 404, "file_not_found")
        refused(person.rpc("reprocess_file", file_id=file["id"]), 404, "file_not_found")
    for function, more in (
        ("release_file_for_operator", {"note": NOTE}),
        ("purge_file_for_operator", {}),
        ("reprocess_file_for_operator", {}),
    ):
        answer = firm.owner.rpc(function, file_id=file["id"], **more)
        assert answer.json()["code"] == "42501"
    assert row(firm.owner, file)["status"] == "quarantined"


def test_attack_24_a_release_is_neither_forged_nor_altered(firm: Firm) -> None:
    file = quarantined(firm)
    created(firm.admin.rpc("release_file", file_id=file["id"], note=NOTE))
    where = {"file_id": f"eq.{file['id']}"}
    entry = {"firm_id": firm.id, "file_id": file["id"], "reason": "x", "note": "x"}
    for person in (firm.owner, firm.admin):
        assert person.insert("file_releases", entry).status_code == 403
        assert person.update("file_releases", {"note": "x"}, **where).status_code == 403
        assert person.delete("file_releases", **where).status_code == 403


def test_a_virus_that_nobody_looked_for_again_is_not_called_scanned(firm: Firm) -> None:
    file = settled(firm.member, firm)
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "quarantined", "infected", scanned_with="27000")
    assert row(firm.owner, file)["scanned_with"] == "27000"
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    # By a runner without a scanner.
    settle(firm, file, "ready", sha256=SHA256)
    assert row(firm.owner, file)["scanned_with"] is None, "so that it is scanned again"


def test_a_virus_is_never_released(firm: Firm) -> None:
    file = quarantined(firm, "infected")
    answer = firm.owner.rpc("release_file", file_id=file["id"], note=NOTE)
    refused(answer, 409, "cannot_release")
    operator = service(firm, "release_file_for_operator", file_id=file["id"], note=NOTE)
    refused(operator, 409, "cannot_release")
    assert row(firm.owner, file)["status"] == "quarantined"


def test_what_is_locked_away_is_read_by_nobody_in_another_way(firm: Firm) -> None:
    """Neither the text of what was never ready, nor that of what people had read before."""
    place = {"page": 1, "start": 0, "end": 6}
    hints = [{"kind": "party", "value": "Aurora", "text": "Aurora", **place}]
    said: dict[str, Any] = {"sha256": SHA256, "text": "Aurora borealis", "hints": hints}
    never, before = processing(firm.member, firm), processing(firm.member, firm)
    settle(firm, never, "quarantined", "too_large_to_scan", **said)
    settle(firm, before, "ready", **said)
    assert [row(firm.viewer, file)["text"] for file in (never, before)] == [None, said["text"]]
    settle(firm, before, "quarantined", "infected", scanned_with="27000")
    for file in (never, before):
        now = row(firm.viewer, file)
        assert (now["status"], now["text"], now["hints"]) == ("quarantined", None, [])
    assert created(firm.viewer.rpc("search", firm_id=firm.id, query="borealis")) == []


def test_a_released_file_stays_so_when_it_is_looked_at_again(firm: Firm) -> None:
    file = quarantined(firm)
    assert service(firm, "begin_file", file_id=file["id"]).json() is None
    created(firm.admin.rpc("release_file", file_id=file["id"], note=NOTE))
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    begun = created(service(firm, "begin_file", file_id=file["id"]))
    assert begun["released"] is True
    settle(firm, file, "ready", text="Found after all", word_count=3)
    now = row(firm.viewer, file)
    assert (now["status"], now["reason"], now["word_count"]) == ("ready", "macro", 3)
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "quarantined", "infected")
    assert row(firm.viewer, file)["reason"] == "infected"


def test_purged_bytes_go_and_the_row_stays(firm: Firm, db: Db) -> None:
    file = quarantined(firm)
    for _ in range(2):
        purged = created(firm.admin.rpc("purge_file", file_id=file["id"]))
        assert (purged["status"], purged["reason"]) == ("failed", "purged")
    assert file["path"] in doomed(db, file)
    assert created(service(firm, "begin_file", file_id=file["id"])) is None
    refused(firm.manager.rpc("reprocess_file", file_id=file["id"]), 409, "object_missing")
    refused(firm.admin.rpc("open_file", file_id=file["id"]), 409, "not_ready")
    log = created(firm.owner.get("audit_log", row_id=f"eq.{file['id']}", action="eq.update"))
    assert [each["actor"] for each in log] == [firm.admin.id]


def test_a_failed_file_is_purged_before_its_week(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm, "failed", "timeout")
    assert doomed(db, file) == set()
    created(service(firm, "purge_file_for_operator", file_id=file["id"]))
    assert file["path"] in doomed(db, file)


def test_what_is_ready_is_not_purged(firm: Firm) -> None:
    """It may have to be kept for ten years."""
    file = settled(firm.member, firm)
    refused(firm.owner.rpc("purge_file", file_id=file["id"]), 409, "not_quarantined")
    operator = service(firm, "purge_file_for_operator", file_id=file["id"])
    refused(operator, 409, "not_quarantined")


def test_release_and_purge_at_once_are_one_of_them(stack: RunningStack, firm: Firm, db: Db) -> None:
    file = quarantined(firm)
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        file["id"],
        lambda: firm.admin.rpc("release_file", file_id=file["id"], note=NOTE),
        lambda: firm.owner.rpc("purge_file", file_id=file["id"]),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    released = answers[0].is_success
    assert row(firm.owner, file)["status"] == ("ready" if released else "failed")
    assert (file["path"] in doomed(db, file)) is not released
    releases = created(firm.owner.get("file_releases", file_id=f"eq.{file['id']}"))
    assert len(releases) == released


def test_purge_and_reprocess_at_once_are_one_of_them(stack: RunningStack, firm: Firm) -> None:
    file = quarantined(firm)
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        file["id"],
        lambda: firm.admin.rpc("purge_file", file_id=file["id"]),
        lambda: firm.manager.rpc("reprocess_file", file_id=file["id"]),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    purged = answers[0].is_success
    assert row(firm.owner, file)["status"] == ("failed" if purged else "processing")


def test_what_is_released_is_scanned_if_anything_scans(firm: Firm, db: Db) -> None:
    db.execute("delete from private.scanner")
    clean = settled(firm.member, firm, "quarantined", "macro", name="clean.txt")
    created(firm.admin.rpc("release_file", file_id=clean["id"], note=NOTE))
    assert jobs(db, "file.rescan", clean) == 0
    created(service(firm, "note_scanner", version="27001"))
    file = quarantined(firm)
    created(firm.admin.rpc("release_file", file_id=file["id"], note=NOTE))
    assert jobs(db, "file.rescan", file) == 1
    db.execute("delete from private.scanner")


@pytest.mark.parametrize(
    ("status", "reason"), [("ready", None), ("quarantined", "infected"), ("failed", "timeout")]
)
def test_a_file_is_looked_at_once_more(firm: Firm, db: Db, status: str, reason: str | None) -> None:
    file = settled(firm.member, firm, status, reason)
    db.execute(
        "delete from pgmq.q_jobs_default where message #>> '{payload,file_id}' = %s", [file["id"]]
    )
    refused(firm.member.rpc("reprocess_file", file_id=file["id"]), 403, "not_allowed")
    again = created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    assert (again["status"], again["reason"]) == ("processing", None)
    assert jobs(db, "file.process", file) == 1
    refused(firm.manager.rpc("reprocess_file", file_id=file["id"]), 409, "still_processing")
    # Bytes that were about to go in a week are needed again.
    assert file["path"] not in doomed(db, file)
    begun = created(service(firm, "begin_file", file_id=file["id"]))
    assert begun["preview_path"] == f"{firm.id}/{file['id']}/.preview-"
    assert (begun["released"], begun["sha256"]) == (False, row(firm.owner, file)["sha256"])
    settle(firm, file, "ready")
    created(service(firm, "reprocess_file_for_operator", file_id=file["id"]))


def test_a_file_is_looked_at_once_more_while_its_job_ends(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm)
    # A runner holds the job still: it has said what became of the file, but not that it is done.
    held = db.execute(
        "update pgmq.q_jobs_default set read_ct = 1, vt = now() + interval '1 minute'"
        " where message #>> '{payload,file_id}' = %s returning msg_id",
        [file["id"]],
    ).fetchone()
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    db.execute("delete from pgmq.q_jobs_default where msg_id = %s", held)
    assert jobs(db, "file.process", file) == 1, "else it is being processed for ever"


def test_a_file_sent_back_within_its_week_is_looked_at_after_it(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm, "failed", "timeout")
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    # It waited for its scanner meanwhile, and nobody has looked yet whether the bytes are needed.
    db.execute("update private.doomed_objects set due_at = now() where path = %s", [file["path"]])
    begun = created(service(firm, "begin_file", file_id=file["id"]))
    assert begun is not None, "else it is being processed for ever"
    settle(firm, file, "ready", sha256=SHA256)
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "failed", "timeout")
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))


def test_what_has_no_bytes_is_not_looked_at(firm: Firm) -> None:
    file = settled(firm.member, firm)
    created(firm.api.as_service("DELETE", f"/storage/v1/object/firm-files/{file['path']}"))
    refused(firm.manager.rpc("reprocess_file", file_id=file["id"]), 409, "object_missing")


def test_the_worker_says_nothing_else_of_a_file(firm: Firm) -> None:
    file = settled(firm.member, firm)
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    unknown: list[dict[str, Any] | list[Any]]
    unknown = [{"firm_id": firm.id}, {"is_current": False}, {"path": "x"}, []]
    for result in unknown:
        answer = service(firm, "finish_file", file_id=file["id"], status="ready", result=result)
        refused(answer, 422, "unknown_result")
    bad: list[dict[str, Any]] = [{"language": "klingon"}, {"hints": {}}, {"preview_count": 6}]
    for wrong in bad:
        answer = service(firm, "finish_file", file_id=file["id"], status="ready", result=wrong)
        assert answer.json()["code"] == "23514", answer.text
    hints = [{"kind": "date", "value": "2027-01-01", "page": 3}]
    settle(firm, file, "ready", language="german", hints=hints, scanned_with="27000")
    now = row(firm.viewer, file)
    assert (now["language"], now["hints"], now["scanned_with"]) == ("german", hints, "27000")


def test_a_file_waits_for_its_scanner(firm: Firm) -> None:
    file = settled(firm.member, firm)
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "processing", "scan_unavailable")
    now = row(firm.viewer, file)
    assert (now["status"], now["reason"]) == ("processing", "scan_unavailable")
    assert now["sha256"] == SHA256, "nothing it had is lost"
    created(service(firm, "begin_file", file_id=file["id"]))
    assert row(firm.viewer, file)["reason"] == "scan_unavailable", "as long as it waits"
    settle(firm, file, "ready")
    assert (row(firm.viewer, file)["status"], row(firm.viewer, file)["reason"]) == ("ready", None)
    told = created(firm.member.get("notifications", kind="eq.file_quarantined"))
    assert told == []
