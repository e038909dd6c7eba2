"""No byte of a file leaves without an entry in the log; pictures of it are free."""

from typing import Any

import psycopg
import pytest

from tests.api.files import (
    CONTENT,
    File,
    download,
    processing,
    put_picture,
    read,
    refused,
    settle,
    settled,
    sign,
)
from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]


def accesses(firm: Firm, file: File) -> list[str]:
    """Who opened it, the first one first."""
    where = {"file_id": f"eq.{file['id']}", "order": "opened_at"}
    return [each["user_id"] for each in created(firm.admin.get("file_accesses", **where))]


def test_opening_lets_one_read_for_a_minute(firm: Firm, db: Db) -> None:
    file = settled(firm.member, firm, name="Minutes: July?.txt")
    viewer = firm.viewer
    opened = created(viewer.rpc("open_file", file_id=file["id"]))
    assert opened == {
        "bucket": "firm-files",
        "path": file["path"],
        "name": "Minutes_ July_.txt",
    }
    assert accesses(firm, file) == [viewer.id]
    assert read(viewer, file["path"]).content == CONTENT
    url = created(sign(viewer, file["path"]))["signedURL"]
    answer = firm.api.http.get(f"/storage/v1{url}&download={opened['name']}")
    assert answer.content == CONTENT
    assert answer.headers["content-disposition"].startswith("attachment")
    db.execute(
        "update file_accesses set opened_at = opened_at - interval '61 seconds' where file_id = %s",
        [file["id"]],
    )
    assert not read(viewer, file["path"]).is_success
    assert not sign(viewer, file["path"]).is_success


def test_attack_34_signed_url_without_open_file(firm: Firm) -> None:
    file = settled(firm.owner, firm)
    created(firm.owner.rpc("open_file", file_id=file["id"]))
    for person in (firm.admin, firm.manager, firm.member, firm.viewer):
        assert not sign(person, file["path"]).is_success, "somebody else opened it"
        assert not read(person, file["path"]).is_success
        many = person.send(
            "POST",
            "/storage/v1/object/sign/firm-files",
            json={"expiresIn": 60, "paths": [file["path"]]},
        )
        assert created(many)[0]["signedURL"] is None
    assert accesses(firm, file) == [firm.owner.id]


def test_attack_34_a_stranger_opens_nothing(
    firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller
) -> None:
    file = settled(firm.owner, firm)
    picture = put_picture(firm, file, ".thumbnail.webp")
    for stranger in (outsider, other_firm.owner, firm.removed, firm.suspended, firm.portal):
        refused(stranger.rpc("open_file", file_id=file["id"]), 404, "file_not_found")
        for path in (file["path"], picture):
            assert not read(stranger, path).is_success
            assert not sign(stranger, path).is_success
    assert visitor.rpc("open_file", file_id=file["id"]).status_code == 401
    assert accesses(firm, file) == []


def test_attack_29_managers_file_is_opened_by_no_member(firm: Firm) -> None:
    file = processing(firm.manager, firm, visibility="managers")
    small, large = (put_picture(firm, file, f".{n}.webp") for n in ("thumbnail", "preview-1"))
    settle(firm, file, "ready", thumbnail_path=small, preview_count=1)
    for person in (firm.member, firm.viewer):
        refused(person.rpc("open_file", file_id=file["id"]), 404, "file_not_found")
        for path in (file["path"], small, large):
            assert not read(person, path).is_success
            assert not sign(person, path).is_success
    assert read(firm.manager, large).content == b"RIFF"
    assert download(firm.manager, file["path"]).content == CONTENT


def test_attack_18_a_right_that_was_lost_ends_the_minute(firm: Firm) -> None:
    file = settled(firm.owner, firm)
    admin = firm.admin
    created(admin.rpc("open_file", file_id=file["id"]))
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=admin.id))
    assert not read(admin, file["path"]).is_success


def test_attack_24_the_log_is_neither_forged_nor_altered(firm: Firm, outsider: Person) -> None:
    file = settled(firm.owner, firm)
    created(firm.member.rpc("open_file", file_id=file["id"]))
    entry = {"firm_id": firm.id, "file_id": file["id"], "user_id": firm.viewer.id}
    where = {"file_id": f"eq.{file['id']}"}
    for person in (firm.owner, firm.admin, firm.manager, firm.member, firm.viewer, outsider):
        assert person.insert("file_accesses", entry).status_code == 403
        assert person.update("file_accesses", {"opened_at": "now"}, **where).status_code == 403
        assert person.delete("file_accesses", **where).status_code == 403
    for method, body in (("POST", entry), ("PATCH", {"opened_at": "now"}), ("DELETE", None)):
        path = "/rest/v1/file_accesses"
        filters = {} if method == "POST" else where
        answer = firm.api.as_service(method, path, json=body, params=filters)
        assert answer.status_code == 403, "not even with the secret key"
    assert not read(firm.viewer, file["path"]).is_success
    assert accesses(firm, file) == [firm.member.id]


def test_the_log_outlives_the_file(firm: Firm, db: Db) -> None:
    file = settled(firm.owner, firm)
    created(firm.member.rpc("open_file", file_id=file["id"]))
    db.execute("delete from files where id = %s", [file["id"]])
    assert accesses(firm, file) == [firm.member.id]


def test_pictures_need_no_opening(firm: Firm) -> None:
    file = processing(firm.member, firm)
    names = [".thumbnail.webp", *(f".preview-{n}.webp" for n in range(1, 6))]
    paths = [put_picture(firm, file, name) for name in names]
    assert not any(read(firm.viewer, path).is_success for path in paths), "nobody looked at it yet"
    settle(firm, file, "ready", thumbnail_path=paths[0], preview_count=2)
    assert [read(firm.viewer, path).is_success for path in paths] == [True] * 3 + [False] * 3
    assert accesses(firm, file) == []


def test_pictures_of_what_is_locked_away_are_too(firm: Firm) -> None:
    file = settled(firm.member, firm)
    small = put_picture(firm, file, ".thumbnail.webp")
    created(firm.manager.rpc("reprocess_file", file_id=file["id"]))
    settle(firm, file, "quarantined", "infected", thumbnail_path=small)
    for person in (firm.viewer, firm.owner):
        assert not read(person, small).is_success


@pytest.mark.parametrize(
    "name",
    [
        "not-a-uuid/.preview-1.webp",
        "x/y/.preview-9.webp",
        "x/y/.preview-.webp",
        ".preview-1.webp",
        "x/y/.preview-99999999999999.webp",
    ],
)
def test_attack_38_odd_paths_reveal_nothing(firm: Firm, name: str) -> None:
    created(
        firm.api.as_service(
            "POST",
            f"/storage/v1/object/firm-files/{firm.id}/{name}",
            content=b"RIFF",
            headers={"Content-Type": "image/webp", "x-upsert": "true"},
        )
    )
    assert not read(firm.viewer, f"{firm.id}/{name}").is_success
    answer = firm.viewer.send(
        "POST", "/storage/v1/object/list/firm-files", json={"prefix": firm.id, "limit": 100}
    )
    assert created(answer) == []


@pytest.mark.parametrize("status", ["pending", "processing", "failed"])
def test_only_what_is_ready_is_opened(firm: Firm, db: Db, status: str) -> None:
    file = processing(firm.member, firm)
    db.execute("update files set status = %s, reason = 'x' where id = %s", [status, file["id"]])
    refused(firm.owner.rpc("open_file", file_id=file["id"]), 409, "not_ready")
    assert accesses(firm, file) == []


@pytest.mark.parametrize(
    ("name", "mime", "saved"),
    [
        ("Offer.pdf", "application/pdf", "Offer.pdf"),
        ("Offer.PDF", "application/pdf", "Offer.PDF"),
        ("Offer.exe", "application/pdf", "Offer.exe.pdf"),
        ("page.html", "text/plain", "page.html.txt"),
        ("README.md", "text/plain", "README.md"),
        ("Überblick", "image/jpeg", "Überblick.jpg"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ('a<b>:"|?*.csv', "text/csv", "a_b______.csv"),
        ("trailing. . ", "image/png", "trailing.png"),
        ("mail.msg", "application/vnd.ms-outlook", "mail.msg"),
        ("CON.pdf", "application/pdf", "_CON.pdf"),
        ("nul", "text/plain", "_nul.txt"),
        ("com1 .old.csv", "text/csv", "_com1 .old.csv"),
        ("Contract.pdf", "application/pdf", "Contract.pdf"),
        ("x" * 251 + ".pdf", "application/pdf", "x" * 251 + ".pdf"),
        ("\N{BOAR}" * 63, "application/pdf", "\N{BOAR}" * 60 + ".pdf"),
    ],
)
def test_a_file_is_saved_under_a_safe_name(db: Db, name: str, mime: str, saved: str) -> None:
    assert db.execute("select private.download_name(%s, %s)", [name, mime]).fetchone() == (saved,)


def test_every_kind_that_may_be_uploaded_has_its_ending(db: Db) -> None:
    lacking = db.execute(
        "select mime from storage.buckets, unnest(allowed_mime_types) mime"
        " where id = 'firm-files' and private.download_name('x', mime) is null"
    ).fetchall()
    assert lacking == []
