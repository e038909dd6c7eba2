"""Fetch an object of the storage to disk, never more of it than was promised."""

import hashlib
from pathlib import Path
from urllib.parse import quote

from edge_jobs.api import Api
from edge_jobs.errors import PermanentError

TIMEOUT_SECONDS = 60


def download(api: Api, bucket: str, path: str, target: Path, size_bytes: int) -> str:
    """Write the object to ``target`` as it comes and return its SHA-256 in hex.

    Raises PermanentError object_missing, or size_mismatch where it is not ``size_bytes`` long.
    """
    url = f"{api.settings.url}/storage/v1/object/{quote(bucket)}/{quote(path)}"
    digest, received = hashlib.sha256(), 0
    with (
        target.open("wb") as file,
        # The client's own connection: another would begin with its certificates.
        api.client.storage.session.stream("GET", url, timeout=TIMEOUT_SECONDS) as response,
    ):
        if response.is_error:
            response.read()
            if response.status_code == 404 or '"404"' in response.text:
                raise PermanentError("object_missing", "The uploaded bytes are no longer there.")
            response.raise_for_status()
        for chunk in response.iter_bytes():
            received += len(chunk)
            if received > size_bytes:
                break
            digest.update(chunk)
            file.write(chunk)
    if received != size_bytes:
        raise PermanentError(
            "size_mismatch", f"The stored object does not have the {size_bytes} bytes announced."
        )
    return digest.hexdigest()
