"""Where the project is and how to get in, from the environment or the running local stack."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from edge_jobs.errors import (
    BadMailServer,
    BadMetricsPort,
    BadResend,
    BadScanner,
    BadSender,
    MissingSetting,
    NotSupabase,
    WrongKey,
)

_ADDRESS = r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*"
_NAME = r'("[^"\r\n]*"|[^"<>,;\r\n]*)'
# Not compiled here: the runner's idle path goes through, and needs no mail.
_SENDER = rf"(?a:{_ADDRESS})|{_NAME}\s*<(?a:{_ADDRESS})>"


class Settings:
    """Each setting is read when it is needed, and raises MissingSetting when it is not there."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def load(cls) -> "Settings":
        """The environment. Where it names no project, the local stack fills in what it leaves
        out: never its keys for somebody else's URL."""
        if os.environ.get("SUPABASE_URL"):
            return cls(os.environ)
        return cls({**_local_stack(), **os.environ})

    @property
    def url(self) -> str:
        """The API's base URL: scheme, host and port, with no slash at the end.

        Raises NotSupabase for anything else."""
        url = self._need("SUPABASE_URL").rstrip("/")
        try:
            parts = urlsplit(url)
            usable = parts.port != 0
        except ValueError:
            raise NotSupabase(url="SUPABASE_URL") from None
        if parts.username or parts.password:
            # Not into a message: it carries a password.
            raise NotSupabase(url="SUPABASE_URL")
        plain = not (parts.query or parts.fragment or any(map(str.isspace, url)))
        if not (usable and plain and parts.hostname) or parts.scheme not in ("http", "https"):
            raise NotSupabase(url=repr(url))
        return url

    @property
    def secret_key(self) -> str:
        key = self._need("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
        if not (key.isascii() and key.isprintable()):
            # Not a header either: the libraries would quote it in their complaint.
            raise WrongKey(url=self.url, reason="it has characters no key has")
        return key

    @property
    def publishable_key(self) -> str:
        return self._need("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY")

    @property
    def smtp_url(self) -> str:
        url = self._need("SMTP_URL")
        try:
            parts = urlsplit(url)
            usable = parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.scheme not in ("smtp", "smtps"):
            raise BadMailServer
        return url

    @property
    def resend_key(self) -> str | None:
        """Of Resend, which then carries the mails instead of the mail server."""
        key = self._values.get("RESEND_API_KEY", "").strip()
        if key and not (key.isascii() and key.isprintable()):
            # Not a header: the libraries would quote it in their complaint.
            raise BadResend(name="RESEND_API_KEY", what="a key of Resend")
        return key or None

    @property
    def resend_url(self) -> str:
        url = self._values.get("RESEND_URL", "").strip() or "https://api.resend.com"
        try:
            parts = urlsplit(url)
            usable = parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.scheme not in ("http", "https"):
            raise BadResend(name="RESEND_URL", what="the address of Resend")
        return url

    @property
    def mail_from(self) -> str:
        sender = self._need("MAIL_FROM")
        if not re.fullmatch(_SENDER, sender):
            raise BadSender
        return sender

    @property
    def app_url(self) -> str:
        """Where people use the product: what links in mails point at."""
        return self._need("APP_URL")

    @property
    def clamd(self) -> tuple[str, int] | str | None:
        """Where the virus scanner listens: host and port, or the path of a Unix socket. None:
        there is none."""
        url = self._values.get("CLAMD_URL", "").strip()
        if not url:
            return None
        try:
            parts = urlsplit(url)
            port = parts.port or 3310
        except ValueError:
            raise BadScanner from None
        if parts.scheme == "tcp" and parts.hostname:
            return parts.hostname, port
        if parts.scheme == "unix" and parts.path and not parts.netloc:
            return parts.path
        raise BadScanner

    @property
    def metrics_port(self) -> int | None:
        """Where a runner serves its metrics; None: nowhere."""
        port = self._values.get("METRICS_PORT", "").strip()
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise BadMetricsPort
        return int(port) if port else None

    def _need(self, *names: str) -> str:
        for name in names:
            if value := self._values.get(name, "").strip():
                return value
        raise MissingSetting(name=names[0])


def _local_stack() -> dict[str, str]:
    import json
    from pathlib import Path

    name = os.environ.get("FIRMBASE_STACK") or "default"
    path = Path(__file__).parent.parent / ".stack" / name / "env.json"
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}  # `stack up`, which the complaint about what is missing names, writes it anew
    return {str(name): str(value) for name, value in values.items()}
