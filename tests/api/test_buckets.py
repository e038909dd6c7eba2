"""Every caller, on the objects of every bucket, against the table of rights."""

import json
import uuid
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from tests.api.matrix import BUCKETS, CALLERS, NOBODY, OBJECT_OPERATIONS
from tests.api.world import Row, World
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

PNG = b"\x89PNG\r\n\x1a\n"
MIMES = {
    "avatars": "image/png",
    "exports": "application/zip",
    "firm-files": "application/pdf",
    "imports": "text/csv",
    "reports": "text/csv",
}


@pytest.fixture(scope="module")
def world(stack: RunningStack, api: Api, visitor: Caller) -> Iterator[World]:
    with psycopg.connect(stack.superuser_url, autocommit=True) as db:
        yield World(api, db, Firm(api), visitor, Person(api, "outsider"))


def ready_file(world: World) -> str:
    file = world.upload(world.firm.owner)
    world.db.execute("update files set status = 'ready' where id = %s", [file["id"]])
    return str(file["path"])


def ready_report(world: World) -> str:
    report: Row = world.written("reports", world.firm.owner.id)
    path = f"{world.firm.id}/{report['id']}.csv"
    world.db.execute(
        "update reports set status = 'ready', path = %s where id = %s", [path, report["id"]]
    )
    return path


def ready_export(world: World) -> str:
    row = world.row("firm_exports")
    path = f"{world.firm.id}/{row['id']}/part-001.zip"
    parts = json.dumps([{"path": path, "size_bytes": len(PNG), "sha256": "0" * 64}])
    world.db.execute(
        "update firm_exports set status = 'ready', part_count = 1, parts = %s,"
        " expires_at = now() + interval '1 day' where id = %s",
        [parts, row["id"]],
    )
    return path


def refused_rows(world: World) -> str:
    row = world.row("imports")
    path = f"{world.firm.id}/{row['id']}/errors-1.csv"
    world.db.execute("update imports set errors_path = %s where id = %s", [path, row["id"]])
    return path


# Where an object of the firm, or of its owner, lies for a new row.
PLACES: dict[str, Callable[[World], str]] = {
    "avatars": lambda w: f"{w.firm.owner.id}/avatar.png",
    "exports": ready_export,
    "firm-files": ready_file,
    "imports": refused_rows,
    "reports": ready_report,
}


def put(world: World, bucket: str, path: str) -> None:
    headers = {"Content-Type": MIMES[bucket], "x-upsert": "true"}
    created(
        world.api.as_service(
            "POST", f"/storage/v1/object/{bucket}/{path}", content=PNG, headers=headers
        )
    )


def attempt(world: World, caller: Caller, bucket: str, operation: str) -> httpx.Response:
    verb, _, own = operation.partition(" ")
    if own:
        path = f"{caller.id if isinstance(caller, Person) else uuid.uuid4()}/avatar.png"
    else:
        path = PLACES[bucket](world)
        put(world, bucket, path)
        if verb == "upload":
            path = f"{path.rpartition('/')[0]}/{uuid.uuid4().hex}.png"
    if operation == "delete own":
        put(world, bucket, path)
    address = f"/storage/v1/object/{bucket}/{path}"
    if bucket == "firm-files" and verb == "read":
        caller.rpc("open_file", file_id=path.split("/")[1])
    if verb == "read":
        return caller.send("GET", address)
    if verb == "delete":
        return caller.send("DELETE", address)
    upsert = {"x-upsert": "true"} if own else {}
    return caller.send(
        "PUT" if verb == "overwrite" else "POST",
        address,
        content=PNG,
        headers={"Content-Type": MIMES[bucket]} | upsert,
    )


CASES = [
    (bucket, operation, caller)
    for bucket, rights in BUCKETS.items()
    for operation in OBJECT_OPERATIONS
    if operation in rights or not operation.endswith("own")
    for caller in CALLERS
]


@pytest.mark.parametrize(("bucket", "operation", "caller"), CASES)
def test_bucket(world: World, bucket: str, operation: str, caller: str) -> None:
    answer = attempt(world, world.caller(caller), bucket, operation)
    person = world.caller(caller)
    # The owner's picture is the owner's own.
    own = bucket == "avatars" and person is world.firm.owner and operation != "upload"
    if own or caller in BUCKETS[bucket].get(operation, NOBODY):
        assert answer.is_success, answer.text
    else:
        assert answer.status_code in (400, 403), answer.text


@pytest.mark.parametrize(
    "name", ["avatar.svg", "avatar.png/x.png", "other.png", "../avatar.png", "Avatar.png"]
)
def test_a_person_has_a_few_places_for_pictures(firm: Firm, name: str) -> None:
    headers = {"Content-Type": "image/png"}
    answer = firm.member.send(
        "POST",
        f"/storage/v1/object/avatars/{firm.member.id}/{name}",
        content=PNG,
        headers=headers,
    )
    assert answer.status_code in (400, 403), answer.text


def test_a_profile_shows_the_own_picture_alone(firm: Firm) -> None:
    person = firm.member
    own = {"avatar_path": f"{person.id}/avatar.webp"}
    (profile,) = created(person.update("profiles", own, id=f"eq.{person.id}"))
    assert profile["avatar_path"] == own["avatar_path"]
    for path in (f"{firm.owner.id}/avatar.webp", f"{person.id}/../x/avatar.png", "avatar.png"):
        answer = person.update("profiles", {"avatar_path": path}, id=f"eq.{person.id}")
        assert (answer.status_code, answer.json()["code"]) == (400, "23514")
