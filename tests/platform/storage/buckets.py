"""Buckets for the Storage tests, and the people and policies around them."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Unpack

import httpx
import psycopg
import pytest
from storage3._sync.file_api import SyncBucketProxy
from storage3.types import CreateOrUpdateBucketOptions, URLOptions
from supabase import Client

from tests.conftest import RunningStack
from tests.platform.clients import OpenClient

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Bucket:
    """A bucket of the test's own; `files` are those of the holder of the secret key."""

    id: str
    files: SyncBucketProxy

    def signed_url(self, path: str, seconds: int = 60, options: URLOptions | None = None) -> str:
        url = self.files.create_signed_url(path, seconds, options)["signedURL"]
        assert url
        return url


class MakeBucket(Protocol):
    def __call__(self, **options: Unpack[CreateOrUpdateBucketOptions]) -> Bucket: ...


class MakePolicy(Protocol):
    def __call__(self, rule: str, table: str = "objects") -> None:
        """Creates a policy as a migration does, as the role postgres, for the time of the test."""


@pytest.fixture
def make_bucket(admin: Client) -> Iterator[MakeBucket]:
    public: list[str] = []

    def make(**options: Unpack[CreateOrUpdateBucketOptions]) -> Bucket:
        name = f"bucket-{uuid.uuid4()}"
        admin.storage.create_bucket(name, options=options)
        if options.get("public"):
            public.append(name)
        return Bucket(name, admin.storage.from_(name))

    yield make
    # The project has no public bucket, which other tests look for on this stack.
    for name in public:
        admin.storage.update_bucket(name, {"public": False})


@pytest.fixture
def bucket(make_bucket: MakeBucket) -> Bucket:
    return make_bucket()


@pytest.fixture
def public_bucket(make_bucket: MakeBucket) -> Bucket:
    return make_bucket(public=True)


@pytest.fixture
def storage_http(stack: RunningStack) -> Iterator[httpx.Client]:
    """The Storage API over bare HTTP with the secret key, for what no client shows."""
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    with httpx.Client(base_url=f"{stack.url}/storage/v1", headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def user(admin: Client, open_client: OpenClient) -> Client:
    return signed_in(admin, open_client)


@pytest.fixture
def other(admin: Client, open_client: OpenClient) -> Client:
    return signed_in(admin, open_client)


def signed_in(admin: Client, open_client: OpenClient) -> Client:
    email = f"{uuid.uuid4()}@example.com"
    admin.auth.admin.create_user({"email": email, "password": PASSWORD, "email_confirm": True})
    client = open_client()
    client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    return client


@pytest.fixture
def policy(stack: RunningStack) -> Iterator[MakePolicy]:
    with psycopg.connect(stack.db_url, autocommit=True) as connection:
        made: list[str] = []

        def create(rule: str, table: str = "objects") -> None:
            name = f"test_{uuid.uuid4().hex}"
            connection.execute(f"create policy {name} on storage.{table} {rule}".encode())
            made.append(f"{name} on storage.{table}")

        yield create
        for name in made:
            connection.execute(f"drop policy {name}".encode())
