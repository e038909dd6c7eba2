"""Objects of the storage: fetched to disk, never more of them than was promised, and stored.

As plain requests: the library would import more than a runner needs otherwise, and wrap what is
stored into a form, which costs the storage half as much again."""

import hashlib
import json
from pathlib import Path
from urllib.parse import quote

from edge_jobs.api import Api
from edge_jobs.errors import FirmbaseError, PermanentError, from_response

TIMEOUT_SECONDS = 60
_CHUNK = 256 * 1024


def download(api: Api, bucket: str, path: str, target: Path, size_bytes: int) -> str:
    """Write the object to ``target`` as it comes and return its SHA-256 in hex.

    Raises PermanentError object_missing, or size_mismatch where it is not ``size_bytes`` long.
    """
    digest, received = hashlib.sha256(), 0
    connection = api.connection
    response = connection.open("GET", _path(bucket, path), None, {}, TIMEOUT_SECONDS)
    if response.status != 200:
        raw = connection.read(response)
        if response.status == 404 or b'"404"' in raw:
            raise PermanentError("object_missing", "The uploaded bytes are no longer there.")
        raise _refusal(api, response.status, raw)
    with target.open("wb") as file:
        while received <= size_bytes and (chunk := connection.read(response, _CHUNK)):
            received += len(chunk)
            digest.update(chunk)
            file.write(chunk)
    if received != size_bytes:
        # Nobody reads the rest.
        connection.close()
        raise PermanentError(
            "size_mismatch", f"The stored object does not have the {size_bytes} bytes announced."
        )
    return digest.hexdigest()


def store(api: Api, bucket: str, path: str, content: bytes, kind: str) -> None:
    """Writes an object that a browser may keep for an hour, or the same one again."""
    headers = {"Content-Type": kind, "x-upsert": "true", "Cache-Control": "max-age=3600"}
    status, raw = api.connection.ask("POST", _path(bucket, path), content, headers, TIMEOUT_SECONDS)
    if status != 200:
        raise _refusal(api, status, raw)


def _path(bucket: str, path: str) -> str:
    return f"/storage/v1/object/{quote(bucket)}/{quote(path)}"


def _refusal(api: Api, status: int, raw: bytes) -> FirmbaseError:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    return from_response(api.settings.url, body, status)
