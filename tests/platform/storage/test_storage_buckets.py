"""Buckets through supabase-py, with the answers of the hosted service."""

import uuid
from typing import Any

import httpx
import pytest
from storage3.exceptions import StorageApiError
from supabase import Client

from tests.platform.storage.buckets import Bucket, MakeBucket


def error(caught: pytest.ExceptionInfo[StorageApiError]) -> tuple[int | str, str, str]:
    return caught.value.status, caught.value.code, caught.value.message


def test_a_new_bucket_is_private_and_without_limits(admin: Client) -> None:
    name = str(uuid.uuid4())
    assert admin.storage.create_bucket(name) == {"name": name}
    found = admin.storage.get_bucket(name)
    assert (found.id, found.name, found.public, found.type) == (name, name, False, "STANDARD")
    assert (found.file_size_limit, found.allowed_mime_types) == (None, None)
    assert found.owner == ""
    assert name in [bucket.id for bucket in admin.storage.list_buckets()]


def test_settings_are_kept_and_a_later_change_leaves_the_others(
    admin: Client, make_bucket: MakeBucket
) -> None:
    bucket = make_bucket(
        public=True,
        file_size_limit="1MB",  # type: ignore[arg-type]  # the API takes units too
        allowed_mime_types=["image/*", "text/plain"],
    )
    answer = admin.storage.update_bucket(bucket.id, {"public": False})
    assert answer == {"message": "Successfully updated"}
    found = admin.storage.get_bucket(bucket.id)
    assert found.public is False
    assert found.file_size_limit == 1_000_000
    assert found.allowed_mime_types == ["image/*", "text/plain"]

    unlimited = {"file_size_limit": None, "allowed_mime_types": None}
    admin.storage.update_bucket(bucket.id, unlimited)  # type: ignore[arg-type]  # null: no limit
    found = admin.storage.get_bucket(bucket.id)
    assert (found.file_size_limit, found.allowed_mime_types) == (None, None)


def test_buckets_are_listed_by_page_order_and_name(
    storage_http: httpx.Client, make_bucket: MakeBucket
) -> None:
    made = [make_bucket().id for _ in range(3)]

    def ids(**query: Any) -> list[str]:
        answer = storage_http.get("/bucket", params={"sortColumn": "created_at", **query})
        return [row["id"] for row in answer.json()]

    assert ids(sortOrder="desc", limit=3) == made[::-1]
    assert ids(sortOrder="desc", limit=1, offset=1) == [made[1]]
    assert ids(search=made[2][8:]) == [made[2]]
    assert storage_http.get("/bucket", params={"sortColumn": "owner"}).status_code == 400


def test_a_bucket_is_emptied_and_then_deleted(admin: Client, bucket: Bucket) -> None:
    bucket.files.upload("a/b.txt", b"x")
    with pytest.raises(StorageApiError) as caught:
        admin.storage.delete_bucket(bucket.id)
    assert error(caught) == (
        "409",
        "ResourceNotEmpty",
        "The bucket you tried to delete is not empty",
    )
    assert "Empty bucket has been queued" in admin.storage.empty_bucket(bucket.id)["message"]
    assert bucket.files.list() == []
    assert admin.storage.delete_bucket(bucket.id) == {"message": "Successfully deleted"}
    with pytest.raises(StorageApiError):
        admin.storage.get_bucket(bucket.id)


@pytest.mark.parametrize("method", ["get_bucket", "empty_bucket", "delete_bucket"])
def test_an_unknown_bucket_is_not_found(admin: Client, method: str) -> None:
    with pytest.raises(StorageApiError) as caught:
        getattr(admin.storage, method)("no-such-bucket")
    assert error(caught) == ("404", "Bucket not found", "Bucket not found")


def test_an_unknown_bucket_cannot_be_changed(admin: Client) -> None:
    with pytest.raises(StorageApiError) as caught:
        admin.storage.update_bucket("no-such-bucket", {"public": True})
    assert error(caught) == ("404", "Bucket not found", "Bucket not found")


def test_a_name_is_taken_once(admin: Client, bucket: Bucket) -> None:
    with pytest.raises(StorageApiError) as caught:
        admin.storage.create_bucket(bucket.id)
    assert error(caught) == ("409", "Duplicate", "The resource already exists")


@pytest.mark.parametrize("name", ["a/b", "né", "x" * 101, " lead", "trail ", "hash#"])
def test_a_bad_name_is_refused(admin: Client, name: str) -> None:
    with pytest.raises(StorageApiError) as caught:
        admin.storage.create_bucket(name)
    assert error(caught) == ("400", "Invalid Input", "Bucket name invalid")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"file_size_limit": "1GB"},
            ("413", "Payload too large", "The object exceeded the maximum allowed size"),
        ),
        (
            {"file_size_limit": "lots"},
            (
                "400",
                "InvalidRequest",
                "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B",
            ),
        ),
        (
            {"allowed_mime_types": ["image"]},
            ("415", "invalid_mime_type", "mime type image is not supported"),
        ),
    ],
)
def test_a_bad_setting_is_refused(
    admin: Client, options: Any, expected: tuple[str, str, str]
) -> None:
    with pytest.raises(StorageApiError) as caught:
        admin.storage.create_bucket(str(uuid.uuid4()), options=options)
    assert error(caught) == expected


def test_a_body_of_the_wrong_form_names_the_field(storage_http: httpx.Client) -> None:
    answer = storage_http.post("/bucket", json={"public": True})
    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": "400",
        "error": "Error",
        "code": "InvalidRequest",
        "message": "body must have required property 'name'",
    }
    answer = storage_http.post("/bucket", content=b"{not json")
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidRequest")


def test_visitors_see_and_make_no_buckets(visitor: Client, bucket: Bucket) -> None:
    assert bucket.id not in [found.id for found in visitor.storage.list_buckets()]
    with pytest.raises(StorageApiError) as caught:
        visitor.storage.get_bucket(bucket.id)
    assert error(caught)[0] == "404"
    with pytest.raises(StorageApiError) as caught:
        visitor.storage.create_bucket(str(uuid.uuid4()))
    assert error(caught) == ("403", "Unauthorized", "new row violates row-level security policy")
    with pytest.raises(StorageApiError) as caught:
        visitor.storage.delete_bucket(bucket.id)
    assert error(caught)[0] == "404"
