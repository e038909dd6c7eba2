"""People for the tests: a firm with a user in each role, all made when first asked for.

Everyone is a real account with a real session; what they send goes through the public API.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import httpx
import pytest
from supabase import Client, create_client

from tests.conftest import RunningStack

ROLES = ("owner", "admin", "manager", "member", "viewer")

PASSWORD = "correct horse battery staple"
# bcrypt of the password at its lowest cost: accounts by the dozen cost nothing this way.
PASSWORD_HASH = "$2a$04$g5Pt6XTA9Hqn039GzTXQ.uFhVbh9xjXVoIG0gHsidALByMNLMj3Lu"


class Api:
    """The public address of the stack, over one pool of connections."""

    def __init__(self, url: str, publishable_key: str, secret_key: str) -> None:
        self.url = url
        self.publishable_key = publishable_key
        self.secret_key = secret_key
        self.http = httpx.Client(base_url=url, timeout=30)

    def as_service(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request with the secret key."""
        headers = {"apikey": self.secret_key, "Authorization": f"Bearer {self.secret_key}"}
        return self.http.request(
            method, path, headers=headers | request.pop("headers", {}), **request
        )


class Caller:
    """Somebody with the publishable key: an anonymous visitor, or more with a token."""

    def __init__(self, api: Api) -> None:
        self.api = api

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.api.publishable_key}

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = self.headers | request.pop("headers", {})
        return self.api.http.request(method, path, headers=headers, **request)

    def rest(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request to the Data API; changed rows come back."""
        headers = {"Prefer": "return=representation"} | request.pop("headers", {})
        return self.send(method, f"/rest/v1/{path}", headers=headers, **request)

    def rpc(self, function: str, **arguments: Any) -> httpx.Response:
        return self.rest("POST", f"rpc/{function}", json=arguments)

    def get(self, table: str, **filters: str) -> httpx.Response:
        return self.rest("GET", table, params=filters)

    def insert(self, table: str, row: dict[str, Any] | list[dict[str, Any]]) -> httpx.Response:
        return self.rest("POST", table, json=row)

    def update(self, table: str, change: dict[str, Any], **filters: str) -> httpx.Response:
        return self.rest("PATCH", table, json=change, params=filters)

    def delete(self, table: str, **filters: str) -> httpx.Response:
        return self.rest("DELETE", table, params=filters)

    def upload(
        self,
        path: str,
        content: bytes,
        mime: str,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return self.send(
            method,
            f"/storage/v1/object/firm-files/{path}",
            content=content,
            headers={"Content-Type": mime} | (headers or {}),
        )


class Person(Caller):
    """A confirmed account. `token` and `client` sign in when first used."""

    refresh_token: str

    def __init__(self, api: Api, name: str, *, confirmed: bool = True) -> None:
        super().__init__(api)
        self.email = f"{name}-{uuid.uuid4().hex[:12]}@example.com"
        account = {
            "email": self.email,
            "password_hash": PASSWORD_HASH,
            "email_confirm": confirmed,
            "user_metadata": {"full_name": name.title()},
        }
        self.id: str = created(api.as_service("POST", "/auth/v1/admin/users", json=account))["id"]

    @cached_property
    def token(self) -> str:
        answer = self.api.http.post(
            "/auth/v1/token?grant_type=password",
            headers={"apikey": self.api.publishable_key},
            json={"email": self.email, "password": PASSWORD},
        )
        return str(created(answer)["access_token"])

    @cached_property
    def client(self) -> Client:
        client = create_client(self.api.url, self.api.publishable_key)
        client.auth.sign_in_with_password({"email": self.email, "password": PASSWORD})
        return client

    @property
    def headers(self) -> dict[str, str]:
        return super().headers | {"Authorization": f"Bearer {self.token}"}


class Firm:
    """A new firm; `owner`, `admin`, `manager`, `member` and `viewer` join when first asked for."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.owner = Person(api, "owner")
        slug = f"firm-{uuid.uuid4().hex[:12]}"
        firm = created(self.owner.rpc("create_firm", name="Marlow & Partners", slug=slug))
        self.id: str = firm["id"]
        self.slug = slug

    @cached_property
    def admin(self) -> Person:
        return self.join("admin")

    @cached_property
    def manager(self) -> Person:
        return self.join("manager")

    @cached_property
    def member(self) -> Person:
        return self.join("member")

    @cached_property
    def viewer(self) -> Person:
        return self.join("viewer")

    @cached_property
    def suspended(self) -> Person:
        """Was an admin; the session goes on."""
        person = self.join("admin")
        created(self.owner.rpc("suspend_member", firm_id=self.id, user_id=person.id))
        return person

    @cached_property
    def removed(self) -> Person:
        """Was an admin; the session goes on."""
        person = self.join("admin")
        created(self.owner.rpc("remove_member", firm_id=self.id, user_id=person.id))
        return person

    @cached_property
    def portal(self) -> Person:
        """No member, but a consultant with an account: `portal_consultant`."""
        person = Person(self.api, "portal")
        link = {"consultant_id": self.portal_consultant["id"], "user_id": person.id}
        created(self.owner.rpc("link_consultant", **link))
        return person

    @cached_property
    def portal_consultant(self) -> dict[str, Any]:
        return self.consultant(name="Noor Haddad")

    def join(self, role: str, person: Person | None = None) -> Person:
        """Invites somebody, a new account unless given, who accepts."""
        person = person or Person(self.api, role)
        token = created(
            self.owner.rpc("invite_member", firm_id=self.id, email=person.email, role=role)
        )["token"]
        created(person.rpc("accept_invitation", token=token))
        return person

    def company(self, by: Person | None = None, **values: Any) -> dict[str, Any]:
        return self.add("companies", by, {"name": "Harbour Foods"} | values)

    def consultant(self, by: Person | None = None, **values: Any) -> dict[str, Any]:
        return self.add("consultants", by, {"name": "Ines Duarte"} | values)

    def contact(self, by: Person | None = None, **values: Any) -> dict[str, Any]:
        """At a company, a new one unless given."""
        if "company_id" not in values:
            values["company_id"] = self.company()["id"]
        return self.add("contacts", by, {"name": "Ada Marsh"} | values)

    def contract(self, by: Person | None = None, **values: Any) -> dict[str, Any]:
        """A draft of services for a company, a new one unless given."""
        terms = {
            "title": "Advisory services",
            "kind": "client_services",
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "rate": 950,
            "rate_unit": "day",
        } | values
        if "company_id" not in terms:
            terms["company_id"] = self.company()["id"]
        return self.add("contracts", by, terms)

    def add(self, table: str, by: Person | None, values: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = created(
            (by or self.owner).insert(table, values | {"firm_id": self.id})
        )[0]
        return row


def today() -> date:
    """Of firms in the default time zone. Asked by each test: midnight may pass during a run."""
    return datetime.now(UTC).date()


def created(answer: httpx.Response) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def api(stack: RunningStack) -> Iterator[Api]:
    api = Api(stack.url, stack.publishable_key, stack.secret_key)
    yield api
    api.http.close()


@pytest.fixture
def firm(api: Api) -> Firm:
    """A firm of the test's own."""
    return Firm(api)


@pytest.fixture(scope="module")
def shared_firm(api: Api) -> Firm:
    """One firm for the tests of a module that leave its members and settings alone."""
    return Firm(api)


@pytest.fixture
def other_firm(api: Api) -> Firm:
    """A second firm, of other people."""
    return Firm(api)


@pytest.fixture
def outsider(api: Api) -> Person:
    """A signed-in stranger without any firm."""
    return Person(api, "outsider")


@pytest.fixture(scope="session")
def visitor(api: Api) -> Caller:
    """Nobody: the publishable key without a session."""
    return Caller(api)
