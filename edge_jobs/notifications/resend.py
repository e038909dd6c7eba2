"""Hand messages to Resend over HTTP, with the same interface as the mail server."""

import atexit
from email.message import EmailMessage
from functools import cache
from typing import Any

import httpx

from edge_jobs.errors import PermanentError, Snooze

TIMEOUT_SECONDS = 30
# Not longer, however late it says.
LONGEST_WAIT_SECONDS = 3600.0

# What of a message Resend does not take as a field of its own.
_HEADERS = ("Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post")


class NotTaken(Exception):
    """Resend did not take a message, and may do so later."""


class Resend:
    """Resend at ``url`` with an API key, which no error repeats. Threads may share one."""

    def __init__(self, url: str, key: str) -> None:
        self._key = key
        self._http = httpx.Client(
            base_url=url, timeout=TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {key}"}
        )

    def send(self, message: EmailMessage) -> None:
        """Returns once Resend took the message; a repeat within a day, with the same Message-ID,
        sends nothing again. Raises PermanentError, Snooze, NotTaken or httpx.HTTPError."""
        answer = self._http.post(
            "/emails",
            json=_request(message),
            # The first part of the Message-ID is the id of the e-mail.
            headers={"Idempotency-Key": message["Message-ID"].strip("<>").partition("@")[0]},
        )
        if answer.is_success:
            return
        name, said = self._error(answer)
        if name == "invalid_idempotent_request":
            # It has this mail from before, in other words: the program may be a newer one now.
            return
        if answer.status_code == 429 and not name.endswith("quota_exceeded"):
            # A place in the line, no failure: who waits behind thousands must not run out of
            # attempts.
            wait = answer.headers.get("Retry-After", "")
            raise Snooze(min(max(float(wait), 1), LONGEST_WAIT_SECONDS) if wait.isdecimal() else 1)
        # Our key, our domain or our plan is to blame, or another runner is at it: not the message.
        if (
            answer.status_code in (401, 403, 429)
            or answer.status_code >= 500
            or name == "concurrent_idempotent_requests"
        ):
            raise NotTaken(said)
        raise PermanentError("message_refused", said)

    def check(self) -> None:
        """Ask whether the key is good. Raises NotTaken or httpx.HTTPError."""
        answer = self._http.get("/domains")
        name, said = self._error(answer)
        # A key that may do nothing but send is the best there is.
        if not answer.is_success and name != "restricted_api_key":
            raise NotTaken(said)

    def close(self) -> None:
        self._http.close()

    def _error(self, answer: httpx.Response) -> tuple[str, str]:
        """Its name, and a sentence about it."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        facts = body if isinstance(body, dict) else {}
        name = str(facts.get("name") or f"HTTP {answer.status_code}")
        told = f"{name}: {facts['message']}" if facts.get("message") else name
        return name, f"Resend answered: {told.replace(self._key, '…')[:300]}"


@cache
def resend(url: str, key: str) -> Resend:
    """The one Resend of this process for ``url`` and ``key``."""
    shared = Resend(url, key)
    atexit.register(shared.close)
    return shared


def _request(message: EmailMessage) -> dict[str, Any]:
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None  # noqa: S101
    assert html is not None  # noqa: S101
    return {
        "from": str(message["From"]),
        "to": [message["To"].addresses[0].addr_spec],
        "subject": str(message["Subject"]),
        "text": text.get_content(),
        "html": html.get_content(),
        "headers": {name: str(message[name]) for name in _HEADERS},
    }
