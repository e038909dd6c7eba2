"""Every list, filter and sort of the frontend reaches its index through row security.

A list without a filter sorts by firm first: the index has that order for all firms of the caller,
and the planner knows how few rows of it a page takes. Where a policy has several ways in, the
client names its firm.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cli.schema.build import build_from_sql, database_of, scratch, with_database
from tests.conftest import RunningStack

FILL = Path(__file__).with_name("fill.sql")

# What is asked of the database, and the index that has to answer. `{firm}` names the caller's firm,
# `{id}` is the key of some other row.
PLANS = {
    # companies
    "companies order by firm_id, created_at desc, id": "companies_firm_id_created_at_idx",
    "companies where created_at < '2026-01-05' order by firm_id, created_at desc, id": (
        "companies_firm_id_created_at_idx"
    ),
    "companies where status = 'active'": "companies_firm_id_status_idx",
    "companies where owner_id = {id}": "companies_firm_id_owner_id_idx",
    "companies where external_ref = 'x' and archived_at is null": (
        "companies_firm_id_external_ref_idx"
    ),
    "companies where tax_id = 'x' and archived_at is null": "companies_firm_id_tax_id_idx",
    "companies where name = 'x' and archived_at is null": "companies_firm_id_name_idx",
    # firm_members, invitations
    "firm_members where {firm}": "firm_members_pkey",
    "firm_members where user_id = {id}": "firm_members_user_id_status_idx",
    "invitations order by firm_id, created_at desc, id": "invitations_firm_id_created_at_idx",
    "invitations where accepted_at is null and revoked_at is null order by firm_id, email": (
        "invitations_firm_id_email_open_idx"
    ),
    # contacts
    "contacts order by firm_id, created_at desc, id": "contacts_firm_id_created_at_idx",
    "contacts where company_id = {id}": "contacts_firm_id_company_id_idx",
    "contacts where email = 'ada@example.com'": "contacts_firm_id_email_idx",
    # consultants
    "consultants where {firm} and external_ref = 'x' and archived_at is null": (
        "consultants_firm_id_external_ref_idx"
    ),
    "consultants where {firm} and name = 'x' and archived_at is null": (
        "consultants_firm_id_name_idx"
    ),
    # contracts
    "contracts order by firm_id, created_at desc, id": "contracts_firm_id_created_at_idx",
    "contracts where {firm} order by created_at desc, id": "contracts_firm_id_created_at_idx",
    "contracts where created_at < '2026-01-05' order by firm_id, created_at desc, id": (
        "contracts_firm_id_created_at_idx"
    ),
    "contracts order by firm_id desc, number desc": "contracts_number_key",
    "contracts where number = 7": "contracts_number_key",
    "contracts where status = 'draft'": "contracts_firm_id_status_ends_on_idx",
    "contracts where status = 'active' order by firm_id, ends_on": (
        "contracts_firm_id_status_ends_on_idx"
    ),
    "contracts where status = 'active' and ends_on <= '2026-02-01' order by firm_id, ends_on": (
        "contracts_firm_id_status_ends_on_idx"
    ),
    "contracts where status = 'active' and ends_on between '2026-02-01' and '2026-03-01'": (
        "contracts_firm_id_status_ends_on_idx"
    ),
    "contracts where company_id = {id}": "contracts_firm_id_company_id_idx",
    "contracts where consultant_id = {id}": "contracts_firm_id_consultant_id_idx",
    "contracts where status = 'active' and auto_renew order by firm_id, cancel_by": (
        "contracts_firm_id_cancel_by_idx"
    ),
    "contracts where parent_id = {id}": "contracts_firm_id_parent_id_idx",
    "contracts where renewed_from_id = {id}": "contracts_firm_id_renewed_from_id_idx",
    "contracts where amended_from_id = {id}": "contracts_firm_id_amended_from_id_idx",
    "contract_consultants where contract_id = {id}": (
        "contract_consultants_firm_id_contract_id_idx"
    ),
    "contract_consultants where consultant_id = {id}": (
        "contract_consultants_firm_id_consultant_id_idx"
    ),
    "contract_signers where contract_id = {id} order by firm_id, sign_order": (
        "contract_signers_firm_id_contract_id_idx"
    ),
    "contract_events where contract_id = {id} order by firm_id, at": (
        "contract_events_firm_id_contract_id_at_idx"
    ),
    # files
    "files where {firm} and company_id = {id}": "files_firm_id_company_id_idx",
    "files where {firm} and contact_id = {id}": "files_firm_id_contact_id_idx",
    "files where {firm} and consultant_id = {id}": "files_firm_id_consultant_id_idx",
    "files where {firm} and contract_id = {id}": "files_firm_id_contract_id_idx",
    # file_accesses, file_releases
    "file_accesses order by firm_id, opened_at desc, id": "file_accesses_firm_id_opened_at_idx",
    "file_accesses where file_id = {id} order by firm_id, opened_at desc": (
        "file_accesses_firm_id_file_id_opened_at_idx"
    ),
    "file_accesses where user_id = {id} order by firm_id, opened_at desc": (
        "file_accesses_firm_id_user_id_opened_at_idx"
    ),
    "file_releases order by firm_id, released_at desc, id": "file_releases_firm_id_released_at_idx",
    "file_releases where file_id = {id}": "file_releases_firm_id_file_id_idx",
    # notes, tags
    "notes order by firm_id, created_at desc, id": "notes_firm_id_created_at_idx",
    "notes where company_id = {id} order by firm_id, created_at desc": (
        "notes_firm_id_company_id_idx"
    ),
    "notes where contact_id = {id} order by firm_id, created_at desc": (
        "notes_firm_id_contact_id_idx"
    ),
    "notes where consultant_id = {id} order by firm_id, created_at desc": (
        "notes_firm_id_consultant_id_idx"
    ),
    "notes where contract_id = {id} order by firm_id, created_at desc": (
        "notes_firm_id_contract_id_idx"
    ),
    "tags order by firm_id, created_at desc, id": "tags_firm_id_created_at_idx",
    "taggings where tag_id = {id}": "taggings_firm_id_tag_id_idx",
    "taggings where company_id = {id}": "taggings_firm_id_company_id_idx",
    "taggings where contact_id = {id}": "taggings_firm_id_contact_id_idx",
    "taggings where consultant_id = {id}": "taggings_firm_id_consultant_id_idx",
    "taggings where contract_id = {id}": "taggings_firm_id_contract_id_idx",
    # merge_log
    "merge_log order by firm_id, merged_at desc, id": "merge_log_firm_id_merged_at_idx",
    "merge_log where kept_company_id = {id}": "merge_log_firm_id_kept_company_id_idx",
    "merge_log where merged_company_id = {id}": "merge_log_firm_id_merged_company_id_idx",
    # erasures, firm_exports
    "erasures order by firm_id, erased_at desc, id": "erasures_firm_id_erased_at_idx",
    "firm_exports order by firm_id, created_at desc, id": "firm_exports_firm_id_created_at_idx",
    # saved_views, audit_log
    "saved_views where entity = 'contracts'": "saved_views_firm_id_entity_idx",
    "audit_log order by firm_id, at desc, id": "audit_log_firm_id_at_idx",
    "audit_log where row_id = {id} order by firm_id, at desc": "audit_log_firm_id_row_id_at_idx",
    "audit_log where actor = {id} order by firm_id, at desc": "audit_log_firm_id_actor_at_idx",
    # notifications
    "notifications order by firm_id, created_at desc, id": (
        "notifications_firm_id_user_id_created_at_idx"
    ),
    "notifications where read_at is null order by firm_id, created_at desc, id": (
        "notifications_firm_id_user_id_created_at_idx"
    ),
}
# Lists of tables whose policies have several ways in. Each way has an index of its own: the rows of
# the firm are read whole and then sorted, which costs more the larger the firm.
UNSORTED = (
    "consultants where {firm} order by created_at desc, id",
    "consultants where {firm} and status = 'on_leave'",
    "files where {firm} order by created_at desc, id",
    "files where {firm} and status = 'failed'",
    "imports where {firm} order by created_at desc, id",
    "reports where {firm} order by created_at desc, id",
)
# Few rows, or asked for by their key alone.
UNLISTED = {"firms", "profiles", "consultant_private", "notification_preferences"}
PAGE = 20
SCANS = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")

Node = dict[str, Any]


@pytest.fixture(scope="module")
def full(stack: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """A database of the project with many firms, as the superuser."""
    with scratch(stack.db_url) as url:
        build_from_sql(url)
        url = with_database(stack.superuser_url, database_of(url))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL.read_bytes())
            yield connection


def plan(connection: psycopg.Connection[Any], query: str) -> list[Node]:
    """The nodes of the plan of a query's first page, made for the caller."""
    row = connection.execute(
        "select md5('firm 0')::uuid, md5('row 7')::uuid, md5('caller')::uuid"
    ).fetchone()
    assert row
    firm, some_id, caller = row
    text = query.format(firm=f"firm_id = '{firm}'", id=f"'{some_id}'")
    with connection.transaction():
        connection.execute("set local role authenticated")
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(caller)})]
        )
        explained = connection.execute(
            f"explain (format json) select * from public.{text} limit {PAGE}".encode()
        ).fetchone()
    assert explained
    return list(walk(explained[0][0]["Plan"]))


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


def scans_of(nodes: list[Node]) -> list[Node]:
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"], nodes
    return [node for node in nodes if node["Node Type"] in SCANS]


def check(connection: psycopg.Connection[Any], query: str, index: str) -> None:
    """The plan reads this index alone, bounded by firm or user, and in the order asked for."""
    nodes = plan(connection, query)
    scans = scans_of(nodes)
    assert [scan["Index Name"] for scan in scans] == [index], nodes
    owner = "user_id" if "members_user_id" in index else "firm_id"
    assert f"({owner} = " in scans[0].get("Index Cond", ""), scans
    if " order by " in query:
        assert not [node for node in nodes if node["Node Type"] == "Sort"], nodes


@pytest.mark.parametrize("query", PLANS)
def test_a_query_reaches_its_index(full: psycopg.Connection[Any], query: str) -> None:
    check(full, query, PLANS[query])


@pytest.mark.parametrize("query", UNSORTED)
def test_a_list_of_many_ways_stays_in_the_firm(full: psycopg.Connection[Any], query: str) -> None:
    scans = scans_of(plan(full, query))
    assert scans
    for scan in scans:
        assert re.search(r"\((firm_id|id|requested_by) = ", scan.get("Index Cond", "")), scan


def test_every_table_people_read_is_here(full: psycopg.Connection[Any]) -> None:
    readable = {
        table
        for (table,) in full.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and has_table_privilege('authenticated', oid, 'select')"
        )
    }
    listed = {query.split()[0] for query in (*PLANS, *UNSORTED)}
    assert readable == listed | UNLISTED


def test_a_missing_index_shows(full: psycopg.Connection[Any]) -> None:
    query, index = next(iter(PLANS.items()))
    with full.transaction(force_rollback=True):
        full.execute(sql.SQL("drop index public.{}").format(sql.Identifier(index)))
        with pytest.raises(AssertionError):
            check(full, query, index)


def test_a_policy_that_hides_the_index_shows(full: psycopg.Connection[Any]) -> None:
    query, index = next(iter(PLANS.items()))
    with full.transaction(force_rollback=True):
        full.execute(
            "alter policy companies_select on public.companies"
            " using (firm_id in (select private.firm_ids()))"
        )
        with pytest.raises(AssertionError):
            check(full, query, index)


def timeline(connection: psycopg.Connection[Any], entity: str) -> list[Node]:
    """The nodes of the statement inside the function timeline, as it ran for the caller."""
    said: list[str] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    connection.execute("load 'auto_explain'")
    for setting in (
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_analyze = on",
        "auto_explain.log_format = json",
        "client_min_messages = log",
        "role = authenticated",
    ):
        connection.execute(f"set local {setting}".encode())
    connection.execute(
        "select set_config('request.jwt.claims',"
        " json_build_object('sub', md5('caller')::uuid)::text, true)"
    )
    connection.execute("select * from public.timeline(%s, md5('row 3')::uuid)", [entity])
    plans = [json.loads(text[text.index("{") :]) for text in said if "happened" in text]
    assert len(plans) == 1
    return list(walk(plans[0]["Plan"]))


@pytest.mark.parametrize("entity", ["company", "contact", "consultant", "contract"])
def test_a_timeline_reads_what_it_shows(full: psycopg.Connection[Any], entity: str) -> None:
    with full.transaction(force_rollback=True):
        full.execute(
            sql.SQL(
                "insert into public.notes (firm_id, {column}, body, created_at)"
                " select firm_id, id, 'Note', at + many.n * interval '1 second'"
                " from spread, generate_series(1, 20000) as many (n) where spread.n = 3"
            ).format(column=sql.Identifier(f"{entity}_id"))
        )
        full.execute("analyze public.notes")
        nodes = timeline(full, entity)
    scans = [node for node in nodes if "Index Name" in node and node["Actual Loops"]]
    notes = [node for node in scans if node.get("Relation Name") == "notes"]
    assert [node["Index Name"] for node in notes] == [f"notes_firm_id_{entity}_id_idx"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) < 500
    # None but that of profiles, which are few here.
    whole = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
    assert set(whole) <= {"profiles"}
