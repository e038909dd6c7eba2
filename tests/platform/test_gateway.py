"""The gateway: keys, tokens, CORS, and what happens when a part of the stack is missing."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from supabase import Client

from cli.local.config import first_free, random_bases, role_token
from tests.conftest import RunningStack
from tests.platform.people import PASSWORD, new_email
from tests.platform.services import another_process, node_service

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PATHS = ["/rest/v1/", "/auth/v1/settings", "/storage/v1/bucket"]


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_a_key(stack: RunningStack, path: str) -> None:
    answer = httpx.get(stack.url + path)
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "No API key found in request",
        "hint": "No `apikey` request header or url param was found.",
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["nonsense", "sb_publishable_nonsense", "a.b.c", "constructor"])
def test_a_request_with_a_wrong_key(stack: RunningStack, path: str, key: str) -> None:
    answer = httpx.get(stack.url + path, headers={"apikey": key})
    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid API key"


@pytest.mark.parametrize("path", PATHS)
def test_a_secret_key_is_refused_in_a_browser(stack: RunningStack, path: str) -> None:
    headers = {"apikey": stack.secret_key, "User-Agent": FIREFOX}
    answer = httpx.get(stack.url + path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["message"] == "Forbidden use of secret API key in browser"
    headers["apikey"] = stack.publishable_key
    assert httpx.get(stack.url + path, headers=headers).status_code < 400


def test_the_key_may_stand_in_the_address(stack: RunningStack) -> None:
    settings = f"{stack.url}/auth/v1/settings"
    assert httpx.get(settings, params={"apikey": stack.publishable_key}).status_code == 200
    rest = f"{stack.url}/rest/v1/rpc/nothing_of_the_kind"
    answer = httpx.get(rest, params={"a": "1 2", "apikey": stack.publishable_key})
    assert answer.json()["code"] == "PGRST202"
    assert "apikey" not in answer.text


def test_paths_that_are_followed_by_link_need_no_key(stack: RunningStack) -> None:
    for path, status in (
        ("/auth/v1/verify?token=x&type=signup", 303),
        ("/auth/v1/health", 200),
        ("/auth/v1/.well-known/jwks.json", 200),
        ("/storage/v1/object/public/none/of-it", 400),
        ("/storage/v1/object/sign/none/of-it?token=x", 400),
    ):
        assert httpx.get(stack.url + path).status_code == status, path


def test_making_such_links_needs_a_key(stack: RunningStack) -> None:
    for path in ("object/sign/none/of-it", "object/upload/sign/none/of-it"):
        answer = httpx.post(f"{stack.url}/storage/v1/{path}", json={"expiresIn": 60})
        assert answer.status_code == 401
        assert answer.json()["message"] == "No API key found in request"


def test_unknown_paths(stack: RunningStack) -> None:
    for path in ("/", "/rest", "/functions/v1", "/_health/more"):
        answer = httpx.get(stack.url + path, headers={"apikey": stack.publishable_key})
        assert answer.status_code == 404, path
        assert answer.json() == {"error": "requested path is invalid"}
    unknown = httpx.get(
        f"{stack.url}/functions/v1/hello", headers={"apikey": stack.publishable_key}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")


def test_opaque_keys_become_the_tokens_of_their_roles(roles: str, stack: RunningStack) -> None:
    def role(key: str, bearer: str | None = None) -> httpx.Response:
        headers = {"apikey": key} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        return httpx.post(f"{roles}/rest/v1/rpc/role_of_caller", headers=headers)

    publishable, secret = stack.publishable_key, stack.secret_key
    assert role(publishable).json() == "anon"
    assert role(secret).json() == "service_role"
    assert role(publishable, publishable).json() == "anon"
    assert role(secret, secret).json() == "service_role"
    assert role(publishable, secret).json() == "anon"
    user = signed(stack, role="authenticated", sub="00000000-0000-0000-0000-000000000001")
    assert role(publishable, user).json() == "authenticated"
    assert role(secret, user).json() == "authenticated"


def test_legacy_keys_are_accepted_too(roles: str, stack: RunningStack) -> None:
    tokens = {r: role_token(stack.config.keys.jwt_secret, r) for r in ("anon", "service_role")}
    legacy = {"ANON_KEY": tokens["anon"], "SERVICE_ROLE_KEY": tokens["service_role"]}
    with another_process(stack.config, **legacy) as url:
        for role, key in tokens.items():
            for headers in ({"apikey": key}, {"apikey": key, "Authorization": f"Bearer {key}"}):
                answer = httpx.post(f"{url}/rest/v1/rpc/role_of_caller", headers=headers)
                assert answer.json() == role


def test_a_stale_or_forged_token_is_refused_by_the_data_api(
    roles: str, stack: RunningStack
) -> None:
    expired = signed(stack, role="authenticated", exp=int(time.time()) - 60)
    forged = jwt.encode({"role": "service_role"}, "x" * 40, "HS256")
    for token, code in ((expired, "PGRST301"), (forged, "PGRST301"), ("a.b.c", "PGRST301")):
        headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{roles}/rest/v1/rpc/role_of_caller", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == code
        stored = httpx.get(f"{stack.url}/storage/v1/bucket", headers=headers)
        assert stored.status_code == 400
        assert stored.json()["statusCode"] == "403"
        assert stored.json()["error"] == "Unauthorized"


def test_a_page_of_any_site_may_ask(stack: RunningStack) -> None:
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey,authorization,x-client-info,prefer",
    }
    for path in PATHS:
        asked = httpx.options(stack.url + path, headers=headers)
        assert asked.status_code < 300
        assert asked.headers["access-control-allow-origin"] == "*"
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        allowed = asked.headers["access-control-allow-headers"].split(",")
        assert {"apikey", "authorization", "x-client-info", "prefer"} <= {
            name.strip().lower() for name in allowed
        }

        origin = {"Origin": "https://app.example"}
        refused = httpx.get(stack.url + path, headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "*"
        answer = httpx.get(stack.url + path, headers=origin | {"apikey": stack.publishable_key})
        # Once: a browser refuses an answer that says it twice.
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert "content-range" in exposed
        assert "x-total-count" in exposed


def test_it_listens_on_loopback_only(stack: RunningStack) -> None:
    port = urlsplit(stack.url).port
    listening = subprocess.run(
        ["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True
    ).stdout
    addresses = {line.split()[1] for line in listening.splitlines() if " 0A " in line}
    assert {a for a in addresses if a.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_health_names_every_part(stack: RunningStack) -> None:
    answer = httpx.get(f"{stack.url}/_health")
    assert answer.status_code == 200
    assert answer.json() == {"postgres": "ok", "postgrest": "ok", "mail": "ok"}


def test_a_missing_data_api_is_named(stack: RunningStack) -> None:
    with another_process(stack.config, POSTGREST_URL=nowhere()) as url:
        answer = httpx.get(f"{url}/rest/v1/x", headers={"apikey": stack.publishable_key})
        assert answer.status_code == 503
        assert answer.json() == {
            "code": "part_down",
            "part": "postgrest",
            "message": "postgrest does not answer",
        }
        health = httpx.get(f"{url}/_health")
        assert health.status_code == 503
        assert health.json() == {"postgres": "ok", "postgrest": "down", "mail": "ok"}
        assert httpx.get(f"{url}/auth/v1/health").status_code == 200


def test_a_missing_mail_server_is_named_and_nothing_is_half_done(
    stack: RunningStack, admin: Client, person: Client
) -> None:
    port = str(urlsplit(nowhere()).port)
    with another_process(stack.config, SMTP_PORT=port, AUTH_AUTOCONFIRM="false") as url:
        headers = {"apikey": stack.publishable_key}
        email = new_email()
        for path in ("signup", "otp"):
            body = {"email": email, "password": PASSWORD}
            answer = httpx.post(f"{url}/auth/v1/{path}", headers=headers, json=body)
            assert answer.status_code == 503
            assert answer.json() == {
                "code": 503,
                "error_code": "part_down",
                "msg": "mail does not answer",
                "part": "mail",
            }
        session = person.auth.get_session()
        assert session
        answer = httpx.put(
            f"{url}/auth/v1/user",
            headers=headers | {"Authorization": f"Bearer {session.access_token}"},
            json={"email": email},
        )
        assert answer.status_code == 503
    assert email not in {user.email for user in admin.auth.admin.list_users()}
    assert admin.auth.admin.get_user_by_id(session.user.id).user.new_email is None


def test_a_missing_database_is_named(stack: RunningStack) -> None:
    database = nowhere().replace("http://", "postgres://supabase_admin:x@") + "/postgres"
    with another_process(stack.config, DATABASE_URL=database) as url:
        headers = {"apikey": stack.publishable_key}
        secret = {"apikey": stack.secret_key}
        body = {"email": new_email(), "password": PASSWORD}
        for answer in (
            httpx.post(f"{url}/auth/v1/signup", headers=headers, json=body, timeout=30),
            httpx.post(f"{url}/auth/v1/token?grant_type=password", headers=headers, json=body),
            httpx.get(f"{url}/auth/v1/user", headers=headers | bearer(stack)),
            httpx.get(f"{url}/auth/v1/admin/users", headers=secret),
        ):
            assert answer.status_code == 503
            assert answer.json()["part"] == "postgres"
        assert httpx.get(f"{url}/_health").json()["postgres"] == "down"


def test_what_no_client_sends_does_no_harm(stack: RunningStack) -> None:
    key = stack.publishable_key
    host = f"Host: x\r\napikey: {key}\r\n"
    broken = [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        f"GET http://[::1 HTTP/1.1\r\n{host}\r\n",
        f"GET /rest/v1/%00%ff HTTP/1.1\r\n{host}\r\n",
        f"GET /rest/v1/é?é=eq.é HTTP/1.1\r\n{host}\r\n",
        f"GET //evil/../../rest/v1/ HTTP/1.1\r\n{host}\r\n",
        f"POST /auth/v1/signup HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\n{{",
        f"POST /auth/v1/signup HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        f"GET /realtime/v1/websocket?apikey={key} HTTP/1.1\r\nHost: x\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        f"GET /auth/v1/settings HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n{host}\r\n",
        "GET /realtime/v1/websocket HTTP/1.1\r\nHost: [\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        f"TRACE /rest/v1/ HTTP/1.1\r\n{host}\r\n",
        f"GET /rest/v1/{'x' * 20000} HTTP/1.1\r\n{host}\r\n",
    ]
    address = urlsplit(stack.url)
    for request in broken:
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(request.encode())
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
        assert not answer.startswith(b"HTTP/1.1 500"), request
    assert httpx.get(f"{stack.url}/_health").status_code == 200


def test_a_setting_that_is_missing_or_wrong_is_one_sentence(stack: RunningStack) -> None:
    service = node_service(stack.config)

    def start(**settings: str | None) -> tuple[int, str]:
        environment = {k: v for k, v in (service.environment | settings).items() if v is not None}
        ended = subprocess.run(
            service.command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert ended.stderr == ""
        return ended.returncode, ended.stdout.strip()

    taken = service.environment["API_PORT"]
    assert start(JWT_SECRET=None, SITE_URL="") == (
        1,
        "Set SITE_URL, JWT_SECRET: the local services need it to start.",
    )
    assert start(API_PORT="0") == (1, "API_PORT must be a whole number above zero.")
    assert start(API_PORT="99999") == (1, "API_PORT must be a port between 1 and 65535.")
    assert start(API_URL="nonsense") == (1, "API_URL must be a URL.")
    assert start(AUTH_AUTOCONFIRM="maybe") == (1, "AUTH_AUTOCONFIRM must be true or false.")
    assert start() == (1, f"Port {taken} is taken: choose another API_PORT.")


def test_no_secret_is_written_to_the_log(stack: RunningStack) -> None:
    key = stack.secret_key
    httpx.get(f"{stack.url}/auth/v1/admin/users?apikey={key}")
    log = "\n".join(
        file.read_text() for file in (stack.control.directory / "logs").glob("services*")
    )
    assert "GET /auth/v1/admin/users 200" in log
    assert key not in log
    assert stack.publishable_key not in log
    assert "eyJ" not in log


@pytest.fixture(scope="module")
def roles(stack: RunningStack) -> Iterator[str]:
    """The address of a stack whose Data API tells the caller's role."""
    import psycopg

    with psycopg.connect(stack.db_url, autocommit=True) as owner:
        owner.execute("""
            create function public.role_of_caller() returns name language sql stable
            return current_user;
            grant execute on function public.role_of_caller()
            to anon, authenticated, service_role""")
        deadline = time.monotonic() + 10
        headers = {"apikey": stack.publishable_key}
        url = f"{stack.url}/rest/v1/rpc/role_of_caller"
        while httpx.post(url, headers=headers).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield stack.url
        owner.execute("drop function public.role_of_caller()")


def signed(stack: RunningStack, **claims: object) -> str:
    return jwt.encode(claims, stack.config.keys.jwt_secret, "HS256")


def bearer(stack: RunningStack) -> dict[str, str]:
    claims = {"role": "authenticated", "sub": "00000000-0000-0000-0000-000000000001"}
    return {"Authorization": f"Bearer {signed(stack, **claims)}"}


def nowhere() -> str:
    return f"http://127.0.0.1:{first_free(random_bases()).api}"


def test_an_offer_of_http_2_is_passed_over(stack: RunningStack) -> None:
    headers = {
        "apikey": stack.publishable_key,
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA",
    }
    assert httpx.get(f"{stack.url}/auth/v1/settings", headers=headers).status_code == 200
    answer = httpx.post(f"{stack.url}/rest/v1/rpc/nothing_of_the_kind", headers=headers)
    assert answer.json()["code"] == "PGRST202"


def test_large_bodies_stream_both_ways(roles: str, stack: RunningStack) -> None:
    headers = {"apikey": stack.publishable_key, "Expect": "100-continue"}
    padding = "x" * 5_000_000
    answer = httpx.post(
        f"{roles}/rest/v1/rpc/role_of_caller",
        headers=headers,
        content=json.dumps({"unknown": padding}),
    )
    assert answer.status_code == 404
    assert answer.json()["code"] == "PGRST202"
