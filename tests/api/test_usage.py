"""How large the project and its firms are, how it grows, and that nobody else learns of it."""

from typing import Any

import psycopg
import pytest

from tests.api.files import service, settled
from tests.people import Caller, Firm, created, today

Db = psycopg.Connection[Any]
FUNCTIONS = ("project_usage", "firm_usage")


def usage(firm: Firm) -> dict[str, Any]:
    found: dict[str, Any] = created(service(firm, "project_usage"))
    return found


def test_the_project_is_measured(firm: Firm, db: Db) -> None:
    before = usage(firm)
    file = settled(firm.member, firm)
    db.execute(
        "insert into private.job_stats (minute, kind, slot, done)"
        " values (now(), 'test.usage', 0, 7)"
    )
    after = usage(firm)
    assert after["file_bytes"] >= before["file_bytes"] + file["size_bytes"]
    assert after["jobs_7_days"] >= before["jobs_7_days"] + 7
    assert after["users"] >= after["active_users"] > 0
    assert after["estimated"] == ["tables.rows"], "small tables are counted whole"
    buckets = {bucket["name"]: bucket for bucket in after["buckets"]}
    assert sum(bucket["bytes"] for bucket in buckets.values()) == after["file_bytes"]
    assert buckets["firm-files"]["objects"] > 0
    sizes = {table["name"]: table["bytes"] for table in after["tables"]}
    assert {"public.files", "auth.users", "storage.objects", "pgmq.q_jobs_low"} <= sizes.keys()
    row = db.execute("select pg_total_relation_size('public.files')").fetchone()
    assert row == (sizes["public.files"],)
    assert sum(sizes.values()) < after["database_bytes"]


def test_a_large_table_is_read_in_samples(firm: Firm, db: Db) -> None:
    with db.transaction(force_rollback=True):
        for number in range(3):
            db.execute(
                "insert into auth.users (id, email, instance_id)"
                " select gen_random_uuid(), format('sample-%%s-%%s@example.com', %s::text, n),"
                " gen_random_uuid() from generate_series(1, 1000) as n",
                [number],
            )
        # What was counted with all of it: a table that is thirty times as large as it is.
        db.execute("update pg_class set reltuples = 200000 where oid = 'auth.users'::regclass")
        row = db.execute(
            "select private.sample_percent('auth.users'), u.users, (select count(*)"
            " from auth.users) from private.measure_usage() as u"
        ).fetchone()
    assert row
    percent, estimate, counted = row
    assert percent == 50
    assert counted / 3 < estimate < counted * 3


def test_a_firm_has_its_part(firm: Firm, other_firm: Firm) -> None:
    settled(firm.member, firm)
    file = settled(firm.member, firm)
    (found,) = created(service(firm, "firm_usage", of_firm=firm.id))
    (other,) = created(service(firm, "firm_usage", of_firm=other_firm.id))
    assert (found["files"], other["files"]) == (2, 0)
    assert (found["file_bytes"], other["file_bytes"]) == (2 * file["size_bytes"], 0)
    assert (found["object_bytes"], other["object_bytes"]) == (2 * file["size_bytes"], 0)
    assert found["row_count"] > other["row_count"] > found["members"] > 1
    assert usage(firm)["database_bytes"] > found["database_bytes"] > other["database_bytes"] > 0


def test_firms_come_in_pages(firm: Firm, other_firm: Firm) -> None:
    last, seen = None, []
    while page := created(service(firm, "firm_usage", max_rows=1, after_slug=last)):
        (row,) = page
        last = row["slug"]
        seen.append(row["firm_id"])
        if {firm.id, other_firm.id} <= set(seen):
            break
    assert len(seen) == len(set(seen)) >= 2


def test_a_day_is_kept_once_and_growth_is_their_slope(firm: Firm, db: Db) -> None:
    with db.transaction(force_rollback=True):
        db.execute("delete from private.usage_days where day <= current_date")
        assert db.execute("select private.record_usage()").fetchone() == (1,)
        assert db.execute("select private.record_usage()").fetchone() == (0,)
        days = db.execute("select day, database_bytes > 0, users > 0 from private.usage_days")
        assert days.fetchall() == [(today(), True, True)]
        db.execute("delete from private.usage_days where day <= current_date")
        # A month with gaps, a thousand bytes more each day; what is older does not count.
        db.execute(
            "insert into private.usage_days"
            " select current_date - n, 1000000 - 1000 * n, 0, 9, 9, 0, 1"
            " from generate_series(1, 30, 3) as n"
        )
        db.execute(
            "insert into private.usage_days values (current_date - 95, 9000000, 0, 9, 9, 0, 1)"
        )
        row = db.execute("select private.usage_growth()").fetchone()
    assert row
    assert row[0] == {
        "days": 10,
        "database_bytes": 1000,
        "file_bytes": 0,
        "active_users": 0,
        "mails": 0,
        "firms": 0,
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_attack_01_sizes_are_for_the_secret_key(
    firm: Firm, other_firm: Firm, visitor: Caller, function: str
) -> None:
    people = (visitor, firm.viewer, firm.member, firm.manager, firm.admin, firm.owner)
    arguments = [{}] if function == "project_usage" else [{}, {"of_firm": other_firm.id}]
    for caller in people:
        for given in arguments:
            answer = caller.rpc(function, **given)
            assert answer.status_code in (401, 403)
            assert answer.json()["code"] == "42501"
            assert other_firm.id not in answer.text


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_attack_35_days_and_helpers_are_closed(db: Db, role: str) -> None:
    for statement in (
        "select * from private.usage_days",
        "select private.measure_usage()",
        "select private.record_usage()",
        "select private.usage_growth()",
        "select private.row_estimate('public.files'::regclass)",
        "select private.sample_percent('auth.users')",
    ):
        with db.transaction(force_rollback=True):
            db.execute(f"set local role {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement.encode())
