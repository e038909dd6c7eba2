"""Objects of the storage: fetched to disk, never more of them than was promised, and stored."""

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
    digest, received = hashlib.sha256(), 0
    with (
        target.open("wb") as file,
        # The client's own connection: another would begin with its certificates.
        api.client.storage.session.stream(
            "GET", _url(api, bucket, path), timeout=TIMEOUT_SECONDS
        ) as response,
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


def store(api: Api, bucket: str, path: str, content: bytes, kind: str) -> None:
    """Writes an object that a browser may keep for an hour, or the same one again.

    As it is: the library would wrap it into a form, which costs the storage half as much again."""
    headers = {"content-type": kind, "x-upsert": "true", "cache-control": "max-age=3600"}
    session = api.client.storage.session
    answer = session.post(
        _url(api, bucket, path), content=content, headers=headers, timeout=TIMEOUT_SECONDS
    )
    answer.raise_for_status()


def _url(api: Api, bucket: str, path: str) -> str:
    return f"{api.settings.url}/storage/v1/object/{quote(bucket)}/{quote(path)}"
