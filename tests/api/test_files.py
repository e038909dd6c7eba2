"""Uploads by intent, and who reads which object."""

import uuid
from itertools import combinations
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.files import (
    CONTENT,
    TEXT,
    File,
    begin,
    download,
    listing,
    read,
    refused,
    sign,
    upload,
)
from tests.api.races import LOCK_FIRM, race
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

Db = psycopg.Connection[Any]


def ready(db: Db, person: Person, firm: Firm, **values: Any) -> File:
    """A file the worker is done with."""
    file = upload(person, firm, **values)
    created(person.rpc("finish_upload", file_id=file["id"]))
    db.execute("update files set status = 'ready' where id = %s", (file["id"],))
    return file


def jobs(db: Db, file: File) -> int:
    """How many jobs for the file are queued."""
    row = db.execute(
        "select count(*) from pgmq.q_jobs_default where message #>> '{payload,file_id}' = %s",
        (file["id"],),
    ).fetchone()
    assert row
    return int(row[0])


def test_an_upload_from_intent_to_reading(shared_firm: Firm, db: Db) -> None:
    member, viewer = shared_firm.member, shared_firm.viewer
    file = created(begin(member, shared_firm, name="Protokoll März (1).txt"))
    assert file["path"] == f"{shared_firm.id}/{file['id']}/Protokoll-Marz-1-.txt"
    assert (file["status"], file["created_by"]) == ("pending", member.id)
    refused(member.rpc("finish_upload", file_id=file["id"]), 409, "object_missing")

    created(member.upload(file["path"], CONTENT, TEXT))
    assert not download(member, file["path"]).is_success, "nobody reads what nobody examined"
    for _ in range(2):
        assert created(member.rpc("finish_upload", file_id=file["id"]))["status"] == "processing"
    assert jobs(db, file) == 1
    assert not download(member, file["path"]).is_success

    db.execute("update files set status = 'ready' where id = %s", (file["id"],))
    assert download(viewer, file["path"]).content == CONTENT
    path = f"{shared_firm.id}/{file['id']}/.thumbnail.webp"
    created(
        shared_firm.api.as_service(
            "POST",
            f"/storage/v1/object/firm-files/{path}",
            content=b"RIFF",
            headers={"Content-Type": "image/webp"},
        )
    )
    assert not read(viewer, path).is_success
    db.execute("update files set thumbnail_path = %s where id = %s", (path, file["id"]))
    assert read(viewer, path).content == b"RIFF"


def test_a_file_has_one_parent_or_the_firm(shared_firm: Firm) -> None:
    member = shared_firm.member
    parents = {
        f"{what}_id": getattr(shared_firm, what)()["id"]
        for what in ("company", "contact", "consultant", "contract")
    }
    for column, id in parents.items():
        file = created(begin(member, shared_firm, **{column: id}))
        assert {name: file[name] for name in parents if file[name]} == {column: id}
        missing = begin(member, shared_firm, **{column: str(uuid.uuid4())})
        refused(missing, 404, "parent_not_found")
    for both in combinations(parents.items(), 2):
        refused(begin(member, shared_firm, **dict(both)), 422, "one_parent")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"size_bytes": 0}, 422, "file_empty"),
        ({"mime": "image/svg+xml"}, 415, "type_not_allowed"),
        ({"mime": None}, 415, "type_not_allowed"),
        ({"name": "..."}, 422, "bad_name"),
        ({"name": ""}, 422, "bad_name"),
        ({"name": "../../etc/passwd"}, 422, "bad_name"),
        ({"name": "a\\b.pdf"}, 422, "bad_name"),
        ({"name": "invoice\u202efdp.exe"}, 422, "bad_name"),
        ({"name": "a\r\nb.pdf"}, 422, "bad_name"),
        ({"name": "ü" * 150}, 422, "bad_name"),
    ],
    ids=str,
)
def test_begin_upload_refuses(
    shared_firm: Firm, wrong: dict[str, Any], status: int, code: str
) -> None:
    refused(begin(shared_firm.member, shared_firm, **wrong), status, code)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        (".thumbnail.webp", "thumbnail.webp"),
        ("..hidden", "hidden"),
        ("契約書.pdf", "pdf"),
        ("契約書", "file"),
        ("é#?%.txt", "e-.txt"),
        ("x" * 150 + ".txt", "x" * 96 + ".txt"),
        ("x" * 9 + "." + "y" * 95 + ".txt", "y" * 95 + ".txt"),
    ],
)
def test_the_path_is_safe_whatever_the_name(shared_firm: Firm, name: str, safe: str) -> None:
    file = created(begin(shared_firm.member, shared_firm, name=name))
    assert file["path"] == f"{shared_firm.id}/{file['id']}/{safe}"
    assert file["name"] == name
    created(shared_firm.member.rpc("cancel_upload", file_id=file["id"]))


def test_attack_43_oversize(shared_firm: Firm) -> None:
    limit = 50_000_000
    begun = begin(shared_firm.member, shared_firm, size_bytes=limit + 1)
    refused(begun, 413, "file_too_large")
    assert begun.json()["message"] == "A file can have at most 50 MB."
    file = created(begin(shared_firm.member, shared_firm))
    answer = shared_firm.member.upload(file["path"], bytes(limit + 1), file["mime"])
    assert (answer.status_code, answer.json()["statusCode"]) == (400, "413")
    # More than was announced may come, but not be kept.
    created(shared_firm.member.upload(file["path"], bytes(file["size_bytes"] + 1), file["mime"]))
    refused(shared_firm.member.rpc("finish_upload", file_id=file["id"]), 409, "size_mismatch")


def test_finish_upload_checks_the_size(shared_firm: Firm) -> None:
    file = upload(shared_firm.member, shared_firm, size_bytes=len(CONTENT) - 1)
    refused(shared_firm.member.rpc("finish_upload", file_id=file["id"]), 409, "size_mismatch")


def test_a_cancelled_upload_admits_nothing(shared_firm: Firm) -> None:
    member = shared_firm.member
    file = created(begin(member, shared_firm))
    created(member.rpc("cancel_upload", file_id=file["id"]))
    assert not member.upload(file["path"], CONTENT, TEXT).is_success
    refused(member.rpc("finish_upload", file_id=file["id"]), 409, "upload_closed")
    refused(member.rpc("cancel_upload", file_id=file["id"]), 409, "upload_closed")


def test_only_who_began_an_upload_carries_it_out(shared_firm: Firm) -> None:
    file = created(begin(shared_firm.member, shared_firm))
    for person in (shared_firm.owner, shared_firm.viewer):
        assert not person.upload(file["path"], CONTENT, TEXT).is_success
        refused(person.rpc("finish_upload", file_id=file["id"]), 404, "upload_not_found")
        refused(person.rpc("cancel_upload", file_id=file["id"]), 404, "upload_not_found")
    created(shared_firm.member.upload(file["path"], CONTENT, TEXT))


def test_an_expired_intent_is_swept(firm: Firm, db: Db) -> None:
    member = firm.member
    lost, arrived, short = (
        created(begin(member, firm)),
        upload(member, firm),
        upload(member, firm, size_bytes=1),
    )
    expire = "update files set upload_expires_at = now() where firm_id = %s"
    db.execute("select private.sweep_uploads()")
    assert {f["status"] for f in created(firm.owner.get("files"))} == {"pending"}
    db.execute(expire, (firm.id,))
    assert not member.upload(lost["path"], CONTENT, TEXT).is_success
    for _ in range(2):
        db.execute("select private.sweep_uploads()")
        rows = {f["id"]: (f["status"], f["reason"]) for f in created(firm.owner.get("files"))}
        assert rows == {
            lost["id"]: ("failed", "upload_expired"),
            arrived["id"]: ("processing", None),
            short["id"]: ("failed", "upload_expired"),
        }
    assert (jobs(db, arrived), jobs(db, lost)) == (1, 0)


def test_the_quota_holds_against_two_uploads_at_once(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    db.execute("update firms set storage_quota_bytes = 100 where id = %s", (firm.id,))
    owner, member = firm.owner, firm.member
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        lambda: begin(owner, firm, size_bytes=60),
        lambda: begin(member, firm, size_bytes=60),
    )
    assert sorted(a.status_code for a in answers) == [200, 409]
    winner = next(a.json() for a in answers if a.is_success)
    refused(begin(firm.owner, firm, size_bytes=60), 409, "storage_quota")
    by = owner if winner["created_by"] == owner.id else member
    created(by.rpc("cancel_upload", file_id=winner["id"]))
    created(begin(firm.owner, firm, size_bytes=60))


def test_bytes_that_arrived_count_even_if_given_up(firm: Firm, db: Db) -> None:
    db.execute("update firms set storage_quota_bytes = 25 where id = %s", (firm.id,))
    small = upload(firm.member, firm, size_bytes=1)
    refused(begin(firm.member, firm, size_bytes=10), 409, "storage_quota")
    created(firm.member.rpc("cancel_upload", file_id=small["id"]))
    refused(begin(firm.member, firm, size_bytes=10), 409, "storage_quota")
    created(begin(firm.member, firm, size_bytes=25 - len(CONTENT)))


def test_a_firm_has_at_most_a_hundred_unfinished_uploads(firm: Firm, db: Db) -> None:
    db.execute(
        "insert into files (id, firm_id, path, name, mime, size_bytes)"
        " select id, %s, concat_ws('/', %s::text, id, 'a'), 'a', 'text/plain', 1"
        " from (select gen_random_uuid() as id from generate_series(1, 100)) as ids",
        (firm.id, firm.id),
    )
    refused(begin(firm.owner, firm), 429, "too_many_uploads")


def test_people_change_the_name_and_nothing_else(shared_firm: Firm) -> None:
    member = shared_firm.member
    file = created(begin(member, shared_firm))
    where = {"id": f"eq.{file['id']}"}
    assert created(member.update("files", {"name": "new.txt"}, **where))[0]["name"] == "new.txt"
    for change in (
        {"status": "ready"},
        {"path": "x"},
        {"size_bytes": 1},
        {"created_by": shared_firm.owner.id},
        {"upload_expires_at": "2099-01-01"},
        {"company_id": None},
        {"contact_id": None},
    ):
        assert member.update("files", change, **where).status_code == 403
    assert member.update("files", {"visibility": "managers"}, **where).status_code == 403
    assert member.update("files", {"name": "a/b"}, **where).status_code == 400


def test_attack_29_managers_file_by_a_member(shared_firm: Firm, db: Db) -> None:
    manager, member, viewer = shared_firm.manager, shared_firm.member, shared_firm.viewer
    refused(begin(member, shared_firm, visibility="managers"), 403, "not_allowed")
    file = ready(db, manager, shared_firm, visibility="managers")
    for person in (member, viewer):
        assert created(person.get("files", id=f"eq.{file['id']}")) == []
        assert not download(person, file["path"]).is_success
        assert listing(person, f"{shared_firm.id}/{file['id']}") == []
        change = person.update("files", {"visibility": "firm"}, id=f"eq.{file['id']}")
        assert created(change) == []
    assert download(shared_firm.admin, file["path"]).content == CONTENT
    # Whoever may share it does so at once.
    created(manager.update("files", {"visibility": "firm"}, id=f"eq.{file['id']}"))
    assert download(viewer, file["path"]).content == CONTENT


def test_attack_29_managers_file_after_a_demotion(firm: Firm, db: Db) -> None:
    manager = firm.manager
    done = ready(db, manager, firm, visibility="managers")
    begun = created(begin(manager, firm, visibility="managers"))
    created(firm.owner.rpc("change_role", firm_id=firm.id, user_id=manager.id, role="member"))
    for file in (done, begun):
        assert created(manager.get("files", id=f"eq.{file['id']}")) == []
        refused(manager.rpc("finish_upload", file_id=file["id"]), 404, "upload_not_found")


def test_attack_30_upload_to_another_firms_path(shared_firm: Firm, other_firm: Firm) -> None:
    theirs = created(begin(other_firm.owner, other_firm))
    ours = shared_firm.member
    for path in (
        theirs["path"],
        f"{other_firm.id}/{uuid.uuid4()}/minutes.txt",
        f"{shared_firm.id}/{uuid.uuid4()}/minutes.txt",
    ):
        answer = ours.upload(path, CONTENT, TEXT)
        assert answer.status_code in (400, 403), answer.text


def test_attack_31_path_traversal_and_case_variants(shared_firm: Firm) -> None:
    member = shared_firm.member
    path = created(begin(member, shared_firm))["path"]
    firm_id, file_id, name = path.split("/")
    for variant in (
        f"{firm_id}/{file_id}/../{file_id}/{name}",
        f"{firm_id}/{file_id}/%2e%2e/{name}",
        f"{firm_id.upper()}/{file_id}/{name}",
        f"{firm_id}/{file_id.upper()}/{name}",
        f"{firm_id}/{file_id}/{name.upper()}",
        f"{firm_id}/{file_id}/{name}/x",
        f"{firm_id}//{file_id}/{name}",
        f"/{path}",
        f"not-a-uuid/{name}",
        name,
    ):
        answer = member.upload(variant, CONTENT, TEXT)
        # A client library may tidy the address up: then it is the intended object after all.
        tidied = str(answer.request.url.path).endswith(f"/firm-files/{path}")
        assert tidied or not answer.is_success, variant


def test_attack_32_overwrite_or_move_an_object(shared_firm: Firm, other_firm: Firm, db: Db) -> None:
    member = shared_firm.member
    file = ready(db, member, shared_firm)
    created(member.rpc("open_file", file_id=file["id"]))
    forged = b"Something else entirely"
    upsert = {"x-upsert": "true"}
    assert not member.upload(file["path"], forged, TEXT).is_success
    assert not member.upload(file["path"], forged, TEXT, headers=upsert).is_success
    assert not member.upload(file["path"], forged, TEXT, method="PUT").is_success
    for action in ("move", "copy"):
        for target in (f"{shared_firm.id}/x.txt", f"{other_firm.id}/{file['id']}/x.txt"):
            body = {"bucketId": "firm-files", "sourceKey": file["path"], "destinationKey": target}
            assert not member.send("POST", f"/storage/v1/object/{action}", json=body).is_success
    member.send("DELETE", f"/storage/v1/object/firm-files/{file['path']}")
    member.send("DELETE", "/storage/v1/object/firm-files", json={"prefixes": [file["path"]]})
    assert download(member, file["path"]).content == CONTENT


def test_attack_32_between_upload_and_finish(shared_firm: Firm) -> None:
    member = shared_firm.member
    file = upload(member, shared_firm)
    upsert = {"x-upsert": "true"}
    assert not member.upload(file["path"], b"x" * len(CONTENT), TEXT, headers=upsert).is_success


def test_attack_33_list_a_bucket(
    api: Api, firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller, db: Db
) -> None:
    file = ready(db, firm.member, firm)
    upload(firm.member, firm)  # pending: not even the firm lists it
    assert listing(firm.viewer, "") == []
    created(firm.viewer.rpc("open_file", file_id=file["id"]))
    assert listing(firm.viewer, "") == [firm.id]
    assert listing(firm.viewer, firm.id) == [file["id"]]
    for stranger in (other_firm.owner, outsider, visitor, firm.suspended, firm.removed):
        for prefix in ("", firm.id, f"{firm.id}/{file['id']}"):
            assert listing(stranger, prefix) == []


def test_attack_34_signed_url_for_an_unreadable_file(
    shared_firm: Firm, other_firm: Firm, db: Db
) -> None:
    file = ready(db, shared_firm.member, shared_firm)
    waiting = upload(shared_firm.member, shared_firm)

    def opened(person: Person, path: str) -> httpx.Response:
        person.rpc("open_file", file_id=path.split("/")[1])
        return sign(person, path)

    assert not opened(other_firm.owner, file["path"]).is_success
    assert not opened(shared_firm.member, waiting["path"]).is_success
    url = created(opened(shared_firm.viewer, file["path"]))["signedURL"]
    assert shared_firm.api.http.get(f"/storage/v1{url}").content == CONTENT


def test_the_bucket_itself_is_closed(shared_firm: Firm) -> None:
    file = created(begin(shared_firm.member, shared_firm, mime="application/pdf"))
    answer = shared_firm.member.upload(file["path"], b"<svg/>", "image/svg+xml")
    assert not answer.is_success
    public = shared_firm.api.http.get(f"/storage/v1/object/public/firm-files/{file['path']}")
    assert not public.is_success
