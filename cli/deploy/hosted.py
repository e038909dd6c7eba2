"""The project that is to go live: where it is, and whether both addresses are of one project."""

import os
import re
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
from storage3 import SyncStorageClient

from cli.deploy.errors import (
    BadToken,
    ManagementUnreachable,
    NoReference,
    UnknownProject,
    WrongPublishableKey,
    WrongToken,
)
from cli.doctor.checks import get
from cli.schema.servers import LOCAL_HOSTS, given
from edge_jobs import SCHEMA_VERSION
from edge_jobs.connection import Connection
from edge_jobs.errors import DatabaseDown, MissingSetting, SchemaOlder, WrongKey
from edge_jobs.rpc import Rpc
from edge_jobs.settings import Settings

MANAGEMENT = "https://api.supabase.com"
REFERENCE = "[a-z]{20}"
RELOAD_SECONDS = 30.0


@dataclass(frozen=True)
class Management:
    """The API of the platform, which knows the settings of Auth."""

    url: str
    ref: str
    token: str

    def auth(self) -> dict[str, object]:
        """The settings of Auth, by the names of the Management API.

        Raises:
            WrongToken, UnknownProject, ManagementUnreachable: they could not be read.
        """
        try:
            answer = httpx.get(
                f"{self.url}/v1/projects/{self.ref}/config/auth",
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=30,
            )
        except httpx.TransportError as error:
            raise ManagementUnreachable(url=self.url, reason=str(error).lower()) from error
        match answer.status_code:
            case 200:
                settings: dict[str, object] = answer.json()
                return settings
            case 401 | 403:
                raise WrongToken(url=self.url, reason=f"HTTP {answer.status_code}")
            case 404:
                raise UnknownProject(url=self.url, ref=self.ref)
        raise ManagementUnreachable(url=self.url, reason=f"HTTP {answer.status_code}")


class Hosted:
    """A project, reached by its URL, its keys and its database."""

    def __init__(self) -> None:
        self.settings = Settings.load()
        self.db_url = given()
        if not self.db_url:
            raise MissingSetting(name="SUPABASE_DB_URL")

    @property
    def host(self) -> str:
        return urlsplit(self.settings.url).hostname or ""

    @property
    def is_here(self) -> bool:
        return self.host in LOCAL_HOSTS

    @property
    def ref(self) -> str | None:
        """The reference of a project on the platform."""
        return os.environ.get("SUPABASE_PROJECT_ID", "").strip() or self.url_ref

    @property
    def url_ref(self) -> str | None:
        found = re.fullmatch(rf"({REFERENCE})\.supabase\.(co|in|red)", self.host)
        return found[1] if found else None

    @property
    def database_ref(self) -> str | None:
        """The reference in the database's address: in its host, or for a pooler in its user."""
        url = urlsplit(self.db_url)
        if found := re.fullmatch(rf"db\.({REFERENCE})\.supabase\.\w+", url.hostname or ""):
            return found[1]
        found = re.fullmatch(rf"postgres\.({REFERENCE})", url.username or "")
        return found[1] if found else None

    @property
    def refs(self) -> set[str]:
        """Those that the settings name; of one project, if all is well."""
        return {each for each in (self.ref, self.url_ref, self.database_ref) if each}

    @cached_property
    def management(self) -> Management | None:
        """None without SUPABASE_ACCESS_TOKEN."""
        token = os.environ.get("SUPABASE_ACCESS_TOKEN", "").strip()
        if not token:
            return None
        if not (token.isascii() and token.isprintable()):
            raise BadToken
        if not self.ref:
            raise NoReference
        url = os.environ.get("SUPABASE_MANAGEMENT_URL", "").strip() or MANAGEMENT
        return Management(url.rstrip("/"), self.ref, token)

    @cached_property
    def auth(self) -> dict[str, object]:
        """The settings of Auth as they were when first asked for; none without a token."""
        return self.management.auth() if self.management else {}

    def rpc(self, function: str) -> Any:
        """What a function of the database returns. Raises FirmbaseError."""
        with closing(Rpc(Connection(self.settings.url, self.settings.secret_key))) as api:
            return api.call(function)

    def storage(self) -> SyncStorageClient:
        """To be closed: a context manager."""
        key = self.settings.secret_key
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        return SyncStorageClient(f"{self.settings.url}/storage/v1/", headers, timeout=30)

    def prove_keys(self) -> None:
        """Raises WrongKey unless Auth takes both keys for what they are set as."""
        key = self.settings.secret_key
        bearer = {"apikey": key, "Authorization": f"Bearer {key}"}
        address = f"{self.settings.url}/auth/v1/admin/users?per_page=1"
        answer = self._unless_down(httpx.get(address, headers=bearer, timeout=10))
        if answer.status_code in (401, 403):
            raise WrongKey(url=self.settings.url, reason=f"HTTP {answer.status_code} from Auth")
        answer = self._unless_down(
            get(self.settings, "/auth/v1/settings", self.settings.publishable_key)
        )
        if answer.status_code != 200:
            raise WrongPublishableKey(url=self.settings.url, status=answer.status_code)

    def exposes(self, schema: str) -> bool:
        """Whether the Data API serves it."""
        headers = {"apikey": self.settings.publishable_key, "Accept-Profile": schema}
        answer = self._unless_down(
            httpx.get(f"{self.settings.url}/rest/v1/any", headers=headers, timeout=10)
        )
        return answer.status_code != 406

    def _unless_down(self, answer: httpx.Response) -> httpx.Response:
        """The answer. Raises DatabaseDown where it tells of an outage, not of what was asked."""
        if answer.status_code >= 500:
            raise DatabaseDown(url=self.settings.url, reason=f"HTTP {answer.status_code}")
        return answer

    def wait_for_schema(self) -> None:
        """The API reads the schema anew a moment after it changed."""
        deadline = time.monotonic() + RELOAD_SECONDS
        while True:
            try:
                theirs = self.rpc("schema_version")
            except (SchemaOlder, DatabaseDown):
                theirs = None
            if theirs == SCHEMA_VERSION or time.monotonic() > deadline:
                return  # whether it is there, the checks say
            time.sleep(0.2)
