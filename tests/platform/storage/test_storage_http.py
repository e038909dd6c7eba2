"""The Storage API over bare HTTP: statuses, headers, ranges, caching, limits and bad input."""

import base64
import json
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import RunningStack
from tests.platform.storage.buckets import Bucket, MakeBucket

CONTENT = b"0123456789"


@pytest.fixture
def path(storage_http: httpx.Client, bucket: Bucket) -> str:
    """A text of ten bytes."""
    path = f"/object/{bucket.id}/ten.txt"
    headers = {"content-type": "text/plain", "cache-control": "max-age=60"}
    assert storage_http.post(path, content=CONTENT, headers=headers).status_code == 200
    return path


def test_an_upload_answers_id_and_key(storage_http: httpx.Client, bucket: Bucket) -> None:
    answer = storage_http.post(f"/object/{bucket.id}/a/b.bin", content=b"x")
    assert answer.status_code == 200
    assert answer.json() == {
        "Id": bucket.files.info("a/b.bin")["id"],
        "Key": f"{bucket.id}/a/b.bin",
    }
    assert bucket.files.info("a/b.bin")["content_type"] == "application/octet-stream"


def test_metadata_of_a_bare_upload_travels_in_a_header(
    storage_http: httpx.Client, bucket: Bucket
) -> None:
    encoded = base64.b64encode(json.dumps({"k": ["é", 1]}).encode()).decode()
    path = f"/object/{bucket.id}/a.txt"
    storage_http.post(path, content=b"x", headers={"x-metadata": encoded})
    assert bucket.files.info("a.txt")["metadata"] == {"k": ["é", 1]}
    garbage = {"x-metadata": "!!", "x-upsert": "true"}
    assert storage_http.post(path, content=b"x", headers=garbage).status_code == 200
    assert bucket.files.info("a.txt")["metadata"] is None


def test_a_download_describes_the_file(
    storage_http: httpx.Client, path: str, bucket: Bucket
) -> None:
    answer = storage_http.get(path)
    assert answer.content == CONTENT
    info = bucket.files.info("ten.txt")
    expected = {
        "content-type": "text/plain",
        "content-length": "10",
        "cache-control": "max-age=60",
        "accept-ranges": "bytes",
        "etag": info["etag"],
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert answer.headers["last-modified"].endswith("GMT")
    assert "content-disposition" not in answer.headers


def test_head_is_a_download_without_the_content(storage_http: httpx.Client, path: str) -> None:
    head, get = storage_http.head(path), storage_http.get(path)
    assert head.status_code == 200
    assert head.content == b""
    names = ("content-type", "content-length", "etag", "cache-control", "last-modified")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]
    assert storage_http.head(path + "x").status_code == 400


@pytest.mark.parametrize(
    ("asked", "content", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
        ("bytes=-99", CONTENT, "bytes 0-9/10"),
    ],
)
def test_a_range_is_served(
    storage_http: httpx.Client, path: str, asked: str, content: bytes, content_range: str
) -> None:
    answer = storage_http.get(path, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(
    storage_http: httpx.Client, path: str, asked: str
) -> None:
    answer = storage_http.get(path, headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10"
    assert answer.json()["code"] == "InvalidRange"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-"])
def test_a_range_of_another_form_means_the_whole_file(
    storage_http: httpx.Client, path: str, asked: str
) -> None:
    answer = storage_http.get(path, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_range_of_an_older_version_means_the_whole_file(
    storage_http: httpx.Client, path: str
) -> None:
    etag = storage_http.head(path).headers["etag"]
    answer = storage_http.get(path, headers={"range": "bytes=0-3", "if-range": etag})
    assert answer.status_code == 206
    answer = storage_http.get(path, headers={"range": "bytes=0-3", "if-range": '"old"'})
    assert answer.status_code == 200


def test_what_the_client_has_is_not_sent_again(storage_http: httpx.Client, path: str) -> None:
    first = storage_http.get(path)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"if-none-match": etag},
        {"if-none-match": f'"other", W/{etag}'},
        {"if-modified-since": modified},
    ):
        answer = storage_http.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    for headers in (
        {"if-none-match": '"other"', "if-modified-since": modified},
        {"if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT"},
    ):
        assert storage_http.get(path, headers=headers).status_code == 200


def test_a_download_can_ask_for_a_name(storage_http: httpx.Client, path: str) -> None:
    answer = storage_http.get(path, params={"download": ""})
    assert answer.headers["content-disposition"] == "attachment;"
    answer = storage_http.get(path, params={"download": 'a"\r\nb.txt'})
    name = "a%22%0D%0Ab.txt"
    expected = f"attachment; filename={name}; filename*=UTF-8''{name};"
    assert answer.headers["content-disposition"] == expected


def test_an_uploaded_page_is_served_as_text(storage_http: httpx.Client, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/page.html"
    storage_http.post(path, content=b"<script>", headers={"content-type": "text/html"})
    assert storage_http.get(path).headers["content-type"] == "text/plain"
    assert bucket.files.info("page.html")["content_type"] == "text/html"


def test_every_way_of_reading_is_there(
    storage_http: httpx.Client, path: str, public_bucket: Bucket
) -> None:
    private = path.removeprefix("/object")
    assert storage_http.get(f"/object/authenticated{private}").content == CONTENT
    assert storage_http.head(f"/object/authenticated{private}").status_code == 200
    for way in ("info", "info/authenticated"):
        assert storage_http.get(f"/object/{way}{private}").json()["size"] == 10
    assert storage_http.get(f"/object/info/public{private}").json()["statusCode"] == "404"
    public_bucket.files.upload("a.txt", b"x")
    public = f"/{public_bucket.id}/a.txt"
    assert storage_http.get(f"/object/info/public{public}").json()["size"] == 1
    assert storage_http.head(f"/object/public{public}").headers["content-length"] == "1"


def test_one_object_is_deleted_by_its_path(storage_http: httpx.Client, path: str) -> None:
    assert storage_http.delete(path).json() == {"message": "Successfully deleted"}
    answer = storage_http.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "NoSuchKey")


@pytest.mark.parametrize(
    "key",
    [
        "caf%C3%A9.txt",
        "a%23b.txt",
        "100%25.txt",
        "a%00b.txt",
        "a%0Ab.txt",
        "a%5Cb.txt",
        "a%7Eb.txt",
        "%E9.txt",
        "..%2F..%2Fetc%2Fpasswd",
        "a%2F..%2Fb.txt",
        ".%2Fa.txt",
    ],
)
def test_a_bad_key_is_refused(storage_http: httpx.Client, bucket: Bucket, key: str) -> None:
    path = f"/object/{bucket.id}/{key}"
    for method in ("POST", "PUT"):
        answer = storage_http.request(method, path, content=b"x")
        assert answer.status_code == 400
        assert (answer.json()["statusCode"], answer.json()["error"]) == ("400", "InvalidKey")
        assert answer.json()["message"].startswith("Invalid key: ")
    signed = storage_http.post(f"/object/upload/sign/{bucket.id}/{key}")
    assert signed.json()["error"] == "InvalidKey"
    assert bucket.files.list() == []


def test_punctuation_that_s3_takes_is_kept(storage_http: httpx.Client, bucket: Bucket) -> None:
    key = "a b/!-.*'()&$@=;:+,_?.txt"
    path = f"/object/{bucket.id}/{quote(key)}"
    assert storage_http.post(path, content=b"x").json()["Key"] == f"{bucket.id}/{key}"
    assert storage_http.get(path).content == b"x"
    assert bucket.files.remove([key])[0]["name"] == key


def test_null_bytes_in_a_body_are_refused(storage_http: httpx.Client, bucket: Bucket) -> None:
    body = {"prefixes": ["a\0b"]}
    answer = storage_http.request("DELETE", f"/object/{bucket.id}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")
    answer = storage_http.post(f"/object/list/{bucket.id}", json={"prefix": "a\0b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


def test_a_file_larger_than_the_bucket_allows_is_refused(
    storage_http: httpx.Client, make_bucket: MakeBucket
) -> None:
    bucket = make_bucket(file_size_limit=1000)
    path = f"/object/{bucket.id}/a.txt"
    assert storage_http.post(path, content=b"x" * 1000).status_code == 200
    forms: tuple[dict[str, Any], ...] = (
        {"content": b"x" * 1001},
        {"content": iter([b"x" * 1001])},
        {"files": {"file": ("a.txt", b"x" * 1001)}},
    )
    for form in forms:
        answer = storage_http.put(path, **form)
        assert answer.status_code == 400
        assert answer.json() == {
            "statusCode": "413",
            "error": "Payload too large",
            "code": "EntityTooLarge",
            "message": "The object exceeded the maximum allowed size",
        }
    assert len(bucket.files.download("a.txt")) == 1000


def test_a_file_larger_than_the_project_allows_is_refused(
    storage_http: httpx.Client, bucket: Bucket
) -> None:
    path = f"/object/{bucket.id}/big.bin"
    size = 50 * 1024 * 1024
    assert storage_http.post(path, content=bytes(size + 1)).json()["statusCode"] == "413"
    assert bucket.files.list() == []
    assert storage_http.post(path, content=bytes(size)).status_code == 200
    assert bucket.files.info("big.bin")["size"] == size


def test_a_bucket_takes_the_types_it_allows(
    storage_http: httpx.Client, make_bucket: MakeBucket
) -> None:
    bucket = make_bucket(allowed_mime_types=["image/*", "application/pdf"])

    def upload(name: str, mimetype: str) -> httpx.Response:
        headers = {"content-type": mimetype}
        return storage_http.post(f"/object/{bucket.id}/{name}", content=b"x", headers=headers)

    assert upload("a.png", "image/png").status_code == 200
    assert upload("a.pdf", "application/pdf").status_code == 200
    for mimetype in ("text/plain", "application/pdfx", "image", "imagex/png"):
        answer = upload("b", mimetype)
        assert answer.status_code == 400
        assert answer.json()["statusCode"] == "415"
        assert answer.json()["error"] == "invalid_mime_type"
        assert answer.json()["message"] == f"mime type {mimetype} is not supported"


def test_a_folder_placeholder_is_of_any_type_and_empty(
    storage_http: httpx.Client, make_bucket: MakeBucket
) -> None:
    bucket = make_bucket(allowed_mime_types=["image/*"])
    path = f"/object/{bucket.id}/folder/.emptyFolderPlaceholder"
    headers = {"content-type": "text/plain"}
    answer = storage_http.post(path, content=b"x", headers=headers)
    assert answer.json()["statusCode"] == "413"
    assert storage_http.post(path, content=b"", headers=headers).status_code == 200


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "\u65e5"])
def test_what_cannot_be_a_header_is_refused(
    storage_http: httpx.Client, bucket: Bucket, value: str
) -> None:
    path = f"/object/{bucket.id}/a.txt"
    for field in ("contentType", "cacheControl"):
        answer = storage_http.post(path, data={field: value}, files={"file": ("a.txt", b"x")})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_header_char")
    bucket.files.upload("a.txt", b"x")
    body = {"bucketId": bucket.id, "sourceKey": "a.txt", "destinationKey": "b.txt"}
    answer = storage_http.post("/object/copy", json={**body, "metadata": {"mimetype": value}})
    assert answer.json()["error"] == "invalid_header_char"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--x--\r\n",
        b"--x\r\ncontent-disposition: form-data; name=cacheControl\r\n\r\n1\r\n--x--\r\n",
    ],
)
def test_a_form_without_a_file_is_refused(
    storage_http: httpx.Client, bucket: Bucket, content: bytes
) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = storage_http.post(f"/object/{bucket.id}/a", content=content, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (400, "No content provided")
    headers = {"content-type": "multipart/form-data"}
    answer = storage_http.post(f"/object/{bucket.id}/a", content=content, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (400, "No content provided")
    assert bucket.files.list() == []


def test_a_form_that_breaks_off_leaves_nothing(storage_http: httpx.Client, bucket: Bucket) -> None:
    content = b'--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\nhalf'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = storage_http.post(f"/object/{bucket.id}/a", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidRequest")
    assert bucket.files.list() == []


def test_an_unknown_bucket_is_not_found(storage_http: httpx.Client) -> None:
    for method in ("GET", "HEAD", "POST", "PUT"):
        answer = storage_http.request(method, "/object/no-such-bucket/a.txt")
        assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": "404",
        "error": "Bucket not found",
        "code": "NoSuchBucket",
        "message": "Bucket not found",
    }
    assert storage_http.post("/object/list/no-such-bucket", json={"prefix": ""}).json() == []
    body = {"prefixes": ["a"]}
    assert storage_http.request("DELETE", "/object/no-such-bucket", json=body).json() == []


def test_without_a_key_only_what_is_open_answers(stack: RunningStack, bucket: Bucket) -> None:
    base = f"{stack.url}/storage/v1"
    assert httpx.get(f"{base}/bucket").status_code == 401
    assert httpx.get(f"{base}/object/{bucket.id}/a.txt").status_code == 401
    answer = httpx.get(f"{base}/bucket", headers={"apikey": "wrong"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid API key")
    for way in ("public", "info/public"):
        answer = httpx.get(f"{base}/object/{way}/{bucket.id}/a.txt")
        assert answer.json()["error"] == "Bucket not found"


@pytest.mark.parametrize("token", ["garbage", "a.b.c"])
def test_a_bad_user_token_is_refused(stack: RunningStack, bucket: Bucket, token: str) -> None:
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
    url = f"{stack.url}/storage/v1/object/{bucket.id}/a.txt"
    answer = httpx.post(url, content=b"x", headers=headers)
    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": "403",
        "error": "Unauthorized",
        "code": "AccessDenied",
        "message": "Invalid Compact JWS",
    }


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_a_signed_url_with_a_bad_token_is_refused(
    stack: RunningStack, bucket: Bucket, token: str
) -> None:
    for method, url in (("GET", "object/sign"), ("PUT", "object/upload/sign")):
        path = f"{stack.url}/storage/v1/{url}/{bucket.id}/a.txt?token={token}"
        answer = httpx.request(method, path)
        assert answer.status_code == 400
        assert (answer.json()["statusCode"], answer.json()["error"]) == ("400", "InvalidJWT")


def test_a_signed_url_without_a_token_says_what_is_missing(
    stack: RunningStack, bucket: Bucket
) -> None:
    answer = httpx.get(f"{stack.url}/storage/v1/object/sign/{bucket.id}/a.txt")
    assert answer.json()["message"] == "querystring must have required property 'token'"


def test_a_signed_url_expires(bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"x")
    url = bucket.signed_url("a.txt", 1)
    deadline = time.monotonic() + 20
    while (answer := httpx.get(url)).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer.status_code == 400
    assert answer.json()["error"] == "InvalidJWT"
    assert answer.json()["message"] == '"exp" claim timestamp check failed'


def test_what_is_only_on_hosted_says_so(storage_http: httpx.Client, bucket: Bucket) -> None:
    headers = {"tus-resumable": "1.0.0", "upload-length": "10"}
    answer = storage_http.post("/upload/resumable", headers=headers)
    assert answer.status_code == 501
    assert answer.json() == {
        "statusCode": "501",
        "error": "NotSupported",
        "code": "NotSupported",
        "message": "The local Storage service does not offer resumable uploads (TUS).",
    }
    for path in ("/s3/bucket", "/vector/ListVectorBuckets", "/iceberg/bucket"):
        assert storage_http.post(path).status_code == 501
    answer = storage_http.get(f"/render/image/public/{bucket.id}/a.png", params={"width": "1"})
    assert (answer.status_code, answer.json()["error"]) == (403, "FeatureNotEnabled")


def test_an_unknown_route_is_named(storage_http: httpx.Client) -> None:
    answer = storage_http.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Route GET:/storage/v1/nowhere not found"
    assert storage_http.get("/status").status_code == 200
