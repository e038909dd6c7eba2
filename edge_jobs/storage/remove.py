"""objects.remove: take away the objects nothing needs any more, as the database names them."""

import time
from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from edge_jobs.api import plain_errors
from edge_jobs.errors import Snooze
from edge_jobs.registry import Job, handler

# After this the job goes back into the queue, so that others get their turn.
WORK_S = 60


class ObjectsRemove(BaseModel):
    """Nothing: what is to go is the database's to say, never a payload's."""


@handler("objects.remove", payload=ObjectsRemove, timeout_s=180)
def remove(job: Job, payload: ObjectsRemove) -> dict[str, Any]:
    """A crash between removing and telling removes again what is gone, which is no error."""
    end, removed = time.monotonic() + WORK_S, 0
    while doomed := job.api.rpc("doomed_objects"):
        paths = defaultdict(list)
        for entry in doomed:
            paths[entry["bucket"]].append(entry["path"])
        for bucket, names in paths.items():
            job.heartbeat()
            with plain_errors():
                job.api.storage(bucket).remove(names)
            job.api.rpc("forget_objects", bucket=bucket, paths=names)
            removed += len(names)
        if time.monotonic() > end:
            raise Snooze(0)
    return {"removed": removed}
