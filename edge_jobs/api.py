"""The project's API with the secret key, for handlers and commands."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge_jobs.errors import FirmbaseError, Unreachable, from_response
from edge_jobs.settings import Settings

if TYPE_CHECKING:
    from storage3._sync.file_api import SyncBucketProxy
    from supabase import Client


class Api:
    """Each thread has a client of its own; the library is imported with the first call."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._local = threading.local()

    @property
    def client(self) -> "Client":
        if not hasattr(self._local, "client"):
            from supabase import create_client

            self._local.client = create_client(self.settings.url, self.settings.secret_key)
        client: Client = self._local.client
        return client

    def table(self, name: str) -> Any:
        """A query on a table: finish it with `.execute().data`."""
        return self.client.table(name)

    def rpc(self, name: str, **arguments: Any) -> Any:
        """What a function of the database returns. Raises FirmbaseError."""
        with plain_errors():
            return self.client.rpc(name, arguments).execute().data

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

    if isinstance(error, APIError):
        return from_response(Settings.load().url, error.json())
    if isinstance(error, TransportError):
        return Unreachable(url=Settings.load().url, reason=str(error).lower())
    return None
