"""Every caller, on every table and function, against the table of rights."""

import uuid
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from tests.api.matrix import CALLERS, CLOSED_TABLES, MEMBERS, OPERATIONS, RPCS, TABLES
from tests.api.world import CHANGES, NEW_ROWS, Row, World
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created


@pytest.fixture(scope="module")
def world(stack: RunningStack, api: Api, visitor: Caller) -> Iterator[World]:
    with psycopg.connect(stack.superuser_url, autocommit=True) as db:
        firm = Firm(api)
        db.execute("update firms set seat_limit = 1000 where id = %s", (firm.id,))
        yield World(api, db, firm, visitor, Person(api, "outsider"))


KEYS = {"firm_members": ("firm_id", "user_id"), "consultant_private": ("consultant_id",)}


def attempt(world: World, caller: Caller, table: str, operation: str) -> httpx.Response | None:
    if operation == "create":
        return caller.insert(table, NEW_ROWS[table](world))
    row = world.own(table, caller) if operation.endswith("own") else world.row(table)
    if row is None:
        return None
    keys = KEYS.get(table, ("id",))
    where = {key: f"eq.{row[key]}" for key in keys}
    if operation.startswith("read"):
        return caller.get(table, **where)
    if operation == "delete":
        return caller.delete(table, **where)
    if not operation.startswith("archive"):
        return caller.update(table, CHANGES[table], **where)
    answer = caller.update(table, {"archived_at": "now"}, **where)
    if answer.is_success and answer.json():
        restored = caller.update(table, {"archived_at": None}, **where)
        assert created(restored)[0]["archived_at"] is None
    return answer


TABLE_CASES = [
    (table, operation, caller)
    for table, rights in TABLES.items()
    for operation in OPERATIONS
    if operation in rights or operation == "delete"
    for caller in CALLERS
]


@pytest.mark.parametrize(("table", "operation", "caller"), TABLE_CASES)
def test_table(world: World, table: str, operation: str, caller: str) -> None:
    answer = attempt(world, world.caller(caller), table, operation)
    allowed = caller in TABLES[table].get(operation, frozenset())
    if answer is None:
        assert not allowed
    elif allowed:
        assert created(answer), f"{caller} may {operation} {table}, but nothing came back"
    elif answer.is_success:
        assert answer.json() == [], f"{caller} must not {operation} {table}"
    else:
        assert answer.status_code == (401 if caller == "visitor" else 403), answer.text


@pytest.mark.parametrize("caller", ["outsider", "removed", "suspended"])
def test_attack_02_and_18_strangers_count_no_rows(world: World, caller: str) -> None:
    """Without any filter, on every table."""
    for table in TABLES.keys() - CLOSED_TABLES:
        world.row(table)
        answer = world.caller(caller).rest("GET", table, headers={"Prefer": "count=exact"})
        own = 1 if table == "profiles" else 0
        assert answer.headers["content-range"].split("/")[1] == str(own), table


def uploaded(world: World, caller: Caller, name: str) -> Row:
    """An upload whose bytes have arrived, begun by the caller if that is possible."""
    by = caller if isinstance(caller, Person) and name in MEMBERS else world.firm.owner
    file = world.upload(by)
    world.db.execute(
        "insert into storage.objects (bucket_id, name, metadata)"
        " values (%s, %s, jsonb_build_object('size', 9))",
        (file["bucket"], file["path"]),
    )
    return file


def invited(world: World, caller: Caller) -> str:
    """The token of an invitation to the caller's own address, also where none would be sent."""
    email = caller.email if isinstance(caller, Person) else "visitor@example.com"
    invitation = world.invitation()
    world.db.execute("update invitations set email = %s where id = %s", (email, invitation["id"]))
    return str(invitation["token"])


def unsubscribing(world: World) -> str:
    """The token of an invitation's mail."""
    query = "select private.unsubscribe_token('a@example.com', %s, 'invitation')"
    return str((world.db.execute(query, (world.firm.id,)).fetchone() or (None,))[0])


ARGUMENTS: dict[str, Callable[[World, Caller, str], Row]] = {
    "create_firm": lambda w, c, n: {"name": "Mine", "slug": f"mine-{uuid.uuid4().hex[:8]}"},
    "archive_firm": lambda w, c, n: {"firm_id": w.firm.id},
    "invite_member": lambda w, c, n: {
        "firm_id": w.firm.id,
        "email": f"{uuid.uuid4().hex}@example.com",
        "role": "member",
    },
    "resend_invitation": lambda w, c, n: {"invitation_id": w.invitation()["id"]},
    "revoke_invitation": lambda w, c, n: {"invitation_id": w.invitation()["id"]},
    "accept_invitation": lambda w, c, n: {"token": invited(w, c)},
    "change_role": lambda w, c, n: {
        "firm_id": w.firm.id,
        "user_id": w.new_member(),
        "role": "member",
    },
    "suspend_member": lambda w, c, n: {"firm_id": w.firm.id, "user_id": w.new_member()},
    "reinstate_member": lambda w, c, n: {"firm_id": w.firm.id, "user_id": w.new_member()},
    "remove_member": lambda w, c, n: {"firm_id": w.firm.id, "user_id": w.new_member()},
    "leave_firm": lambda w, c, n: {"firm_id": w.firm.id},
    "transfer_ownership": lambda w, c, n: {"firm_id": w.firm.id, "user_id": w.new_member()},
    "link_consultant": lambda w, c, n: {
        "consultant_id": w.firm.consultant()["id"],
        "user_id": w.new_member(),
    },
    "portal_contracts": lambda w, c, n: {},
    "my_firms": lambda w, c, n: {},
    "delete_account": lambda w, c, n: {},
    "transition_contract": lambda w, c, n: {
        "id": w.firm.contract()["id"],
        "to_status": "in_review",
    },
    "renew_contract": lambda w, c, n: {"id": w.contract("signed")["id"]},
    "amend_contract": lambda w, c, n: {"id": w.contract("signed")["id"]},
    "terminate_contract": lambda w, c, n: {"id": w.contract("active")["id"], "reason": "Budget"},
    "withdraw_termination": lambda w, c, n: {"id": w.contract("active")["id"]},
    "view_signing": lambda w, c, n: {"token": w.signing()["token"]},
    "sign_contract": lambda w, c, n: {"token": w.signing()["token"], "name": "Ada Marsh"},
    "decline_contract": lambda w, c, n: {"token": w.signing()["token"], "reason": "Too dear"},
    "resend_signing": lambda w, c, n: {"signer_id": w.signing()["id"]},
    "unsubscribe": lambda w, c, n: {"token": unsubscribing(w)},
    "notification_settings": lambda w, c, n: {"firm_id": w.firm.id},
    "set_notification": lambda w, c, n: {
        "firm_id": w.firm.id,
        "kind": "report_ready",
        "delivery": "digest",
    },
    "merge_companies": lambda w, c, n: {
        "kept_id": w.firm.company()["id"],
        "merged_id": w.firm.company()["id"],
    },
    "merge_consultants": lambda w, c, n: {
        "kept_id": w.firm.consultant()["id"],
        "merged_id": w.firm.consultant()["id"],
    },
    "undo_merge": lambda w, c, n: {"id": w.merge()["id"]},
    "erase_consultant": lambda w, c, n: {"id": w.firm.consultant()["id"], "note": "By letter"},
    "erase_contact": lambda w, c, n: {"id": w.firm.contact()["id"], "note": "By letter"},
    "begin_upload": lambda w, c, n: w.document(),
    "finish_upload": lambda w, c, n: {"file_id": uploaded(w, c, n)["id"]},
    "cancel_upload": lambda w, c, n: {
        "file_id": w.upload(c if isinstance(c, Person) and n in MEMBERS else w.firm.owner)["id"]
    },
    "open_file": lambda w, c, n: {"file_id": w.stored("ready")["id"]},
    "release_file": lambda w, c, n: {
        "file_id": w.stored("quarantined")["id"],
        "note": "Looked at it",
    },
    "purge_file": lambda w, c, n: {"file_id": w.stored("quarantined")["id"]},
    "reprocess_file": lambda w, c, n: {"file_id": w.stored("ready")["id"]},
    "restore_version": lambda w, c, n: {"file_id": w.older_version()["id"]},
    "request_report": lambda w, c, n: {
        "firm_id": w.firm.id,
        "kind": "contract_portfolio",
        "format": "csv",
    },
    "export_firm": lambda w, c, n: {"firm_id": w.firm.id},
    "begin_import": lambda w, c, n: {
        "firm_id": w.firm.id,
        "kind": "companies",
        "name": "a.csv",
        "size_bytes": 9,
    },
    "start_import": lambda w, c, n: {"import_id": w.begun_import(w.firm.owner)["id"]},
    "cancel_import": lambda w, c, n: {"import_id": w.begun_import(w.firm.owner)["id"]},
    "search": lambda w, c, n: {"firm_id": w.firm.id, "query": "harbour"},
    "bulk_edit": lambda w, c, n: {
        "entity": "companies",
        "ids": [w.firm.company()["id"]],
        "changes": {"industry": "Food"},
    },
    "timeline": lambda w, c, n: {"entity": "company", "id": w.firm.company()["id"]},
    "access_review": lambda w, c, n: {"firm_id": w.firm.id},
}


@pytest.fixture
def unharmed(world: World) -> Iterator[None]:
    """Puts the firm and the memberships of its people back as they were."""
    everybody = [world.caller(name) for name in CALLERS if name != "visitor"]
    people = [person.id for person in everybody if isinstance(person, Person)]
    query = "select * from firm_members where firm_id = %s and user_id = any (%s::uuid[])"
    before = world.db.execute(query, (world.firm.id, people)).fetchall()
    yield
    if world.db.execute(query, (world.firm.id, people)).fetchall() != before:
        world.db.execute("set session_replication_role = replica")
        world.db.execute(
            "delete from firm_members where firm_id = %s and user_id = any (%s::uuid[])",
            (world.firm.id, people),
        )
        for row in before:
            values = ", ".join(["%s"] * len(row))
            world.db.execute(f"insert into firm_members values ({values})", row)
        world.db.execute("set session_replication_role = origin")
    world.db.execute("update firms set archived_at = null where id = %s", (world.firm.id,))
    world.db.execute(
        "delete from firms where created_by = any (%s::uuid[]) and id <> %s",
        (people, world.firm.id),
    )


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("function", RPCS)
def test_function(world: World, function: str, caller: str) -> None:
    if function == "delete_account":
        # It takes its caller away, so in a world of their own.
        api = world.api
        world = World(api, world.db, Firm(api), world.visitor, Person(api, "outsider"))
    person = world.caller(caller)
    answer = person.rpc(function, **ARGUMENTS[function](world, person, caller))
    if caller in RPCS[function]:
        created(answer)
    elif caller == "visitor":
        assert answer.status_code == 401, answer.text
    else:
        assert answer.status_code in (403, 404, 409), answer.text
        assert answer.json()["details"], "a refusal has a stable code"
