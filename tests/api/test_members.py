"""Firms, invitations and memberships: what cannot be talked around."""

import uuid
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.races import LOCK_FIRM, race
from tests.conftest import RunningStack
from tests.people import Api, Firm, Person, created

Db = psycopg.Connection[Any]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def role_of(firm: Firm, person: Person) -> str | None:
    """Role and, if it is not active, status; None for no member."""
    rows = created(firm.owner.get("firm_members", user_id=f"eq.{person.id}"))
    return rows[0]["role"] if rows else None


def invite(firm: Firm, email: str, role: str = "member", by: Person | None = None) -> Any:
    return (by or firm.owner).rpc("invite_member", firm_id=firm.id, email=email, role=role)


def test_create_firm_makes_the_caller_its_owner(api: Api) -> None:
    person = Person(api, "founder")
    slug = f"new-{uuid.uuid4().hex[:8]}"
    firm = created(
        person.rpc("create_firm", name="New", slug=slug, currency="CHF", timezone="Europe/Zurich")
    )
    assert (firm["currency"], firm["timezone"], firm["created_by"]) == (
        "CHF",
        "Europe/Zurich",
        person.id,
    )
    members = created(person.get("firm_members", firm_id=f"eq.{firm['id']}"))
    assert [(m["user_id"], m["role"]) for m in members] == [(person.id, "owner")]
    refused(person.rpc("create_firm", name="Again", slug=slug), 409, "slug_taken")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 201},
        {"name": "Marlow\n\nYour account is locked"},
        {"name": "\x1b[2J"},
        {"slug": "Upper"},
        {"slug": "-a"},
        {"slug": "a--b"},
        {"currency": "EURO"},
        {"timezone": "Mars/Olympus_Mons"},
        {"timezone": "abc5"},
        {"timezone": "Etc/GMT+99"},
        {"locale": "english"},
    ],
    ids=str,
)
def test_create_firm_refuses_bad_input_and_makes_nothing(
    outsider: Person, wrong: dict[str, str]
) -> None:
    answer = outsider.rpc("create_firm", **{"name": "Firm", "slug": "good-slug"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")
    assert created(outsider.get("firms")) == []


def test_one_person_owns_at_most_twenty_firms(api: Api, db: Db) -> None:
    person = Person(api, "collector")
    db.execute(
        "with f as (insert into firms (name, slug) select 'F', 'f-' || gen_random_uuid()::text"
        " from generate_series(1, 20) returning id)"
        " insert into firm_members (firm_id, user_id, role) select id, %s, 'owner' from f",
        (person.id,),
    )
    refused(person.rpc("create_firm", name="F", slug="one-too-many"), 409, "firm_limit")


def test_an_archived_firm_is_closed_to_everybody(firm: Firm) -> None:
    viewer = firm.viewer
    firm.company()
    created(firm.owner.rpc("archive_firm", firm_id=firm.id))
    for person in (firm.owner, viewer):
        for table in ("firms", "firm_members", "companies"):
            assert created(person.get(table)) == []


def test_a_suspended_firm_is_closed_and_only_the_operator_reopens_it(firm: Firm) -> None:
    where = {"id": f"eq.{firm.id}"}
    created(
        firm.api.as_service("PATCH", "/rest/v1/firms", params=where, json={"status": "suspended"})
    )
    assert created(firm.owner.get("firms")) == []
    assert firm.owner.update("firms", {"status": "active"}, **where).status_code == 403
    assert invite(firm, "a@example.com").status_code == 404


def test_attack_07_own_role_update(firm: Firm) -> None:
    for person in (firm.viewer, firm.member, firm.manager, firm.admin):
        before = role_of(firm, person)
        where = {"firm_id": f"eq.{firm.id}", "user_id": f"eq.{person.id}"}
        assert person.update("firm_members", {"role": "owner"}, **where).status_code == 403
        refused(
            person.rpc("change_role", firm_id=firm.id, user_id=person.id, role="owner"),
            403,
            "not_allowed",
        )
        assert role_of(firm, person) == before


def test_attack_08_admin_invites_an_owner(firm: Firm) -> None:
    refused(invite(firm, "a@example.com", "owner", by=firm.admin), 403, "not_allowed")
    created(invite(firm, "b@example.com", "admin", by=firm.admin))
    invitation = created(invite(firm, "c@example.com", "owner"))
    for function in ("resend_invitation", "revoke_invitation"):
        refused(firm.admin.rpc(function, invitation_id=invitation["id"]), 403, "not_allowed")


def test_attack_09_admin_touches_an_owner(firm: Firm) -> None:
    second = firm.join("owner")
    target = {"firm_id": firm.id, "user_id": second.id}
    admin = firm.admin
    refused(admin.rpc("change_role", **target, role="viewer"), 403, "not_allowed")
    refused(admin.rpc("suspend_member", **target), 403, "not_allowed")
    refused(admin.rpc("remove_member", **target), 403, "not_allowed")
    refused(admin.rpc("transfer_ownership", **target), 403, "not_allowed")
    created(firm.owner.rpc("suspend_member", **target))
    refused(admin.rpc("reinstate_member", **target), 403, "not_allowed")


def test_attack_10_the_last_owner_leaves_or_steps_down(firm: Firm) -> None:
    owner = {"firm_id": firm.id, "user_id": firm.owner.id}
    refused(firm.owner.rpc("leave_firm", firm_id=firm.id), 409, "last_owner")
    refused(firm.owner.rpc("change_role", **owner, role="admin"), 409, "last_owner")
    refused(firm.owner.rpc("suspend_member", **owner), 409, "last_owner")
    refused(firm.owner.rpc("remove_member", **owner), 409, "last_owner")
    second = firm.join("owner")
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=second.id))
    refused(firm.owner.rpc("leave_firm", firm_id=firm.id), 409, "last_owner")
    created(firm.owner.rpc("reinstate_member", firm_id=firm.id, user_id=second.id))
    created(firm.owner.rpc("leave_firm", firm_id=firm.id))


def test_attack_11_two_owners_demote_each_other_at_once(stack: RunningStack, firm: Firm) -> None:
    first, second = firm.owner, firm.join("owner")

    def demote(by: Person, target: Person) -> httpx.Response:
        return by.rpc("change_role", firm_id=firm.id, user_id=target.id, role="viewer")

    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        lambda: demote(first, second),
        lambda: demote(second, first),
    )
    assert sorted(a.status_code for a in answers) == [200, 403]


def test_attack_11_two_owners_leave_at_once(stack: RunningStack, firm: Firm, db: Db) -> None:
    second = firm.join("owner")
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        lambda: firm.owner.rpc("leave_firm", firm_id=firm.id),
        lambda: second.rpc("leave_firm", firm_id=firm.id),
    )
    assert sorted(a.status_code for a in answers) == [204, 409]
    owners = db.execute("select role from firm_members where firm_id = %s", (firm.id,)).fetchall()
    assert owners == [("owner",)]


@pytest.mark.parametrize(
    ("change", "status"),
    [("update firm_members set role = 'viewer'", 403), ("delete from firm_members", 404)],
)
def test_attack_09_rights_lost_while_waiting(
    stack: RunningStack, firm: Firm, change: str, status: int
) -> None:
    """An admin's request has begun when the admin is demoted or removed."""
    admin, viewer = firm.admin, firm.viewer
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        lambda: admin.rpc("remove_member", firm_id=firm.id, user_id=viewer.id),
        lambda: invite(firm, "a@example.com", by=admin),
        meanwhile=f"{change} where user_id = '{admin.id}'",
    )
    assert [a.status_code for a in answers] == [status, status]
    assert role_of(firm, viewer) == "viewer"


def test_attack_12_invitation_replayed(firm: Firm, outsider: Person) -> None:
    token = created(invite(firm, outsider.email, "admin"))["token"]
    created(outsider.rpc("accept_invitation", token=token))
    refused(outsider.rpc("accept_invitation", token=token), 409, "invitation_used")
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=outsider.id))
    refused(outsider.rpc("accept_invitation", token=token), 409, "invitation_used")
    assert role_of(firm, outsider) is None


def test_attack_13_expired_or_revoked_invitation(firm: Firm, outsider: Person, db: Db) -> None:
    invitation = created(invite(firm, outsider.email))
    db.execute("update invitations set expires_at = now() where id = %s", (invitation["id"],))
    accept = {"token": invitation["token"]}
    refused(outsider.rpc("accept_invitation", **accept), 410, "invitation_expired")

    again = created(firm.owner.rpc("resend_invitation", invitation_id=invitation["id"]))
    refused(outsider.rpc("accept_invitation", **accept), 404, "invitation_not_found")
    created(firm.owner.rpc("revoke_invitation", invitation_id=invitation["id"]))
    refused(outsider.rpc("accept_invitation", token=again["token"]), 410, "invitation_expired")
    refused(
        firm.owner.rpc("resend_invitation", invitation_id=invitation["id"]),
        409,
        "invitation_revoked",
    )
    assert role_of(firm, outsider) is None


@pytest.mark.parametrize(
    ("sender", "now", "role"),
    [("admin", "manager", "viewer"), ("owner", "admin", "owner")],
)
def test_attack_13_an_invitation_is_worth_what_its_sender_is(
    firm: Firm, outsider: Person, sender: str, now: str, role: str
) -> None:
    """Whoever has to go leaves no way in behind."""
    inviter = firm.join(sender)
    member = {"firm_id": firm.id, "user_id": inviter.id}
    sent = created(invite(firm, outsider.email, role, by=inviter))
    created(firm.owner.rpc("change_role", **member, role=now))
    refused(outsider.rpc("accept_invitation", token=sent["token"]), 410, "invitation_expired")
    created(firm.owner.rpc("remove_member", **member))
    refused(outsider.rpc("accept_invitation", token=sent["token"]), 410, "invitation_expired")
    again = created(firm.owner.rpc("resend_invitation", invitation_id=sent["id"]))
    created(outsider.rpc("accept_invitation", token=again["token"]))


def test_attack_14_invitation_used_by_another_or_an_unverified_address(
    firm: Firm, outsider: Person, api: Api, db: Db
) -> None:
    invited = Person(api, "invited")
    token = created(invite(firm, invited.email.upper()))["token"]
    refused(outsider.rpc("accept_invitation", token=token), 404, "invitation_not_found")
    # A session that outlives the confirmation: the address was changed and not yet confirmed.
    assert invited.token
    db.execute("update auth.users set email_confirmed_at = null where id = %s", (invited.id,))
    refused(invited.rpc("accept_invitation", token=token), 404, "invitation_not_found")
    db.execute("update auth.users set email_confirmed_at = now() where id = %s", (invited.id,))
    assert created(invited.rpc("accept_invitation", token=token))["role"] == "member"


def test_attack_15_accepted_twice_at_once(
    stack: RunningStack, firm: Firm, outsider: Person
) -> None:
    token = created(invite(firm, outsider.email))["token"]
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        *[lambda: outsider.rpc("accept_invitation", token=token)] * 3,
    )
    assert sorted(a.status_code for a in answers) == [200, 409, 409]


def test_attack_16_token_hash_readable(firm: Firm) -> None:
    invitation = created(invite(firm, "a@example.com"))
    for query in ("*", "*,invitation_tokens(*)", "token_hash"):
        text = firm.owner.get("invitations", select=query).text
        assert invitation["token"] not in text
        assert "\\\\x" not in text
    answer = firm.owner.rest("GET", "invitation_tokens", headers={"Accept-Profile": "private"})
    assert answer.status_code == 406


def test_attack_17_accepted_while_suspended(firm: Firm, db: Db) -> None:
    person = firm.suspended
    refused(invite(firm, person.email), 409, "already_member")
    # Even with a valid token in hand, such as one that was sent to a second address of theirs.
    invitation = created(invite(firm, "second@example.com", "admin"))
    db.execute("update invitations set email = %s where id = %s", (person.email, invitation["id"]))
    refused(person.rpc("accept_invitation", token=invitation["token"]), 409, "already_member")
    refused(person.rpc("leave_firm", firm_id=firm.id), 404, "firm_not_found")
    assert created(person.get("firms")) == []


def test_attack_18_removed_member_with_a_live_session(firm: Firm) -> None:
    person, company = firm.admin, firm.company()
    assert created(person.get("companies"))
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=person.id))
    for table in ("firms", "firm_members", "companies", "invitations"):
        assert created(person.get(table)) == []
    change = person.update("companies", {"name": "Mine"}, id=f"eq.{company['id']}")
    assert created(change) == []
    assert person.insert("companies", {"firm_id": firm.id, "name": "x"}).status_code == 403


def test_attack_20_forged_user_metadata_role(firm: Firm) -> None:
    person = firm.viewer
    person.client.auth.update_user({"data": {"role": "owner", "firm_id": firm.id}})
    session = person.client.auth.refresh_session().session
    assert session is not None
    headers = {"Authorization": f"Bearer {session.access_token}"}
    answer = person.rest(
        "POST", "companies", json={"firm_id": firm.id, "name": "x"}, headers=headers
    )
    assert answer.status_code == 403


def test_attack_47_deletion_of_a_user_who_owns_firms(firm: Firm, api: Api) -> None:
    path = f"/auth/v1/admin/users/{firm.owner.id}"
    assert not api.as_service("DELETE", path).is_success
    assert role_of(firm, firm.owner) == "owner"
    second = firm.join("owner")
    created(api.as_service("DELETE", path))
    assert created(second.get("firm_members", select="user_id")) == [{"user_id": second.id}]


def test_attack_50_seat_limit_race(stack: RunningStack, firm: Firm, api: Api, db: Db) -> None:
    people = [Person(api, "colleague") for _ in range(3)]
    tokens = [created(invite(firm, person.email))["token"] for person in people]
    db.execute("update firms set seat_limit = 2 where id = %s", (firm.id,))
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        *[
            lambda p=person, t=token: p.rpc("accept_invitation", token=t)
            for person, token in zip(people, tokens, strict=True)
        ],
    )
    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    refused(invite(firm, "late@example.com"), 409, "seat_limit")


def test_attack_50_an_expired_invitation_takes_no_seat_back_that_is_given(
    firm: Firm, api: Api, db: Db
) -> None:
    old = created(invite(firm, "old@example.com"))
    db.execute("update invitations set expires_at = now() where id = %s", (old["id"],))
    taken = created(firm.owner.get("firm_members", select="user_id"))
    db.execute("update firms set seat_limit = %s where id = %s", (len(taken) + 1, firm.id))
    person = Person(api, "colleague")
    token = created(invite(firm, person.email))["token"]
    refused(firm.owner.rpc("resend_invitation", invitation_id=old["id"]), 409, "seat_limit")
    created(person.rpc("accept_invitation", token=token))


def test_one_open_invitation_for_each_address(firm: Firm, db: Db) -> None:
    first = created(invite(firm, "a@example.com"))
    refused(invite(firm, " A@Example.com "), 409, "already_invited")
    db.execute("update invitations set expires_at = now() where id = %s", (first["id"],))
    created(invite(firm, "a@example.com"))
    rows = created(firm.owner.get("invitations", email="eq.a@example.com"))
    assert sorted(row["revoked_at"] is None for row in rows) == [False, True]


@pytest.mark.parametrize("email", ["", "a", "a@@b.co", "a@b", "a,b@c.de", "A <a@b.de>", "a@b.de\n"])
def test_an_invitation_goes_to_one_bare_address(shared_firm: Firm, email: str) -> None:
    answer = invite(shared_firm, email.replace("\n", "\nBcc: x@y.de"))
    assert answer.json()["code"] == "23514"


def test_an_unknown_role_gives_nothing(firm: Firm) -> None:
    assert invite(firm, "a@example.com", "root").json()["code"] == "23514"
    answer = firm.owner.rpc("change_role", firm_id=firm.id, user_id=firm.viewer.id, role="root")
    assert answer.json()["code"] == "23514"


def test_ownership_passes_to_an_active_member(firm: Firm) -> None:
    refused(
        firm.owner.rpc("transfer_ownership", firm_id=firm.id, user_id=firm.suspended.id),
        404,
        "member_not_found",
    )
    created(firm.owner.rpc("transfer_ownership", firm_id=firm.id, user_id=firm.manager.id))
    assert role_of(firm, firm.manager) == "owner"
    assert role_of(firm, firm.owner) == "admin"


def test_colleagues_see_each_other_and_edit_themselves(firm: Firm, outsider: Person) -> None:
    member = firm.member
    names = created(firm.viewer.get("profiles", select="id,full_name,email", id=f"eq.{member.id}"))
    assert names == [{"id": member.id, "full_name": "Member", "email": member.email}]
    assert created(outsider.get("profiles", id=f"eq.{member.id}")) == []
    changed = created(member.update("profiles", {"timezone": "Asia/Tokyo"}, id=f"eq.{member.id}"))
    assert changed[0]["timezone"] == "Asia/Tokyo"
    answer = member.update("profiles", {"email": "x@example.com"}, id=f"eq.{member.id}")
    assert answer.status_code == 403


def test_a_changed_address_reaches_the_profile(outsider: Person, api: Api) -> None:
    assert outsider.token
    email = f"{uuid.uuid4().hex}@example.com"
    created(api.as_service("PUT", f"/auth/v1/admin/users/{outsider.id}", json={"email": email}))
    assert created(outsider.get("profiles", select="email")) == [{"email": email}]


def test_an_archived_company_holds_no_member_in_the_firm(firm: Firm) -> None:
    manager = firm.manager
    company = firm.company(by=manager, owner_id=manager.id)
    where = {"id": f"eq.{company['id']}"}
    created(manager.update("companies", {"archived_at": "now"}, **where))
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=manager.id))
    assert role_of(firm, manager) is None
    (row,) = created(firm.owner.get("companies", **where))
    assert row["owner_id"] is None
    assert row["archived_at"]


def test_invitations_flood_no_mailbox(firm: Firm) -> None:
    email = f"target-{uuid.uuid4().hex[:8]}@example.com"
    invitation = created(invite(firm, email))
    for _ in range(4):
        created(firm.owner.rpc("resend_invitation", invitation_id=invitation["id"]))
    again = firm.owner.rpc("resend_invitation", invitation_id=invitation["id"])
    refused(again, 429, "too_many_invitations")
    # A new invitation is no way around it; another person is still welcome.
    created(firm.owner.rpc("revoke_invitation", invitation_id=invitation["id"]))
    refused(invite(firm, email.upper()), 429, "too_many_invitations")
    created(invite(firm, f"other-{email}"))


def test_a_firm_mails_so_many_invitations_a_day(firm: Firm, db: Db) -> None:
    db.execute(
        "insert into emails (firm_id, dedupe_key, event, to_address, subject)"
        " select %s, gen_random_uuid()::text, 'invitation', 'p' || n || '@example.com', 'Join'"
        " from generate_series(1, 100) as n",
        (firm.id,),
    )
    email = f"one-more-{uuid.uuid4().hex[:8]}@example.com"
    refused(invite(firm, email), 429, "too_many_invitations")
    db.execute(
        "update emails set created_at = now() - interval '1 day' where firm_id = %s", (firm.id,)
    )
    created(invite(firm, email))


def test_the_name_of_a_person_is_one_line(api: Api) -> None:
    # Invitations carry it to strangers: it must not add paragraphs of its own.
    account = {
        "email": f"mallory-{uuid.uuid4().hex[:12]}@example.com",
        "user_metadata": {"full_name": "Mallory\r\n\nPay here:\x1b"},
    }
    id = created(api.as_service("POST", "/auth/v1/admin/users", json=account))["id"]
    (profile,) = created(api.as_service("GET", f"/rest/v1/profiles?id=eq.{id}"))
    assert profile["full_name"] == "Mallory Pay here: "

    person = Person(api, "mallory")
    change = person.update("profiles", {"full_name": "a\nb"}, id=f"eq.{person.id}")
    assert (change.status_code, change.json()["code"]) == (400, "23514")


def test_the_names_of_things_are_one_line(shared_firm: Firm) -> None:
    for row, table, column in (
        (shared_firm.company(), "companies", "name"),
        (shared_firm.consultant(), "consultants", "name"),
        (shared_firm.contract(), "contracts", "title"),
    ):
        change = shared_firm.owner.update(table, {column: "a\nb"}, id=f"eq.{row['id']}")
        assert (change.status_code, change.json()["code"]) == (400, "23514"), table
