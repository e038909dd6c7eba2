"""What survives: streams go to disk, and a sudden death leaves neither half files nor lost ones."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg import Connection

from tests.conftest import RunningStack
from tests.platform.storage.buckets import Bucket

ROOT = Path(__file__).parents[3]
NODE = ROOT / ".venv" / "bin" / "node"
MEGABYTE = 1024 * 1024


class Service:
    """A Storage service of the test's own, with its own folder, on the database of the stack."""

    def __init__(self, superuser_url: str, folder: Path) -> None:
        self.folder = folder
        self.env = {"DATABASE_URL": superuser_url, "STORAGE_DIR": str(folder), "PATH": ""}
        self.start()

    def start(self) -> None:
        script = ROOT / "tests" / "platform" / "js" / "storage_alone.mjs"
        self.process = subprocess.Popen([NODE, script], env=self.env, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/storage/v1", timeout=60)

    def kill(self) -> None:
        self.http.close()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def own(stack: RunningStack, tmp_path: Path) -> Iterator[Service]:
    service = Service(stack.superuser_url, tmp_path / "files")
    yield service
    service.kill()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def begin_upload(port: int, path: str, promised: int, sent: int) -> socket.socket:
    """An upload that stops in the middle, still open."""
    connection = socket.create_connection(("127.0.0.1", port))
    head = f"POST /storage/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {promised}\r\n\r\n"
    connection.sendall(head.encode() + bytes(sent))
    return connection


def test_an_upload_streams_to_disk(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/big.bin"
    own.http.get("/bucket")
    with begin_upload(own.port, path, 50 * MEGABYTE, 40 * MEGABYTE) as connection:
        until(lambda: sum(file.stat().st_size for file in own.files()) > 30 * MEGABYTE)
        assert own.http.get(path).json()["code"] == "NoSuchKey"
        connection.sendall(bytes(10 * MEGABYTE))
        assert b"200 OK" in connection.recv(1000)
    assert own.http.head(path).headers["content-length"] == str(50 * MEGABYTE)


def test_an_upload_that_breaks_off_leaves_nothing(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.get("/bucket")
    with begin_upload(own.port, path, 2 * MEGABYTE, MEGABYTE):
        until(lambda: len(own.files()) == 1)
    until(lambda: own.files() == [])
    assert own.http.get(path).json()["code"] == "NoSuchKey"


FORM = (
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n',
)


@pytest.mark.parametrize(("header", "start"), [(b"", b""), FORM])
def test_a_client_may_leave_while_its_rights_are_looked_at(
    own: Service, bucket: Bucket, db: Connection[Any], header: bytes, start: bytes
) -> None:
    path = f"/object/{bucket.id}/a.bin"

    def waiting() -> bool:
        return db.execute("select from pg_locks where not granted").rowcount > 0

    with db.transaction(force_rollback=True):
        row = (bucket.id, "a.bin")
        db.execute("insert into storage.objects (bucket_id, name) values (%s, %s)", row)
        with socket.create_connection(("127.0.0.1", own.port)) as connection:
            head = f"POST /storage/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n"
            connection.sendall(head.encode() + header + b"\r\n" + start + bytes(1000))
            until(waiting)
        # By the second answer the process has seen the connection close.
        assert [own.http.get("/status").status_code for _ in range(2)] == [200, 200]
    until(lambda: not waiting())
    assert own.http.get(path).json()["code"] == "NoSuchKey"
    until(lambda: own.files() == [])


def test_a_sudden_death_in_an_upload_leaves_the_old_version(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.post(path, content=b"old")
    replace = f"/object/{bucket.id}/a.bin"
    with socket.create_connection(("127.0.0.1", own.port)) as connection:
        head = f"PUT /storage/v1{replace} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
        connection.sendall(head.encode() + bytes(MEGABYTE))
        until(lambda: len(own.files()) == 2)
        own.kill()
    own.start()
    assert own.http.get(path).content == b"old"
    assert len(own.files()) == 1


def test_files_without_a_row_are_swept_and_others_stay(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.post(path, content=b"kept")
    own.kill()
    (kept,) = own.files()
    orphan = kept.with_name(str(uuid.uuid4()))
    orphan.write_bytes(b"committed never")
    own.start()
    assert own.http.get(path).content == b"kept"
    assert own.files() == [kept]


def test_replaced_and_removed_files_leave_the_disk(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.post(path, content=b"one")
    own.http.put(path, content=b"two")
    assert [file.read_bytes() for file in own.files()] == [b"two"]
    own.http.post(path, content=b"refused")
    assert len(own.files()) == 1
    own.http.delete(path)
    assert own.files() == []


def test_no_key_and_no_row_leads_out_of_the_folder(
    own: Service, bucket: Bucket, db: Any, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    db.execute(
        "insert into storage.objects (bucket_id, name, version) values (%s, 'a', '../../secret')",
        (bucket.id,),
    )
    assert own.http.get(f"/object/{bucket.id}/a").json()["code"] == "NoSuchKey"
    copy = {"bucketId": bucket.id, "sourceKey": "a", "destinationKey": "b"}
    assert own.http.post("/object/copy", json=copy).json()["code"] == "NoSuchKey"
    assert own.http.delete(f"/object/{bucket.id}/a").status_code == 200
    assert (tmp_path / "secret").exists()


def test_a_row_without_a_file_is_not_found(own: Service, bucket: Bucket) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.post(path, content=b"x")
    own.files()[0].unlink()
    assert own.http.get(path).json()["code"] == "NoSuchKey"


def test_readers_of_a_file_that_is_replaced_get_one_version_or_the_other(
    own: Service, bucket: Bucket
) -> None:
    path = f"/object/{bucket.id}/a.bin"
    own.http.post(path, content=b"0" * MEGABYTE)
    for round_ in range(1, 10):
        with own.http.stream("GET", path) as reader:
            own.http.put(path, content=str(round_).encode() * MEGABYTE)
            content = reader.read()
        assert len(content) == MEGABYTE
        assert len(set(content)) == 1


@pytest.mark.parametrize(("method", "winners"), [("POST", 1), ("PUT", 12)])
def test_uploads_to_one_name_at_once_leave_one_file(
    own: Service, bucket: Bucket, method: str, winners: int
) -> None:
    path = f"/object/{bucket.id}/a.bin"

    def upload(number: int) -> int:
        answer = own.http.request(method, path, content=str(number).encode() * MEGABYTE)
        return int(answer.json().get("statusCode", answer.status_code))

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(upload, range(12)))
    assert sorted(statuses) == [200] * winners + [409] * (12 - winners)
    (file,) = own.files()
    assert own.http.get(path).content == file.read_bytes()
