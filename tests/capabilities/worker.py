"""A worker that runs in the test itself."""

from edge_jobs.api import Api


class Worker(Api):
    """The API as handlers see it, for one that runs in the test itself."""

    def close(self) -> None:
        if rpc := getattr(self._local, "rpc", None):
            rpc.close()
        if client := getattr(self._local, "client", None):
            client.postgrest.aclose()
            client.storage.session.close()
            client.auth.close()
