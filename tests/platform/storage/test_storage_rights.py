"""The policies on storage.buckets and storage.objects decide, and SQL gets no further than on
hosted."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from storage3.exceptions import StorageApiError
from supabase import Client

from tests.conftest import RunningStack
from tests.platform.storage.buckets import Bucket, MakePolicy

OWN_FOLDER = "(storage.foldername(name))[1] = (select auth.uid())::text"


def denied(caught: pytest.ExceptionInfo[StorageApiError]) -> bool:
    return (caught.value.status, caught.value.message) == (
        "403",
        "new row violates row-level security policy",
    )


def identity(client: Client) -> str:
    session = client.auth.get_session()
    assert session is not None
    return session.user.id


@pytest.fixture
def migration(stack: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the role that runs migrations."""
    with psycopg.connect(stack.db_url, autocommit=True) as connection:
        yield connection


def test_without_policies_nobody_gets_in(visitor: Client, user: Client, bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"x")
    for client in (visitor, user):
        files = client.storage.from_(bucket.id)
        with pytest.raises(StorageApiError) as caught:
            files.upload("b.txt", b"x")
        assert denied(caught)
        with pytest.raises(StorageApiError) as caught:
            files.upload("a.txt", b"x", {"upsert": "true"})
        assert denied(caught)
        with pytest.raises(StorageApiError) as caught:
            files.create_signed_upload_url("b.txt")
        assert denied(caught)
        for call in (files.download, files.info):
            with pytest.raises(StorageApiError) as caught:
                call("a.txt")
            assert caught.value.code == "not_found"
        with pytest.raises(StorageApiError) as caught:
            files.create_signed_url("a.txt", 60)
        assert caught.value.code == "not_found"
        with pytest.raises(StorageApiError) as caught:
            files.move("a.txt", "c.txt")
        assert caught.value.code == "not_found"
        with pytest.raises(StorageApiError) as caught:
            files.copy("a.txt", "c.txt")
        assert caught.value.code == "not_found"
        assert files.list() == []
        assert files.list_v2().objects == []
        assert files.remove(["a.txt"]) == []
        assert files.create_signed_urls(["a.txt"], 60)[0]["signedURL"] is None
    assert bucket.files.download("a.txt") == b"x"


def test_policies_open_one_folder(
    user: Client, other: Client, bucket: Bucket, policy: MakePolicy
) -> None:
    rule = f"bucket_id = '{bucket.id}' and {OWN_FOLDER}"
    policy(f"for select to authenticated using ({rule})")
    policy(f"for insert to authenticated with check ({rule})")
    policy(f"for update to authenticated using ({rule})")
    policy(f"for delete to authenticated using ({rule})")
    mine, theirs = identity(user), identity(other)
    files = user.storage.from_(bucket.id)

    files.upload(f"{mine}/a.txt", b"mine")
    with pytest.raises(StorageApiError) as caught:
        files.upload(f"{theirs}/a.txt", b"x")
    assert denied(caught)
    files.upload(f"{mine}/a.txt", b"again", {"upsert": "true"})
    files.update(f"{mine}/a.txt", b"changed")
    assert files.download(f"{mine}/a.txt") == b"changed"
    assert [entry["name"] for entry in files.list()] == [mine]
    files.copy(f"{mine}/a.txt", f"{mine}/b.txt")
    files.move(f"{mine}/b.txt", f"{mine}/c.txt")
    for call in (files.copy, files.move):
        with pytest.raises(StorageApiError) as caught:
            call(f"{mine}/a.txt", f"{theirs}/a.txt")
        assert denied(caught)

    stranger = other.storage.from_(bucket.id)
    with pytest.raises(StorageApiError) as caught:
        stranger.download(f"{mine}/a.txt")
    assert caught.value.code == "not_found"
    assert stranger.list() == []
    assert stranger.remove([f"{mine}/a.txt"]) == []
    removed = files.remove([f"{mine}/a.txt", f"{mine}/c.txt"])
    assert len(removed) == 2
    assert {row["owner_id"] for row in removed} == {mine}


def test_to_upload_needs_no_right_to_read(user: Client, bucket: Bucket, policy: MakePolicy) -> None:
    policy(f"for insert to authenticated with check (bucket_id = '{bucket.id}')")
    files = user.storage.from_(bucket.id)
    assert files.upload("dropped.txt", b"x").path == "dropped.txt"
    assert files.list() == []
    with pytest.raises(StorageApiError) as caught:
        files.upload("dropped.txt", b"x", {"upsert": "true"})
    assert denied(caught)


def test_to_read_gives_no_right_to_delete(user: Client, bucket: Bucket, policy: MakePolicy) -> None:
    policy(f"for select to authenticated using (bucket_id = '{bucket.id}')")
    policy(f"for select to authenticated using (id = '{bucket.id}')", "buckets")
    bucket.files.upload("a.txt", b"x")
    files = user.storage.from_(bucket.id)
    assert files.download("a.txt") == b"x"
    assert files.remove(["a.txt"]) == []
    with pytest.raises(StorageApiError) as caught:
        user.storage.empty_bucket(bucket.id)
    assert caught.value.status == "403"
    with pytest.raises(StorageApiError) as caught:
        user.storage.update_bucket(bucket.id, {"public": True})
    assert caught.value.status == "404"
    with pytest.raises(StorageApiError) as caught:
        files.move("a.txt", "b.txt")
    assert caught.value.code == "not_found"
    assert bucket.files.exists("a.txt")


def test_policies_see_which_operation_it_is(
    user: Client, bucket: Bucket, policy: MakePolicy
) -> None:
    one = "storage.allow_only_operation('object.get_authenticated')"
    policy(f"for select to authenticated using (bucket_id = '{bucket.id}' and {one})")
    bucket.files.upload("a.txt", b"x")
    files = user.storage.from_(bucket.id)
    assert files.download("a.txt") == b"x"
    assert files.list() == []
    with pytest.raises(StorageApiError):
        files.info("a.txt")


def test_a_signed_upload_belongs_to_the_one_who_asked(
    visitor: Client, user: Client, bucket: Bucket, policy: MakePolicy
) -> None:
    policy(f"for insert to authenticated with check (bucket_id = '{bucket.id}' and {OWN_FOLDER})")
    path = f"{identity(user)}/a.txt"
    token = user.storage.from_(bucket.id).create_signed_upload_url(path)["token"]
    visitor.storage.from_(bucket.id).upload_to_signed_url(path, token, b"x")
    assert bucket.files.remove([path])[0]["owner_id"] == identity(user)


def test_a_large_upload_that_is_denied_gets_its_answer(stack: RunningStack, bucket: Bucket) -> None:
    url = f"{stack.url}/storage/v1/object/{bucket.id}/big.bin"
    headers = {"apikey": stack.publishable_key}
    forms: tuple[dict[str, Any], ...] = (
        {"content": bytes(20_000_000)},
        {"files": {"file": ("big.bin", bytes(20_000_000))}},
    )
    with httpx.Client(headers=headers, timeout=60) as client:
        for form in forms:
            answer = client.post(url, **form)
            assert (answer.status_code, answer.json()["statusCode"]) == (400, "403")


def test_rows_are_not_deleted_by_sql(migration: psycopg.Connection[Any], bucket: Bucket) -> None:
    bucket.files.upload("a.txt", b"x")
    for statement in (
        "delete from storage.objects where false",
        "delete from storage.buckets where false",
        "delete from storage.objects where name = 'a.txt'",
    ):
        with pytest.raises(InsufficientPrivilege, match="Use the Storage API instead"):
            migration.execute(statement.encode())
    assert bucket.files.exists("a.txt")


@pytest.mark.parametrize(
    "statement",
    [
        "alter table storage.objects add column extra text",
        "alter table storage.objects disable row level security",
        "create table storage.mine (id int)",
        "create index on storage.objects (owner)",
        "create function storage.mine() returns int language sql return 1",
        "drop table storage.objects cascade",
        "drop function storage.search",
        "create or replace function storage.protect_delete() returns trigger "
        "language plpgsql as $$ begin return null; end $$",
    ],
)
def test_a_migration_changes_nothing_but_policies_and_triggers(
    migration: psycopg.Connection[Any], statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        migration.execute(statement.encode())


def test_a_migration_makes_buckets_policies_triggers_and_references(
    migration: psycopg.Connection[Any], bucket: Bucket
) -> None:
    with migration.transaction(force_rollback=True):
        for statement in (
            "insert into storage.buckets (id, name) values ('x', 'x') on conflict (id) do nothing",
            "create policy p on storage.objects for select to authenticated using (false)",
            "alter policy p on storage.objects using (true)",
            "drop policy p on storage.objects",
            "create policy p on storage.buckets for select to authenticated using (false)",
            "create function public.touched() returns trigger language plpgsql "
            "as $$ begin return new; end $$",
            "create trigger t after insert on storage.objects for each row "
            "execute function public.touched()",
            "create table public.note (object_id uuid references storage.objects (id))",
        ):
            migration.execute(statement.encode())


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("storage.foldername('a/b/c.txt')", ["a", "b"]),
        ("storage.foldername('c.txt')", []),
        ("storage.filename('a/b/c.tar.gz')", "c.tar.gz"),
        ("storage.extension('a/b/c.tar.gz')", "gz"),
        ("storage.extension('a.b/c')", "c"),
        ("storage.operation()", None),
        ("storage.allow_only_operation('object.list')", False),
        ("storage.allow_any_operation(array['object.list', ''])", False),
    ],
)
def test_the_helpers_of_policies(
    migration: psycopg.Connection[Any], call: str, expected: object
) -> None:
    row = migration.execute(f"select {call}".encode()).fetchone()
    assert row == (expected,)
