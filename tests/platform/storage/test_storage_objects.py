"""Files through supabase-py, every method, with the answers of the hosted service."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from storage3.exceptions import StorageApiError
from storage3.types import FileOptions, ListBucketFilesOptions, UploadSignedUrlFileOptions
from supabase import Client

from tests.conftest import RunningStack
from tests.platform.storage.buckets import Bucket, MakeBucket


def error(caught: pytest.ExceptionInfo[StorageApiError]) -> tuple[int | str, str, str]:
    return caught.value.status, caught.value.code, caught.value.message


def test_upload_takes_bytes_a_path_and_open_files(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"from a path")
    answer = bucket.files.upload("a/bytes.txt", b"from bytes")
    assert answer.path == "a/bytes.txt"
    assert answer.full_path == f"{bucket.id}/a/bytes.txt"
    bucket.files.upload("a/path.txt", path)
    bucket.files.upload("a/str.txt", str(path))
    with path.open("rb") as buffered, io.FileIO(path) as raw:
        bucket.files.upload("a/buffered.txt", buffered)
        bucket.files.upload("a/raw.txt", raw)
    assert bucket.files.download("a/bytes.txt") == b"from bytes"
    for name in ("path", "str", "buffered", "raw"):
        assert bucket.files.download(f"a/{name}.txt") == b"from a path"


def test_an_empty_file_is_a_file(bucket: Bucket) -> None:
    bucket.files.upload("empty", b"")
    assert bucket.files.download("empty") == b""
    assert bucket.files.info("empty")["size"] == 0


def test_a_second_upload_is_refused_unless_it_is_an_upsert(bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"one")
    with pytest.raises(StorageApiError) as caught:
        bucket.files.upload("a.txt", b"two")
    assert error(caught) == ("409", "Duplicate", "The resource already exists")
    assert bucket.files.download("a.txt") == b"one"
    before = bucket.files.info("a.txt")
    bucket.files.upload("a.txt", b"three", {"upsert": "true"})
    after = bucket.files.info("a.txt")
    assert bucket.files.download("a.txt") == b"three"
    assert (before["id"], before["created_at"]) == (after["id"], after["created_at"])
    assert before["version"] != after["version"]
    assert before["etag"] != after["etag"]


def test_update_replaces_and_creates(bucket: Bucket) -> None:
    assert bucket.files.update("new.txt", b"made").full_path == f"{bucket.id}/new.txt"
    bucket.files.update("new.txt", b"changed")
    assert bucket.files.download("new.txt") == b"changed"


def test_info_tells_what_was_sent(bucket: Bucket) -> None:
    options: FileOptions = {
        "content-type": "text/csv",
        "cache-control": "60",
        "metadata": {"source": "import", "rows": 3},
    }
    bucket.files.upload("data/rows.csv", b"a,b\n1,2\n", options)
    info = bucket.files.info("data/rows.csv")
    assert info["name"] == "data/rows.csv"
    assert info["bucket_id"] == bucket.id
    assert info["size"] == 8
    assert info["content_type"] == "text/csv"
    assert info["cache_control"] == "max-age=60"
    assert info["metadata"] == {"source": "import", "rows": 3}
    assert info["etag"].startswith('"')
    assert {"id", "version", "last_modified", "created_at"} <= info.keys()


def test_exists_tells_a_missing_file_from_a_missing_bucket(admin: Client, bucket: Bucket) -> None:
    bucket.files.upload("here.txt", b"x")
    assert bucket.files.exists("here.txt") is True
    assert bucket.files.exists("there.txt") is False
    with pytest.raises(StorageApiError) as caught:
        admin.storage.from_("no-such-bucket").exists("here.txt")
    assert error(caught) == ("404", "Bucket not found", "Bucket not found")


def test_a_missing_file_is_not_found(bucket: Bucket) -> None:
    for call in (bucket.files.download, bucket.files.info):
        with pytest.raises(StorageApiError) as caught:
            call("nothing.txt")
        assert error(caught) == ("404", "not_found", "Object not found")


@pytest.fixture
def tree(bucket: Bucket) -> Bucket:
    for path in (
        "b.txt",
        "Docs/x/deep.txt",
        "Docs/two.txt",
        "Docs/one.txt",
        "a.txt",
        "Docs/a b.txt",
    ):
        bucket.files.upload(path, path.encode())
    return bucket


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for entry in entries]


def test_list_goes_folder_by_folder(tree: Bucket) -> None:
    root = tree.files.list()
    assert names(root) == ["a.txt", "b.txt", "Docs"]
    folder, file = root[2], root[0]
    assert {key for key, value in folder.items() if value is not None} == {"name"}
    assert file["id"]
    assert file["metadata"]["size"] == 5
    assert file["metadata"]["mimetype"] == "text/plain"
    assert {"eTag", "cacheControl", "lastModified", "contentLength"} <= file["metadata"].keys()
    assert names(tree.files.list("Docs")) == ["a b.txt", "one.txt", "two.txt", "x"]
    assert names(tree.files.list("Docs/")) == ["a b.txt", "one.txt", "two.txt", "x"]
    assert names(tree.files.list("docs/X")) == ["deep.txt"]
    assert tree.files.list("nowhere") == []


def test_list_pages_searches_and_sorts(tree: Bucket) -> None:
    assert names(tree.files.list("Docs", {"limit": 2})) == ["a b.txt", "one.txt"]
    assert names(tree.files.list("Docs", {"limit": 2, "offset": 2})) == ["two.txt", "x"]
    assert names(tree.files.list("Docs", {"search": "T"})) == ["two.txt"]
    assert names(tree.files.list("Docs", {"search": "%"})) == []
    by_name: ListBucketFilesOptions = {"sortBy": {"column": "name", "order": "desc"}}
    assert names(tree.files.list("Docs", by_name)) == ["x", "two.txt", "one.txt", "a b.txt"]
    by_time: ListBucketFilesOptions = {"sortBy": {"column": "created_at", "order": "asc"}}
    assert names(tree.files.list("Docs", by_time)) == ["x", "two.txt", "one.txt", "a b.txt"]
    by_time = {"sortBy": {"column": "created_at", "order": "desc"}}
    assert names(tree.files.list("Docs", by_time)) == ["x", "a b.txt", "one.txt", "two.txt"]


def test_list_refuses_what_makes_no_sense(tree: Bucket) -> None:
    with pytest.raises(StorageApiError) as caught:
        tree.files.list("", {"limit": 0})
    assert error(caught) == ("400", "Error", "body/limit must be >= 1")
    with pytest.raises(StorageApiError) as caught:
        tree.files.list("", {"sortBy": {"column": "size"}})
    assert error(caught)[2] == "body/sortBy/column must be equal to one of the allowed values"


def walk(files: Any, **options: Any) -> tuple[list[str], list[str]]:
    """Objects and folders of all pages of two entries."""
    objects: list[str] = []
    folders: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = files.list_v2({"limit": 2, **options, **cursor})
        assert len(page.objects) + len(page.folders) <= 2
        objects += [entry.name for entry in page.objects]
        folders += [entry.name for entry in page.folders]
        if not page.hasNext:
            assert page.nextCursor is None
            return objects, folders
        cursor = {"cursor": page.nextCursor}


def test_list_v2_pages_by_cursor(tree: Bucket) -> None:
    everything = [
        "Docs/a b.txt",
        "Docs/one.txt",
        "Docs/two.txt",
        "Docs/x/deep.txt",
        "a.txt",
        "b.txt",
    ]
    made = ["b.txt", "Docs/x/deep.txt", "Docs/two.txt", "Docs/one.txt", "a.txt", "Docs/a b.txt"]
    assert walk(tree.files) == (everything, [])
    assert walk(tree.files, sortBy={"column": "name", "order": "desc"}) == (everything[::-1], [])
    assert walk(tree.files, sortBy={"column": "created_at"}) == (made, [])
    assert walk(tree.files, prefix="Docs/") == (everything[:4], [])
    assert walk(tree.files, with_delimiter=True) == (["a.txt", "b.txt"], ["Docs/"])
    assert walk(tree.files, with_delimiter=True, prefix="Docs/") == (everything[:3], ["Docs/x/"])
    assert walk(tree.files, with_delimiter=True, prefix="Do") == ([], ["Docs/"])
    with pytest.raises(StorageApiError) as caught:
        tree.files.list_v2({"cursor": "garbage"})
    assert error(caught)[0] == "400"


def test_remove_answers_what_is_gone(tree: Bucket) -> None:
    removed = tree.files.remove(["a.txt", "Docs/one.txt", "nothing.txt"])
    assert sorted(names(removed)) == ["Docs/one.txt", "a.txt"]
    assert {row["bucket_id"] for row in removed} == {tree.id}
    assert names(tree.files.list()) == ["b.txt", "Docs"]


def test_remove_needs_a_path(bucket: Bucket) -> None:
    with pytest.raises(StorageApiError) as caught:
        bucket.files.remove([])
    assert error(caught) == ("400", "Error", "body/prefixes must NOT have fewer than 1 items")


def test_copy_keeps_the_content_and_the_metadata(make_bucket: MakeBucket) -> None:
    bucket = make_bucket()
    options: FileOptions = {"content-type": "text/csv", "metadata": {"k": "v"}}
    bucket.files.upload("a.csv", b"content", options)
    answer = bucket.files.copy("a.csv", "copies/b.csv")
    info = bucket.files.info("copies/b.csv")
    assert answer["Key"] == f"{bucket.id}/copies/b.csv"
    assert answer["Id"] == answer["id"] == info["id"]
    assert (info["content_type"], info["metadata"]) == ("text/csv", {"k": "v"})
    bucket.files.remove(["a.csv"])
    assert bucket.files.download("copies/b.csv") == b"content"


def test_copy_and_move_go_to_other_buckets(
    storage_http: httpx.Client, make_bucket: MakeBucket
) -> None:
    one, two = make_bucket(), make_bucket()
    one.files.upload("a.txt", b"content", {"metadata": {"k": "v"}})
    body = {
        "bucketId": one.id,
        "sourceKey": "a.txt",
        "destinationBucket": two.id,
        "destinationKey": "a.txt",
    }
    plain = {**body, "copyMetadata": False, "metadata": {"mimetype": "image/gif"}}
    answer = storage_http.post("/object/copy", json=plain)
    assert answer.json()["Key"] == f"{two.id}/a.txt"
    assert two.files.info("a.txt")["content_type"] == "image/gif"
    assert two.files.info("a.txt")["metadata"] is None
    answer = storage_http.post("/object/move", json={**body, "destinationKey": "b.txt"})
    assert answer.json() == {"message": "Successfully moved"}
    assert two.files.download("b.txt") == b"content"
    assert one.files.list() == []
    answer = storage_http.post("/object/move", json={**body, "destinationBucket": "nowhere"})
    assert answer.json()["statusCode"] == "404"


def test_move_renames(bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"content")
    assert bucket.files.move("a.txt", "b/c.txt") == {"message": "Successfully moved"}
    assert bucket.files.download("b/c.txt") == b"content"
    assert bucket.files.exists("a.txt") is False


@pytest.mark.parametrize("method", ["copy", "move"])
def test_copy_and_move_do_not_overwrite(bucket: Bucket, method: str) -> None:
    bucket.files.upload("a.txt", b"a")
    bucket.files.upload("b.txt", b"b")
    call = getattr(bucket.files, method)
    with pytest.raises(StorageApiError) as caught:
        call("a.txt", "b.txt")
    assert error(caught) == ("409", "Duplicate", "The resource already exists")
    with pytest.raises(StorageApiError) as caught:
        call("nothing.txt", "c.txt")
    assert error(caught) == ("404", "not_found", "Object not found")
    with pytest.raises(StorageApiError) as caught:
        call("a.txt", "é.txt")
    assert error(caught)[1] == "InvalidKey"
    assert bucket.files.download("a.txt") == b"a"
    assert bucket.files.download("b.txt") == b"b"


def test_a_signed_url_opens_one_file_without_a_key(bucket: Bucket) -> None:
    bucket.files.upload("a b.txt", b"secret")
    url = bucket.signed_url("a b.txt")
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"secret")
    assert "expires" in answer.headers
    answer = httpx.get(url.replace("a%20b.txt", "other.txt"))
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidSignature")


def test_a_signed_url_names_the_download(bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"x")

    def disposition(download: str | bool) -> str:
        url = bucket.signed_url("a.txt", options={"download": download})
        return httpx.get(url).headers["content-disposition"]

    assert disposition(True) == "attachment;"
    expected = "attachment; filename=report%20%C3%A9.txt; filename*=UTF-8''report%20%C3%A9.txt;"
    assert disposition("report é.txt") == expected


def test_signed_urls_come_with_an_error_for_each_path(bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"a")
    good, bad = bucket.files.create_signed_urls(["a.txt", "nothing.txt"], 60)
    assert (good["error"], good["path"]) == (None, "a.txt")
    assert good["signedURL"]
    assert httpx.get(good["signedURL"]).content == b"a"
    assert bad["signedURL"] is None
    assert bad["error"] == "Either the object does not exist or you do not have access to it"


def test_a_missing_file_is_not_signed(bucket: Bucket) -> None:
    with pytest.raises(StorageApiError) as caught:
        bucket.files.create_signed_url("nothing.txt", 60)
    assert error(caught) == ("404", "not_found", "Object not found")
    with pytest.raises(StorageApiError) as caught:
        bucket.files.create_signed_url("nothing.txt", 0)
    assert error(caught) == ("400", "Error", "body/expiresIn must be >= 1")


def test_a_signed_upload_url_is_good_for_one_upload(visitor: Client, bucket: Bucket) -> None:
    signed = bucket.files.create_signed_upload_url("in/box.txt")
    assert signed["path"] == "in/box.txt"
    assert signed["signed_url"].endswith(f"?token={signed['token']}")
    stranger = visitor.storage.from_(bucket.id)
    options: UploadSignedUrlFileOptions = {
        "content-type": "text/csv",
        "metadata": {"by": "token"},
    }
    answer = stranger.upload_to_signed_url("in/box.txt", signed["token"], b"sent", options)
    assert answer.full_path == f"{bucket.id}/in/box.txt"
    info = bucket.files.info("in/box.txt")
    assert (info["content_type"], info["metadata"]) == ("text/csv", {"by": "token"})
    assert bucket.files.download("in/box.txt") == b"sent"
    with pytest.raises(StorageApiError) as caught:
        stranger.upload_to_signed_url("in/box.txt", signed["token"], b"again")
    assert error(caught)[0] == "409"
    with pytest.raises(StorageApiError) as caught:
        stranger.upload_to_signed_url("in/other.txt", signed["token"], b"elsewhere")
    assert error(caught)[1] == "InvalidSignature"
    with pytest.raises(StorageApiError) as caught:
        bucket.files.create_signed_upload_url("in/box.txt")
    assert error(caught)[0] == "409"


def test_a_token_for_reading_cannot_write_nor_the_other_way_round(
    visitor: Client, stack: RunningStack, bucket: Bucket
) -> None:
    bucket.files.upload("a.txt", b"x")
    url = bucket.signed_url("a.txt")
    with pytest.raises(StorageApiError) as caught:
        visitor.storage.from_(bucket.id).upload_to_signed_url("a.txt", url.split("token=")[1], b"y")
    assert error(caught)[1] == "InvalidSignature"
    token = bucket.files.create_signed_upload_url("b.txt")["token"]
    bucket.files.upload("b.txt", b"x")
    answer = httpx.get(f"{stack.url}/storage/v1/object/sign/{bucket.id}/b.txt?token={token}")
    assert answer.json()["error"] == "InvalidSignature"


def test_a_public_url_works_in_a_public_bucket_only(bucket: Bucket, public_bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"private")
    public_bucket.files.upload("a.txt", b"public")
    assert httpx.get(public_bucket.files.get_public_url("a.txt")).content == b"public"
    url = public_bucket.files.get_public_url("a.txt", {"download": "b.txt"})
    assert "filename=b.txt" in httpx.get(url).headers["content-disposition"]
    answer = httpx.get(bucket.files.get_public_url("a.txt"))
    assert (answer.status_code, answer.json()["statusCode"]) == (400, "404")
    assert answer.json()["error"] == "Bucket not found"


def test_images_are_not_transformed(public_bucket: Bucket) -> None:
    public_bucket.files.upload("a.png", b"x", {"content-type": "image/png"})
    with pytest.raises(StorageApiError) as caught:
        public_bucket.files.download("a.png", {"transform": {"width": 10}})
    assert error(caught) == ("403", "FeatureNotEnabled", "feature not enabled for this tenant")
