"""What Auth says to wrong, hostile and stale requests, byte by byte on the wire."""

import time
import uuid
from collections.abc import Callable

import httpx
import jwt
import pytest
from supabase import Client

from tests.conftest import RunningStack
from tests.platform.people import PASSWORD, email_of, new_email

Send = Callable[..., httpx.Response]


@pytest.fixture
def send(stack: RunningStack) -> Send:
    """One request to Auth with the publishable key."""

    def send_one(
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        json: object = None,
        content: str | bytes | None = None,
    ) -> httpx.Response:
        sent = {"apikey": stack.publishable_key} | (headers or {})
        url = f"{stack.url}/auth/v1{path}"
        return httpx.request(method, url, headers=sent, json=json, content=content)

    return send_one


def error(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["code"] == answer.status_code
    assert body["msg"]
    assert answer.headers["x-sb-error-code"] == body["error_code"]
    return answer.status_code, body["error_code"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "anonymous_provider_disabled"),
        ({"email": "", "password": PASSWORD}, 422, "anonymous_provider_disabled"),
        ({"email": "a@b", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a,b@example.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a b@example.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a" * 300 + "@example.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.com"}, 400, "validation_failed"),
        ({"email": "a@example.com", "password": "short"}, 422, "weak_password"),
        ({"email": "a@example.com", "password": "ü" * 37}, 400, "validation_failed"),
        ({"phone": "+491701234567", "password": PASSWORD}, 400, "phone_provider_disabled"),
        ({"email": 7, "password": PASSWORD}, 400, "bad_json"),
        ({"email": "a@example.com", "password": ["x"] * 8}, 400, "bad_json"),
        ({"email": "a@example.com", "password": PASSWORD, "data": "x"}, 400, "bad_json"),
        ({"email": "a\0@example.com", "password": PASSWORD}, 400, "bad_json"),
        ({"email": "a@example.com", "password": PASSWORD, "data": {"a": "\0"}}, 400, "bad_json"),
        ([], 400, "bad_json"),
        ("text", 400, "bad_json"),
    ],
)
def test_a_sign_up_that_makes_no_sense(send: Send, body: object, status: int, code: str) -> None:
    assert error(send("POST", "/signup", json=body)) == (status, code)


def test_a_weak_password_is_explained(send: Send) -> None:
    body = {"email": new_email(), "password": "short"}
    assert send("POST", "/signup", json=body).json() == {
        "code": 422,
        "error_code": "weak_password",
        "msg": "Password should be at least 8 characters.",
        "weak_password": {"reasons": ["length"]},
    }


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"null", b'{"email": "a@example.com",}'])
@pytest.mark.parametrize("path", ["/signup", "/token?grant_type=password", "/otp", "/verify"])
def test_a_body_that_is_no_object(send: Send, path: str, content: bytes) -> None:
    assert error(send("POST", path, content=content)) == (400, "bad_json")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/token?grant_type=password", {}, 400, "validation_failed"),
        ("/token?grant_type=password", {"email": "a@b.c"}, 400, "invalid_credentials"),
        (
            "/token?grant_type=password",
            {"email": "a@b.c", "password": "x"},
            400,
            "invalid_credentials",
        ),
        (
            "/token?grant_type=password",
            {"phone": "1", "password": "x"},
            400,
            "phone_provider_disabled",
        ),
        ("/token?grant_type=refresh_token", {}, 400, "validation_failed"),
        ("/token?grant_type=refresh_token", {"refresh_token": "x"}, 400, "validation_failed"),
        ("/token?grant_type=pkce", {}, 400, "validation_failed"),
        ("/token?grant_type=nonsense", {}, 400, "invalid_credentials"),
        ("/token", {}, 400, "invalid_credentials"),
        ("/otp", {}, 400, "validation_failed"),
        ("/otp", {"phone": "1"}, 400, "phone_provider_disabled"),
        ("/otp", {"email": "a@b.c", "code_challenge": "x"}, 400, "validation_failed"),
        ("/recover", {}, 400, "validation_failed"),
        ("/recover", {"email": "no address"}, 400, "validation_failed"),
        ("/resend", {"type": "nonsense", "email": "a@b.c"}, 400, "validation_failed"),
        ("/resend", {"type": "sms", "phone": "1"}, 400, "phone_provider_disabled"),
        ("/resend", {"type": "signup"}, 400, "validation_failed"),
    ],
)
def test_a_request_that_makes_no_sense(
    send: Send, path: str, body: object, status: int, code: str
) -> None:
    assert error(send("POST", path, json=body)) == (status, code)


def test_wrong_passwords_and_unknown_people_look_the_same(send: Send, person: Client) -> None:
    answers = [
        send("POST", "/token?grant_type=password", json={"email": email, "password": "wrong one"})
        for email in (email_of(person), new_email())
    ]
    assert [answer.json() for answer in answers] == [
        {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}
    ] * 2


def test_clients_of_today_get_the_error_format_of_today(send: Send) -> None:
    headers = {"X-Supabase-Api-Version": "2024-01-01"}
    body = {"email": "a@b.c", "password": "x"}
    answer = send("POST", "/token?grant_type=password", json=body, headers=headers)
    assert answer.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert answer.headers["x-supabase-api-version"] == "2024-01-01"


def token(stack: RunningStack, secret: str | None = None, **claims: object) -> str:
    base = {
        "sub": str(uuid.uuid4()),
        "role": "authenticated",
        "aud": "authenticated",
        "exp": int(time.time()) + 60,
    }
    return jwt.encode(base | claims, secret or stack.config.keys.jwt_secret, "HS256")


def test_tokens_that_open_no_account(send: Send, stack: RunningStack) -> None:
    expected = {
        "": (401, "no_authorization"),
        "a.b.c": (403, "bad_jwt"),
        "garbage": (403, "bad_jwt"),
        token(stack, exp=int(time.time()) - 1): (403, "bad_jwt"),
        token(stack, secret="x" * 40): (403, "bad_jwt"),
        token(stack, sub="7"): (400, "bad_jwt"),
        token(stack): (403, "user_not_found"),
        stack.publishable_key: (403, "bad_jwt"),
    }
    for bearer, wanted in expected.items():
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        answer = send("GET", "/user", headers=headers)
        if bearer == "":  # the key's own role token, which names nobody
            assert error(answer) == (403, "bad_jwt")
        else:
            assert error(answer) == wanted, bearer


def test_an_unsigned_token_is_refused(send: Send, person: Client) -> None:
    session = person.auth.get_session()
    assert session
    _, payload, _ = session.access_token.split(".")
    none_header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for forged in (f"{none_header}.{payload}.", f"{none_header}.{payload}.x"):
        answer = send("GET", "/user", headers={"Authorization": f"Bearer {forged}"})
        assert error(answer) == (403, "bad_jwt")


def test_what_everybody_may_read(send: Send, stack: RunningStack) -> None:
    settings = send("GET", "/settings").json()
    assert settings["mailer_autoconfirm"] is False
    assert settings["disable_signup"] is False
    assert settings["external"]["email"] is True
    assert settings["external"]["phone"] is False
    for path in ("health", ".well-known/jwks.json"):
        assert httpx.get(f"{stack.url}/auth/v1/{path}").status_code == 200
    assert httpx.get(f"{stack.url}/auth/v1/.well-known/jwks.json").json() == {"keys": []}


def test_sign_in_with_a_provider_that_is_off(send: Send) -> None:
    assert error(send("GET", "/authorize?provider=github")) == (400, "validation_failed")


def test_a_body_that_is_too_large(send: Send) -> None:
    answer = send("POST", "/signup", json={"email": "a@example.com", "password": "x" * 2_000_000})
    assert answer.status_code == 413
    assert answer.json() == {"message": "Request size limit exceeded"}


def test_fields_nobody_knows_are_ignored(send: Send) -> None:
    body = {"email": new_email(), "password": PASSWORD, "unknown": 7, "data": None}
    assert send("POST", "/signup", json=body).status_code == 200
