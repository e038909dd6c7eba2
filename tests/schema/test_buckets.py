"""No bucket is without its rights in the matrix."""

import psycopg

from tests.api.matrix import BUCKETS


def test_attack_51_every_bucket_is_in_the_matrix(declared: str) -> None:
    with psycopg.connect(declared) as connection:
        found = connection.execute("select id from storage.buckets order by 1").fetchall()
    assert [id for (id,) in found] == sorted(BUCKETS)
