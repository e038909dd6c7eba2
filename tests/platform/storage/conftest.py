from tests.platform.storage.buckets import (
    bucket,
    make_bucket,
    other,
    policy,
    public_bucket,
    storage_http,
    user,
)

__all__ = [
    "bucket",
    "make_bucket",
    "other",
    "policy",
    "public_bucket",
    "storage_http",
    "user",
]
