"""Files as the tests need them: begun, uploaded, and as the worker leaves them."""

import hashlib
from typing import Any

import httpx

from tests.people import Caller, Firm, Person, created

File = dict[str, Any]

CONTENT = b"Minutes of the meeting"
TEXT = "text/plain"
SHA256 = hashlib.sha256(CONTENT).hexdigest()

LOCK_FILE = "select from public.files where id = %s for update"


def begin(person: Person, firm: Firm, **values: Any) -> httpx.Response:
    intent = {"name": "minutes.txt", "size_bytes": len(CONTENT), "mime": TEXT} | values
    return person.rpc("begin_upload", firm_id=firm.id, **intent)


def upload(person: Person, firm: Firm, **values: Any) -> File:
    """A file whose bytes have arrived, not finished yet."""
    file: File = created(begin(person, firm, **values))
    created(person.upload(file["path"], CONTENT, TEXT))
    return file


def processing(person: Person, firm: Firm, **values: Any) -> File:
    """A file the worker has not looked at yet."""
    file = upload(person, firm, **values)
    created(person.rpc("finish_upload", file_id=file["id"]))
    return file


def settle(firm: Firm, file: File, status: str, reason: str | None = None, **result: Any) -> None:
    """What the worker says at the end."""
    said = {"file_id": file["id"], "status": status, "reason": reason, "detail": reason}
    created(service(firm, "finish_file", **said, result=result))


def settled(
    person: Person, firm: Firm, status: str = "ready", reason: str | None = None, **values: Any
) -> File:
    """A file the worker is done with."""
    file = processing(person, firm, **values)
    settle(firm, file, status, reason, sha256=SHA256)
    return file


def service(firm: Firm, function: str, **arguments: Any) -> httpx.Response:
    """A function called with the secret key."""
    return firm.api.as_service("POST", f"/rest/v1/rpc/{function}", json=arguments)


def row(person: Person, file: File) -> File:
    (found,) = created(person.get("files", id=f"eq.{file['id']}"))
    return dict(found)


def read(caller: Caller, path: str) -> httpx.Response:
    return caller.send("GET", f"/storage/v1/object/authenticated/firm-files/{path}")


def download(caller: Caller, path: str) -> httpx.Response:
    """Opened, then read."""
    caller.rpc("open_file", file_id=path.split("/")[1])
    return read(caller, path)


def sign(caller: Caller, path: str) -> httpx.Response:
    where = f"/storage/v1/object/sign/firm-files/{path}"
    return caller.send("POST", where, json={"expiresIn": 60})


def listing(caller: Caller, prefix: str) -> list[str]:
    answer = caller.send(
        "POST", "/storage/v1/object/list/firm-files", json={"prefix": prefix, "limit": 100}
    )
    return [entry["name"] for entry in created(answer)]


def put_picture(firm: Firm, file: File, name: str) -> str:
    """A thumbnail or a preview, as the worker stores it; returns its path."""
    path = f"{file['firm_id']}/{file['id']}/{name}"
    created(
        firm.api.as_service(
            "POST",
            f"/storage/v1/object/firm-files/{path}",
            content=b"RIFF",
            headers={"Content-Type": "image/webp"},
        )
    )
    return path


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text
