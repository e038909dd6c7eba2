"""The project's API with the secret key, for handlers and commands."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge_jobs.connection import Connection
from edge_jobs.errors import FirmbaseError, Unreachable, from_response
from edge_jobs.rpc import Rpc
from edge_jobs.settings import Settings

if TYPE_CHECKING:
    from storage3._sync.file_api import SyncBucketProxy
    from supabase import Client


# How long an answer may take: several times what the database lets a request run.
PATIENCE_S = 30


class Api:
    """Each thread has clients of its own. Functions of the database are called as the runner calls
    them; the library, for tables and buckets, is imported when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._local = threading.local()

    @property
    def client(self) -> "Client":
        if not hasattr(self._local, "client"):
            from supabase import ClientOptions, create_client

            self._local.client = create_client(
                self.settings.url,
                self.settings.secret_key,
                ClientOptions(postgrest_client_timeout=PATIENCE_S),
            )
        client: Client = self._local.client
        return client

    @property
    def connection(self) -> Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = Connection(self.settings.url, self.settings.secret_key)
        connection: Connection = self._local.connection
        return connection

    def table(self, name: str) -> Any:
        """A query on a table: finish it with `.execute().data`."""
        return self.client.table(name)

    def rpc(self, name: str, /, **arguments: Any) -> Any:
        """What a function of the database returns. Raises FirmbaseError."""
        if not hasattr(self._local, "rpc"):
            self._local.rpc = Rpc(self.connection)
        return self._local.rpc.call(name, **arguments)

    def storage(self, bucket: str) -> "SyncBucketProxy":
        return self.client.storage.from_(bucket)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns what the client library raises for a request into a FirmbaseError."""
    try:
        yield
    except FirmbaseError:
        raise
    except Exception as error:
        if known := _explain(error):
            raise known from error
        raise


def _explain(error: Exception) -> FirmbaseError | None:
    # Imported only now: a command that raised one of these has imported the library anyway.
    from httpx import TransportError
    from postgrest.exceptions import APIError
    from storage3.exceptions import StorageApiError
    from supabase_auth.errors import AuthApiError

    if isinstance(error, TransportError):
        url = error.request.url
        origin = f"{url.scheme}://{url.netloc.decode()}"
        return Unreachable(url=origin, reason=str(error).lower())
    if isinstance(error, APIError):
        body, code = error.json(), str(error.code)
        # The library makes a body up where there was no JSON: its code is the status then.
        status = int(code) if len(code) == 3 and code.isdigit() else None
        return from_response(_project(), None if status else body, status)
    if isinstance(error, AuthApiError | StorageApiError):
        body = {"message": error.message, "code": str(error.code)}
        return from_response(_project(), body, int(error.status))
    return None


def _project() -> str:
    try:
        return Settings.load().url
    except FirmbaseError:
        return "The project"
