"""What is deleted, after how long, and that somebody has decided it for every table."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cli.local.config import ROOT
from tests.api.world import World
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

Db = psycopg.Connection[Any]

# Tables of the machinery: nothing in them is a firm's, or outlives the job it belongs to.
MACHINERY = {"private.clock_faults", "private.job_clock", "private.job_keys"}
MACHINERY |= {"private.mail_key", "private.retention_clock", "private.scanner"}
MACHINERY |= {f"private.job_{name}" for name in ("buckets", "limits", "parents", "pauses", "stats")}


def rules(db: Db) -> list[tuple[Any, ...]]:
    return db.execute(
        "select table_name, what, keep::text, due, change, why from private.retention_rules()"
    ).fetchall()


def apply(db: Db) -> int:
    """Until nothing is due, as the clock does."""
    done = 0
    while True:
        db.execute("delete from private.retention_clock")
        row = db.execute("select private.apply_retention()").fetchone()
        assert row
        count: int = row[0]
        done += count
        if count < 1000:
            return done


@pytest.fixture
def world(api: Api, db: Db, firm: Firm, visitor: Caller) -> World:
    return World(api, db, firm, visitor, Person(api, "outsider"))


@pytest.fixture
def free_hand(db: Db) -> Iterator[Db]:
    """For moving rows into the past, past the triggers that keep their times."""
    db.execute("set session_replication_role = replica")
    yield db
    db.execute("set session_replication_role = origin")


def test_somebody_decided_for_every_table(db: Db) -> None:
    tables = {
        table
        for (table,) in db.execute(
            "select n.nspname || '.' || c.relname from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')"
        )
    }
    decided = {rule[0] for rule in rules(db)}
    assert tables - MACHINERY == decided
    assert all(why.strip() for *_, why in rules(db))


def test_the_document_says_what_the_rules_do(db: Db) -> None:
    written = (ROOT / "docs" / "retention.md").read_text()
    lines = [
        f"| `{table}` | {what} | {keep or 'as long as the firm'} | {why} |"
        for table, what, keep, _, _, why in rules(db)
    ]
    assert [line for line in written.splitlines() if line.startswith("| `")] == lines


def test_every_rule_finds_its_rows_by_an_index(db: Db) -> None:
    for table, what, _, due, *_ in rules(db):
        if due is None:
            continue
        with db.transaction():
            # A small table is read whole all the same: what counts is that it need not be.
            db.execute("set local enable_seqscan = off")
            plan = db.execute(
                f"explain (format json) select t.ctid from {table} t where {due}".replace(
                    "$1", "now() - interval '1 day'"
                ).encode()
            ).fetchone()
        assert plan
        scanned = plan[0][0]["Plan"]
        assert scanned["Node Type"] != "Seq Scan", (table, what)
        assert "Index" in json.dumps(scanned), (table, what)


# Table to what makes its row old enough, and what keeps it a day too young.
AGED = [
    ("notifications", "read_at = now() - interval '{}'", "181 days", "179 days"),
    ("notifications", "created_at = now() - interval '{}'", "366 days", "364 days"),
    ("emails", "status = 'sent', created_at = now() - interval '{}'", "91 days", "89 days"),
    ("invitations", "revoked_at = now() - interval '{}'", "181 days", "179 days"),
    ("invitations", "expires_at = now() - interval '{}'", "181 days", "179 days"),
    ("imports", "status = 'done', finished_at = now() - interval '{}'", "31 days", "29 days"),
    ("imports", "created_at = now() - interval '{}'", "31 days", "29 days"),
    ("reports", "status = 'failed', finished_at = now() - interval '{}'", "31 days", "29 days"),
    ("files", "status = 'ready', archived_at = now() - interval '{}'", "31 days", "29 days"),
    (
        "files",
        "status = 'failed', reason = 'x', updated_at = now() - interval '{}'",
        "31 days",
        "29 days",
    ),
    ("audit_log", "at = now() - interval '{}'", "3 years 1 day", "2 years 11 months"),
]


@pytest.mark.parametrize(("table", "change", "old", "young"), AGED)
def test_old_rows_go_and_younger_ones_stay(
    world: World, free_hand: Db, table: str, change: str, old: str, young: str
) -> None:
    rows = {age: world.make(table)["id"] for age in (old, young)}
    for age, id in rows.items():
        free_hand.execute(f"update {table} set {change.format(age)} where id = %s", [id])
    free_hand.execute("set session_replication_role = origin")
    apply(free_hand)
    left = free_hand.execute(
        f"select id::text from {table} where id = any (%s::uuid[])", [list(rows.values())]
    ).fetchall()
    assert left == [(rows[young],)]
    assert apply(free_hand) == 0, "twice is once"


def test_what_was_ready_outlives_its_failed_job(world: World, free_hand: Db) -> None:
    kept, purged = (world.make("files")["id"] for _ in range(2))
    for id, reason in ((kept, "exception"), (purged, "purged")):
        free_hand.execute(
            "update files set status = 'failed', ready_at = now() - interval '60 days',"
            " updated_at = now() - interval '31 days', reason = %s where id = %s",
            [reason, id],
        )
    free_hand.execute("set session_replication_role = origin")
    apply(free_hand)
    left = free_hand.execute(
        "select id::text from files where id = any (%s::uuid[])", [[kept, purged]]
    ).fetchall()
    assert left == [(kept,)]


def test_a_merge_is_forgotten_in_part(world: World, db: Db) -> None:
    merge = world.merge()
    assert merge["moved"] != {}
    db.execute(
        "update merge_log set merged_at = now() - interval '31 days' where id = %s", [merge["id"]]
    )
    apply(db)
    (kept,) = created(world.firm.owner.get("merge_log", id=f"eq.{merge['id']}"))
    assert (kept["moved"], kept["filled"]) == ({}, [])
    assert kept["kept_company_id"] == merge["kept_company_id"]
    refused = world.firm.owner.rpc("undo_merge", id=merge["id"])
    assert refused.json()["details"] == "too_late"


@pytest.mark.parametrize(
    ("terms", "kept"),
    [
        ("status = 'active'", True),
        ("status = 'expired', ends_on = (date_trunc('year', now()) - interval '9 years')", True),
        ("status = 'expired', ends_on = (date_trunc('year', now()) - interval '10 years')", True),
        ("status = 'expired', ends_on = (date_trunc('year', now()) - interval '11 years')", False),
        ("status = 'draft', signed_at = null", False),
    ],
)
def test_files_of_a_signed_contract_stay_for_ten_years(
    world: World, free_hand: Db, terms: str, kept: bool
) -> None:
    contract = world.firm.contract(starts_on="2001-01-01", ends_on=None)
    free_hand.execute("update contracts set signed_at = now() where id = %s", [contract["id"]])
    free_hand.execute(f"update contracts set {terms} where id = %s", [contract["id"]])
    file = world.upload(world.firm.owner)
    free_hand.execute(
        "update files set contract_id = %s, status = 'ready',"
        " archived_at = now() - interval '40 days' where id = %s",
        [contract["id"], file["id"]],
    )
    free_hand.execute("set session_replication_role = origin")
    apply(free_hand)
    assert bool(created(world.firm.owner.get("files", id=f"eq.{file['id']}"))) is kept


def test_a_row_that_somebody_holds_stops_no_other(
    world: World, free_hand: Db, stack: RunningStack
) -> None:
    """Restored just now, it stays; and whoever keeps it locked keeps the clock from nothing."""
    restored, gone = (world.upload(world.firm.owner)["id"] for _ in range(2))
    for id in (restored, gone):
        free_hand.execute(
            "update files set status = 'ready', archived_at = now() - interval '40 days'"
            " where id = %s",
            [id],
        )
    free_hand.execute("set session_replication_role = origin")
    with psycopg.connect(stack.superuser_url) as holder:
        holder.execute("update files set archived_at = null where id = %s", [restored])
        free_hand.execute("set lock_timeout = '1s'")
        apply(free_hand)
        free_hand.execute("reset lock_timeout")
        holder.commit()
    apply(free_hand)
    left = created(world.firm.owner.get("files", id=f"in.({restored},{gone})"))
    assert [row["id"] for row in left] == [restored]


def test_an_idle_clock_does_nothing(db: Db) -> None:
    apply(db)
    (due,) = db.execute("select due_at > now() from private.retention_clock").fetchone() or (0,)
    assert due
    assert db.execute("select private.apply_retention()").fetchone() == (0,)
    db.execute("update private.retention_clock set due_at = now() - interval '1 day'")
    db.execute("select private.apply_retention()")
    (due,) = db.execute("select due_at > now() from private.retention_clock").fetchone() or (0,)
    assert due, "an outage is caught up with the next tick"


def test_the_clock_applies_it(db: Db) -> None:
    db.execute("delete from private.retention_clock")
    db.execute("select private.jobs_tick(true)")
    assert db.execute("select count(*) from private.retention_clock").fetchone() == (1,)
    faults = db.execute("select * from private.clock_faults where rule = 'apply_retention'")
    assert faults.fetchall() == []


def archive(db: Db, firm: Firm, age: str) -> None:
    created(firm.owner.rpc("archive_firm", firm_id=firm.id))
    db.execute("set session_replication_role = replica")
    db.execute("update firms set archived_at = now() - %s::interval where id = %s", [age, firm.id])
    db.execute("set session_replication_role = origin")


def reopen(api: Api, firm: Firm) -> Any:
    return api.as_service(
        "PATCH",
        f"/rest/v1/firms?id=eq.{firm.id}",
        json={"archived_at": None},
        headers={"Prefer": "return=representation"},
    )


def test_an_archived_firm_can_be_reopened_for_thirty_days(firm: Firm, db: Db, api: Api) -> None:
    archive(db, firm, "29 days")
    apply(db)
    assert created(reopen(api, firm))[0]["archived_at"] is None
    assert created(firm.owner.get("firms"))[0]["id"] == firm.id
    archive(db, firm, "31 days")
    refused = reopen(api, firm)
    assert (refused.status_code, refused.json()["details"]) == (409, "firm_expired")


def firm_tables(db: Db) -> list[str]:
    return [
        table
        for (table,) in db.execute(
            "select n.nspname || '.' || c.relname from pg_attribute a"
            " join pg_class c on c.oid = a.attrelid and c.relkind = 'r'"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname in ('public', 'private') and a.attname = 'firm_id'"
            " and c.relname not in ('dead_jobs', 'finished_jobs') order by 1"
        )
    ]


def test_an_expired_firm_goes_with_everything_and_no_other(
    world: World, other_firm: Firm, db: Db
) -> None:
    firm = world.firm
    for table in ("files", "reports", "notes", "taggings", "contract_signers", "merge_log"):
        world.make(table)
    parent = firm.contract(kind="framework")
    firm.contract(parent_id=parent["id"], company_id=parent["company_id"])
    file = world.upload(firm.owner)
    other_firm.company()
    db.execute(
        "insert into notifications (firm_id, user_id, dedupe_key, kind, title, link)"
        " select %s, %s, n, 'test', 'x', '/x' from generate_series(1, 2500) n",
        [firm.id, firm.owner.id],
    )
    archive(db, firm, "31 days")
    db.execute("delete from private.retention_clock")
    assert db.execute("select private.apply_retention()").fetchone() == (1000,), "a bite"
    apply(db)
    for table in firm_tables(db):
        counted = db.execute(
            f"select count(*) from {table} where firm_id = %s".encode(), [firm.id]
        ).fetchone()
        assert counted == (0,), table
    doomed = db.execute("select 1 from private.doomed_objects where path = %s", [file["path"]])
    assert doomed.fetchone(), "its objects go too"
    assert db.execute("select count(*) from firms where id = %s", [firm.id]).fetchone() == (0,)
    assert len(created(other_firm.owner.get("companies"))) == 1
