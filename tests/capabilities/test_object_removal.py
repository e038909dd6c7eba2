"""Objects that nothing needs any more go through the Storage API, and no others."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from edge_jobs.log import Log
from edge_jobs.registry import Job
from edge_jobs.storage.remove import ObjectsRemove, remove
from tests.capabilities.conftest import SAMPLES, row, upload
from tests.capabilities.worker import Worker
from tests.conftest import RunningStack
from tests.people import Api, Firm, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]

AGREEMENT = (SAMPLES / "pdflatex-4-pages.pdf").read_bytes()
PDF = "application/pdf"


def objects(db: Database, firm: Firm) -> set[str]:
    found = db.execute("select name from storage.objects where name like %s", [f"{firm.id}/%"])
    return {name for (name,) in found}


def doomed(db: Database, firm: Firm) -> set[str]:
    found = db.execute(
        "select path from private.doomed_objects where path like %s", [f"{firm.id}/%"]
    )
    return {path for (path,) in found}


def all_of(firm: Firm, id: str, name: str) -> set[str]:
    """Wherever there may be something of a file: nobody knows how far the worker came."""
    pictures = (".thumbnail.webp", *(f".preview-{n}.webp" for n in range(1, 6)))
    return {f"{firm.id}/{id}/{each}" for each in (name, *pictures)}


def queued(db: Database) -> int:
    counted = db.execute(
        "select count(*) from pgmq.q_jobs_default where message ->> 'kind' = 'objects.remove'"
    ).fetchone()
    assert counted
    return int(counted[0])


def pass_time(db: Database) -> None:
    """Nothing can arrive any more, and what waits is due."""
    db.execute("update private.doomed_objects set due_at = now(), open_until = null")


def test_a_file_and_its_preview_go_with_the_row(firm: Firm, db: Database, drain: Drain) -> None:
    gone = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    kept = upload(firm.member, firm, "Other.pdf", AGREEMENT, PDF)
    drain()
    stored = objects(db, firm)
    assert {f"{firm.id}/{gone}/Agreement.pdf", f"{firm.id}/{gone}/.thumbnail.webp"} <= stored
    db.execute("delete from files where id = %s", [gone])
    assert queued(db) == 1
    assert "done" in drain()
    paths = stored & all_of(firm, kept, "Other.pdf")
    assert objects(db, firm) == paths
    # Somebody could still hold a signed address to upload to: once more when that has run out.
    assert doomed(db, firm) == all_of(firm, gone, "Agreement.pdf")
    pass_time(db)
    db.execute("select private.remove_objects()")
    drain()
    assert doomed(db, firm) == set()
    assert objects(db, firm) == paths


def test_a_report_goes_with_its_document(firm: Firm, db: Database, drain: Drain) -> None:
    ask = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "csv"}
    id = created(firm.owner.rpc("request_report", **ask))
    drain()
    assert objects(db, firm) == {f"{firm.id}/{id}.csv"}
    db.execute("delete from reports where id = %s", [id])
    drain()
    assert (objects(db, firm), doomed(db, firm)) == (set(), set())


def test_a_picture_goes_with_the_account(api: Api, firm: Firm, db: Database, drain: Drain) -> None:
    leaver, stayer = firm.member, firm.viewer
    paths = [f"{person.id}/avatar.png" for person in (leaver, stayer)]
    png = {"Content-Type": "image/png"}
    for person, path in zip((leaver, stayer), paths, strict=True):
        address = f"/storage/v1/object/avatars/{path}"
        created(person.send("POST", address, content=b"\x89PNG\r\n\x1a\n", headers=png))
    created(api.as_service("DELETE", f"/auth/v1/admin/users/{leaver.id}"))
    drain()
    found = db.execute("select name from storage.objects where name = any (%s)", [paths])
    assert found.fetchall() == [(paths[1],)]


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_what_an_upload_left_frees_the_quota(
    firm: Firm, db: Database, drain: Drain, end: str
) -> None:
    document = {"firm_id": firm.id, "name": "a.txt", "mime": "text/plain", "size_bytes": 90}
    db.execute("update firms set storage_quota_bytes = 100 where id = %s", [firm.id])
    file = created(firm.member.rpc("begin_upload", **document))
    # Less than announced, so that it never becomes a file.
    created(firm.member.upload(file["path"], b"x" * 80, "text/plain"))
    if end == "cancelled":
        created(firm.member.rpc("cancel_upload", file_id=file["id"]))
    else:
        db.execute("update files set upload_expires_at = now() where id = %s", [file["id"]])
        db.execute("select private.sweep_uploads()")
    full = firm.member.rpc("begin_upload", **document)
    assert full.json()["details"] == "storage_quota", "the bytes that came count"
    drain()
    assert objects(db, firm) == set()
    created(firm.member.rpc("begin_upload", **document))


def test_bytes_that_come_late_go_too(firm: Firm, db: Database, drain: Drain) -> None:
    document = {"firm_id": firm.id, "name": "a.txt", "mime": "text/plain", "size_bytes": 9}
    file = created(firm.member.rpc("begin_upload", **document))
    signed = created(
        firm.member.send("POST", f"/storage/v1/object/upload/sign/firm-files/{file['path']}")
    )
    created(firm.member.rpc("cancel_upload", file_id=file["id"]))
    drain()
    created(
        firm.member.send(
            "PUT",
            f"/storage/v1{signed['url']}",
            content=b"Late news",
            headers={"Content-Type": "text/plain"},
        )
    )
    assert objects(db, firm) == {file["path"]}
    drain()
    assert objects(db, firm) == {file["path"]}, "nothing is due yet"
    pass_time(db)
    db.execute("select private.remove_objects()")
    drain()
    assert (objects(db, firm), doomed(db, firm)) == (set(), set())


def test_a_file_whose_job_died_can_be_sent_back_for_a_week(
    firm: Firm, db: Database, drain: Drain, api: Api
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    db.execute("select private.settle_file(%s, 'failed', 'exception', 'x', '{}')", [id])
    path = f"{firm.id}/{id}/Agreement.pdf"
    assert doomed(db, firm) == all_of(firm, id, path.split("/")[2])
    db.execute("select private.remove_objects()")
    assert queued(db) == 0
    drain()
    assert row(firm.member, "files", id)["status"] == "ready", "its job came back"
    # Due by now, but a row needs them again: the guard is the database's.
    pass_time(db)
    assert created(api.as_service("POST", "/rest/v1/rpc/doomed_objects", json={})) == []
    assert (path in objects(db, firm), doomed(db, firm)) == (True, set())


def test_a_file_cannot_be_sent_back_while_its_bytes_are_removed(
    firm: Firm, db: Database, drain: Drain
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    db.execute("select private.settle_file(%s, 'failed', 'exception', 'x', '{}')", [id])
    pass_time(db)
    drain()
    assert row(firm.member, "files", id)["status"] == "failed"
    db.execute("select private.remove_objects()")
    drain()
    assert (objects(db, firm), doomed(db, firm)) == (set(), set())


def test_attack_41_a_payload_names_nothing_to_remove(
    firm: Firm, db: Database, drain: Drain
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    drain()
    kept = objects(db, firm)
    payload = {"bucket": "firm-files", "paths": sorted(kept)}
    db.execute("select private.enqueue('objects.remove', %s)", [json.dumps(payload)])
    # Not even an entry in the list, where a row still points at the object.
    db.execute(
        "insert into private.doomed_objects (bucket, path) values ('firm-files', %s)",
        [row(firm.member, "files", id)["path"]],
    )
    drain()
    assert objects(db, firm) == kept


class Crash(Exception):
    """The worker ends here."""


class Crashing(Worker):
    """Dies after the objects are gone and before the database hears of it."""

    def rpc(self, name: str, /, **arguments: Any) -> Any:
        if name == "forget_objects":
            raise Crash
        return super().rpc(name, **arguments)


def test_killed_between_removing_and_telling_it_repeats(
    worker: Callable[..., Worker], firm: Firm, db: Database, drain: Drain
) -> None:
    id = upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    drain()
    db.execute("delete from files where id = %s", [id])
    job = Job("default:1", "objects.remove", 1, None, worker(Crashing), Log())
    with pytest.raises(Crash):
        remove(job, ObjectsRemove())
    assert objects(db, firm) == set()
    assert doomed(db, firm) == all_of(firm, id, "Agreement.pdf")
    pass_time(db)
    drain()
    assert doomed(db, firm) == set()


def test_more_than_one_batch_is_worked_off(firm: Firm, db: Database, drain: Drain) -> None:
    """None of these objects ever existed, which is fine."""
    db.execute(
        "select private.doom_objects('reports', array[%s || '/' || n || '.csv'], now(), null)"
        " from generate_series(1, 1100) n",
        [firm.id],
    )
    assert queued(db) == 1
    drain()
    assert doomed(db, firm) == set()


def test_a_firm_that_takes_long_holds_up_no_other(
    firm: Firm, other_firm: Firm, stack: RunningStack, db: Database, drain: Drain
) -> None:
    """Neither another firm nor the runner waits for a transaction that removes something."""
    document = {"name": "a.txt", "mime": "text/plain", "size_bytes": 9}
    mine, theirs = (
        created(each.owner.rpc("begin_upload", firm_id=each.id, **document))
        for each in (firm, other_firm)
    )
    with psycopg.connect(stack.superuser_url) as slow:
        slow.execute("delete from files where id = %s", [mine["id"]])
        db.execute("set lock_timeout = '1s'")
        db.execute("update files set status = 'failed', reason = 'x' where id = %s", [theirs["id"]])
        db.execute(
            "select private.doom_objects('reports', array[%s], now(), null)", [other_firm.id]
        )
        db.execute("select private.remove_objects()")
        db.execute("reset lock_timeout")
        assert "done" in drain()
    assert doomed(db, firm) == all_of(firm, mine["id"], "a.txt")
    drain()


def test_only_the_secret_key_hears_what_is_doomed(firm: Firm) -> None:
    assert firm.owner.rpc("doomed_objects").json()["code"] == "42501"
    answer = firm.owner.rpc("forget_objects", bucket="firm-files", paths=[])
    assert answer.json()["code"] == "42501"
