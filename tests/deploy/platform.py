"""The part of the platform's Management API that knows a project's settings of Auth, over HTTP.

What it serves is a new project's: the names are those of the API, which the Supabase CLI insists
on, the values those of the CLI's own tests.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REF = "abcdefghijklmnopqrst"
TOKEN = f"sbp_{'0123456789' * 4}"
NAMES = (Path(__file__).parent / "auth_settings.txt").read_text().split()
NEW: dict[str, Any] = {
    "site_url": "http://localhost:3000",
    "uri_allow_list": "",
    "jwt_exp": 3600,
    "refresh_token_rotation_enabled": True,
    "security_refresh_token_reuse_interval": 10,
    "disable_signup": False,
    "external_anonymous_users_enabled": False,
    "password_min_length": 6,
    "external_email_enabled": True,
    "mailer_secure_email_change_enabled": True,
    "mailer_autoconfirm": False,
    "security_update_password_require_reauthentication": False,
    "mailer_otp_length": 6,
    "mailer_otp_exp": 3600,
    "smtp_max_frequency": 60,
    "mailer_subjects_invite": "You have been invited",
    "mailer_subjects_confirmation": "Confirm Your Signup",
    "mailer_subjects_recovery": "Reset Your Password",
    "mailer_subjects_magic_link": "Your Magic Link",
    "mailer_subjects_email_change": "Confirm Email Change",
    "mailer_templates_confirmation_content": "<h2>Confirm your signup</h2>",
    "mfa_totp_enroll_enabled": True,
    "mfa_totp_verify_enabled": True,
    "passkey_enabled": False,
    "mfa_phone_otp_length": 6,
    "sms_otp_length": 6,
    "oauth_server_enabled": False,
    "oauth_server_allow_dynamic_registration": False,
    "custom_oauth_enabled": False,
    "custom_oauth_max_providers": 0,
}


class Platform:
    """Its address, and what it has been told."""

    def __init__(self) -> None:
        self.auth: dict[str, Any] = dict.fromkeys(NAMES) | NEW
        self.written: list[dict[str, Any]] = []
        self.url = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        place = f"/projects/{REF}"
        if (method, path) == ("PATCH", f"/v1{place}/config/auth"):
            assert not body.keys() - set(NAMES)
            self.written.append(body)
            self.auth |= body
            return 200, self.auth
        attributes = {"auth": self.auth, "database": {"major_version": 17}}
        known = {
            f"/v1{place}": {},
            f"/v1{place}/billing/addons": {"selected_addons": [], "available_addons": []},
            f"/v1{place}/config/auth": self.auth,
            f"/v2{place}/config": {
                "data": {"type": "project_config", "id": REF, "attributes": attributes}
            },
        }
        if method == "GET" and path in known:
            return 200, known[path]
        return 404, {"message": "Project not found"}


@contextmanager
def platform() -> Iterator[Platform]:
    known = Platform()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Unauthorized"}
            else:
                status, answer = known.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = respond

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
