"""A firm that requires a second factor: without one nobody has a right in it, whoever they are."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.matrix import CLOSED_TABLES, OPERATIONS, RPCS, TABLES
from tests.api.test_rights import ARGUMENTS, attempt
from tests.api.world import World
from tests.authenticator import refresh, step_up
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created
from tests.platform.live import connected, follow

Db = psycopg.Connection[Any]

CONTENT = b"%PDF-1.4 strict"
# What is about the caller's own account, or needs no more than the token of a mail.
OUTSIDE = {
    "create_firm",
    "accept_invitation",
    "my_firms",
    "delete_account",
    "view_signing",
    "sign_contract",
    "decline_contract",
    "unsubscribe",
}
WEAK = ("owner", "admin", "member", "portal")


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def require(firm: Firm, required: bool = True) -> httpx.Response:
    return firm.owner.update("firms", {"require_mfa": required}, id=f"eq.{firm.id}")


def strict(firm: Firm) -> Firm:
    """Its owner has a second factor and has made it a duty; the others have none yet."""
    step_up(firm.owner)
    assert created(require(firm))[0]["require_mfa"] is True
    return firm


@pytest.fixture(scope="module")
def world(stack: RunningStack, api: Api, visitor: Caller) -> Iterator[World]:
    """A strict firm with a row in each table."""
    with psycopg.connect(stack.superuser_url, autocommit=True) as db:
        firm = Firm(api)
        db.execute("update firms set seat_limit = 1000 where id = %s", (firm.id,))
        yield World(api, db, strict(firm), visitor, Person(api, "outsider"))


@pytest.fixture(scope="module")
def weak(world: World) -> dict[str, Person]:
    """Sessions by password alone, of each role."""
    firm = world.firm
    return {
        "owner": firm.join("owner"),
        "admin": firm.admin,
        "member": firm.member,
        "portal": firm.portal,
    }


@pytest.mark.parametrize("caller", WEAK)
@pytest.mark.parametrize("table", TABLES)
def test_attack_44_every_table_without_the_factor(
    world: World, weak: dict[str, Person], table: str, caller: str
) -> None:
    if table not in CLOSED_TABLES:
        assert world.row(table), "there is a row to be seen"
        rows = created(weak[caller].get(table))
        assert [row["id"] for row in rows] == [weak[caller].id] if table == "profiles" else not rows
    for operation in OPERATIONS:
        if operation not in TABLES[table].keys() | {"delete"}:
            continue
        if table == "profiles" and operation.endswith("own"):
            continue
        answer = attempt(world, weak[caller], table, operation)
        assert answer is None or not answer.is_success or answer.json() == [], operation


@pytest.mark.parametrize("caller", WEAK)
@pytest.mark.parametrize("function", sorted(RPCS.keys() - OUTSIDE))
def test_attack_44_every_function_without_the_factor(
    world: World, weak: dict[str, Person], function: str, caller: str
) -> None:
    answer = weak[caller].rpc(function, **ARGUMENTS[function](world, weak[caller], "stranger"))
    if function == "portal_contracts":
        assert created(answer) == []
        return
    if function == "bulk_edit":
        assert created(answer)["changed"] == 0
        return
    assert answer.status_code in (403, 404), answer.text
    assert answer.json()["details"], "a refusal has a stable code"


def test_attack_44_files_and_listings_without_the_factor(firm: Firm, db: Db) -> None:
    member, portal = firm.member, firm.portal
    document = {"firm_id": firm.id, "size_bytes": len(CONTENT), "mime": "application/pdf"}
    shared = {"consultant_id": firm.portal_consultant["id"], "visibility": "portal"}

    def begin(person: Person, name: str) -> dict[str, Any]:
        by_portal = shared if person is portal else {}
        file: dict[str, Any] = created(
            person.rpc("begin_upload", name=name, **document, **by_portal)
        )
        return file

    done = created(firm.owner.rpc("begin_upload", name="a.pdf", **document, **shared))
    created(firm.owner.upload(done["path"], CONTENT, "application/pdf"))
    db.execute("update files set status = 'ready' where id = %s", (done["id"],))
    begun = {person: begin(person, "b.pdf") for person in (member, portal)}
    strict(firm)

    def read(person: Person) -> httpx.Response:
        person.rpc("open_file", file_id=done["id"])
        path = f"/storage/v1/object/authenticated/firm-files/{done['path']}"
        return person.send("GET", path)

    def sign(person: Person) -> httpx.Response:
        person.rpc("open_file", file_id=done["id"])
        path = f"/storage/v1/object/sign/firm-files/{done['path']}"
        return person.send("POST", path, json={"expiresIn": 60})

    def listing(person: Person) -> list[Any]:
        found: list[Any] = created(
            person.send("POST", "/storage/v1/object/list/firm-files", json={"prefix": firm.id})
        )
        return found

    for person, file in begun.items():
        assert not person.upload(file["path"], CONTENT, "application/pdf").is_success
        assert not person.rpc("begin_upload", name="c.pdf", **document, **shared).is_success
        assert not person.rpc("finish_upload", file_id=file["id"]).is_success
        assert not read(person).is_success
        assert not sign(person).is_success
        assert listing(person) == []
    for person, file in begun.items():
        step_up(person)
        created(person.upload(file["path"], CONTENT, "application/pdf"))
        created(person.rpc("finish_upload", file_id=file["id"]))
        assert read(person).content == CONTENT
        created(sign(person))
        assert listing(person)


async def test_attack_44_changes_are_not_heard_without_the_factor(
    stack: RunningStack, firm: Firm, other_firm: Firm
) -> None:
    member = firm.member
    other_firm.join("member", member)
    company = firm.company()["id"]
    elsewhere = other_firm.company()["id"]
    strict(firm)
    async with connected(stack, member.token) as client:
        changes = await follow(client, "notes")
        firm.add("notes", None, {"company_id": company, "body": "secret"})
        other_firm.add("notes", None, {"company_id": elsewhere, "body": "heard"})
        assert (await changes.next())["record"]["body"] == "heard"
    step_up(member)
    async with connected(stack, member.token) as client:
        changes = await follow(client, "notes")
        firm.add("notes", None, {"company_id": company, "body": "no secret"})
        assert (await changes.next())["record"]["body"] == "no secret"


def test_attack_44_with_the_factor_everything_is_as_before(api: Api, firm: Firm, db: Db) -> None:
    admin, member, portal = firm.admin, firm.member, firm.portal
    firm.company()
    strict(firm)
    refused(
        member.rpc("request_report", firm_id=firm.id, kind="x", format="csv"), 403, "mfa_required"
    )
    for person in (admin, member, portal):
        step_up(person)
    assert len(created(member.get("companies"))) == 1
    firm.company(by=member)
    created(admin.rpc("invite_member", firm_id=firm.id, email="a@example.com", role="viewer"))
    own = created(portal.get("consultants"))
    assert [row["id"] for row in own] == [firm.portal_consultant["id"]]
    refresh(member)
    assert len(created(member.get("companies"))) == 2


def test_only_who_has_the_factor_turns_it_on(firm: Firm) -> None:
    for person in (firm.owner, firm.admin):
        answer = person.update("firms", {"require_mfa": True}, id=f"eq.{firm.id}")
        refused(answer, 403, "mfa_required")
        assert answer.json()["hint"]
    assert created(firm.owner.get("firms"))[0]["require_mfa"] is False
    step_up(firm.admin)
    created(firm.admin.update("firms", {"require_mfa": True}, id=f"eq.{firm.id}"))
    assert created(require(firm, False)) == [], "nor does the owner turn it off without one"
    created(firm.admin.update("firms", {"require_mfa": False}, id=f"eq.{firm.id}"))
    assert created(firm.owner.get("firms"))[0]["require_mfa"] is False


def test_who_may_not_change_the_firm_does_not_turn_it_on(firm: Firm) -> None:
    step_up(firm.manager)
    assert created(firm.manager.update("firms", {"require_mfa": True}, id=f"eq.{firm.id}")) == []


@pytest.mark.parametrize("metadata", ["user_metadata", "app_metadata"])
@pytest.mark.parametrize("forged", [{"aal": "aal2"}, {"claims": {"aal": "aal2"}, "amr": "totp"}])
def test_attack_20_forged_level_in_the_metadata(
    firm: Firm, metadata: str, forged: dict[str, Any]
) -> None:
    admin = firm.admin
    strict(firm)
    path = f"/auth/v1/admin/users/{admin.id}"
    created(firm.api.as_service("PUT", path, json={metadata: forged}))
    session = admin.client.auth.get_session()
    assert session
    claims = admin.client.auth.get_claims(session.access_token)
    assert claims
    payload: dict[str, Any] = dict(claims["claims"])
    assert payload[metadata]["aal" if "aal" in forged else "amr"]
    admin.token = session.access_token
    assert created(admin.get("firms")) == []
    refused(
        admin.rpc("invite_member", firm_id=firm.id, email="a@example.com", role="viewer"),
        403,
        "mfa_required",
    )


@pytest.mark.parametrize(
    "claims",
    [{}, {"aal": None}, {"aal": "AAL2"}, {"aal": ["aal2"]}, {"aal": "aal1"}, {"AAL": "aal2"}],
)
def test_attack_20_anything_but_the_level_itself_is_none(
    firm: Firm, db: Db, claims: dict[str, Any]
) -> None:
    strict(firm)
    token = json.dumps({"sub": firm.owner.id, "role": "authenticated"} | claims)
    with db.transaction(force_rollback=True):
        db.execute("select set_config('request.jwt.claims', %s, true)", (token,))
        db.execute("set local role authenticated")
        assert db.execute("select private.firm_ids()").fetchall() == []
        assert db.execute("select count(*) from public.firms").fetchone() == (0,)


def test_my_firms_says_what_is_missing(
    firm: Firm, other_firm: Firm, api: Api, outsider: Person, db: Db
) -> None:
    person = firm.member
    other_firm.join("viewer", person)
    created(other_firm.owner.rpc("suspend_member", firm_id=other_firm.id, user_id=person.id))
    third = Firm(api)
    link = {"consultant_id": third.consultant()["id"], "user_id": person.id}
    created(third.owner.rpc("link_consultant", **link))
    # A member who is a consultant as well is listed once.
    own = {"consultant_id": firm.consultant()["id"], "user_id": person.id}
    created(firm.owner.rpc("link_consultant", **own))
    strict(firm)
    strict(third)

    def mine() -> dict[str, tuple[str, str, bool]]:
        rows = created(person.rpc("my_firms"))
        found = {row["firm_id"]: (row["role"], row["status"], row["needs_mfa"]) for row in rows}
        assert len(found) == len(rows)
        return found

    assert mine() == {
        firm.id: ("member", "active", True),
        other_firm.id: ("viewer", "suspended", False),
        third.id: ("consultant", "active", True),
    }
    row = next(row for row in created(person.rpc("my_firms")) if row["firm_id"] == firm.id)
    assert (row["name"], row["slug"]) == ("Marlow & Partners", firm.slug)
    assert created(outsider.rpc("my_firms")) == []
    step_up(person)
    assert [needs for _, _, needs in mine().values()] == [False, False, False]
    db.execute("update firms set archived_at = now() where id = %s", (firm.id,))
    db.execute("update consultants set status = 'inactive' where firm_id = %s", (third.id,))
    assert mine().keys() == {other_firm.id}


def test_what_is_outside_of_the_firm_goes_on_without_the_factor(firm: Firm, api: Api) -> None:
    strict(firm)
    newcomer = firm.join("member")
    assert [row["needs_mfa"] for row in created(newcomer.rpc("my_firms"))] == [True]
    assert created(newcomer.get("firm_members")) == []
    created(newcomer.rpc("create_firm", name="Mine", slug=f"mine-{newcomer.id[:8]}"))
    created(newcomer.update("profiles", {"locale": "de"}, id=f"eq.{newcomer.id}"))


def test_a_removed_factor_counts_until_the_token_runs_out(firm: Firm, api: Api) -> None:
    factor = step_up(firm.owner)
    created(require(firm))
    path = f"/auth/v1/admin/users/{firm.owner.id}/factors/{factor}"
    created(api.as_service("DELETE", path))
    assert created(firm.owner.get("firms")), "the token says what it said when it was made"
    refresh(firm.owner)
    assert created(firm.owner.get("firms")) == []
    step_up(firm.owner)
    assert created(firm.owner.get("firms"))
