"""Clients of supabase-py that leave no connection behind."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import httpx
import pytest
from supabase import Client, ClientOptions, create_client
from supabase_auth.types import AuthFlowType

from tests.conftest import RunningStack
from tests.platform.people import PASSWORD, new_email


class OpenClient(Protocol):
    def __call__(
        self,
        key: str | None = None,
        *,
        url: str | None = None,
        flow_type: AuthFlowType = "implicit",
    ) -> Client:
        """A client of its own, with the publishable key unless another is given."""


@pytest.fixture
def open_client(stack: RunningStack) -> Iterator[OpenClient]:
    with ExitStack() as connections:

        def open_one(
            key: str | None = None,
            *,
            url: str | None = None,
            flow_type: AuthFlowType = "implicit",
        ) -> Client:
            http = connections.enter_context(httpx.Client(timeout=30))
            return create_client(
                url or stack.url,
                key or stack.publishable_key,
                ClientOptions(httpx_client=http, flow_type=flow_type, auto_refresh_token=False),
            )

        yield open_one


@pytest.fixture
def visitor(open_client: OpenClient) -> Client:
    """Nobody yet."""
    return open_client()


@pytest.fixture
def person(open_client: OpenClient, admin: Client) -> Client:
    """Somebody confirmed and signed in."""
    email = new_email()
    admin.auth.admin.create_user({"email": email, "password": PASSWORD, "email_confirm": True})
    client = open_client()
    client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    return client


@pytest.fixture
def admin(stack: RunningStack, open_client: OpenClient) -> Client:
    """The holder of the secret key."""
    return open_client(stack.secret_key)
