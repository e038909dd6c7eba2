"""auth.admin of supabase-py: what the holder of the secret key does with accounts."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from supabase import AuthApiError, AuthError, AuthWeakPasswordError, Client
from supabase_auth.types import AdminUserAttributes, EmailOtpType, InviteUserByEmailOptions

from tests import people
from tests.conftest import RunningStack
from tests.platform.mailbox import Mailbox
from tests.platform.people import PASSWORD, email_of, new_email


def refused(error: pytest.ExceptionInfo[AuthError]) -> tuple[str | None, int]:
    assert isinstance(error.value, AuthApiError | AuthWeakPasswordError)
    return error.value.code, error.value.status


def test_creating_an_account(admin: Client, visitor: Client) -> None:
    email = new_email()
    account: AdminUserAttributes = {
        "id": str(uuid.uuid4()),
        "email": email.upper(),
        "password": PASSWORD,
        "email_confirm": True,
        "user_metadata": {"full_name": "Ada"},
        "app_metadata": {"plan": "pro"},
    }
    user = admin.auth.admin.create_user(account).user
    assert user.id == account["id"]
    assert user.email == email
    assert user.email_confirmed_at
    assert user.user_metadata == {"full_name": "Ada", "email_verified": True}
    assert user.app_metadata == {"provider": "email", "providers": ["email"], "plan": "pro"}
    assert (user.aud, user.role, user.phone) == ("authenticated", "authenticated", "")
    assert user.identities
    assert user.identities[0].identity_data["email"] == email
    assert user.identities[0].id == user.id
    visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})


def test_an_account_may_be_unconfirmed_and_have_no_password(admin: Client) -> None:
    user = admin.auth.admin.create_user({"email": new_email()}).user
    assert user.email_confirmed_at is None
    assert user.user_metadata == {}


def test_an_account_may_bring_its_password_hash(admin: Client, visitor: Client) -> None:
    email = new_email()
    admin.auth.admin.create_user(
        {"email": email, "password_hash": people.PASSWORD_HASH, "email_confirm": True}
    )
    visitor.auth.sign_in_with_password({"email": email, "password": people.PASSWORD})


@pytest.mark.parametrize(
    ("account", "code", "status"),
    [
        ({}, "validation_failed", 400),
        ({"email": "no address"}, "validation_failed", 400),
        ({"email": "a" * 250 + "@example.com"}, "validation_failed", 400),
        ({"email": "a@example.com", "password": "x" * 73}, "validation_failed", 400),
        ({"email": "a@example.com", "id": "7"}, "validation_failed", 400),
        ({"email": "a@example.com", "ban_duration": "soon"}, "validation_failed", 400),
        ({"email": "a@example.com", "user_metadata": "text"}, "bad_json", 400),
        ({"email": "a@example.com", "user_metadata": {"a": "\0"}}, "bad_json", 400),
        ({"email": "a@example.com", "email_confirm": "yes"}, "bad_json", 400),
    ],
)
def test_an_account_that_makes_no_sense(
    admin: Client, account: dict[str, object], code: str, status: int
) -> None:
    with pytest.raises(AuthApiError) as error:
        admin.auth.admin.create_user(account)  # type: ignore[arg-type]
    assert refused(error) == (code, status)


def test_an_address_belongs_to_one_account(admin: Client) -> None:
    email = new_email()
    admin.auth.admin.create_user({"email": email})
    with pytest.raises(AuthApiError) as error:
        admin.auth.admin.create_user({"email": email.upper()})
    assert refused(error) == ("email_exists", 422)


def test_listing_accounts_by_page(admin: Client, stack: RunningStack) -> None:
    made = [admin.auth.admin.create_user({"email": new_email()}).user.id for _ in range(3)]
    listed = [
        user.id for page in (1, 2) for user in admin.auth.admin.list_users(page=page, per_page=2)
    ]
    assert listed[:3] == made[::-1]

    headers = {"apikey": stack.secret_key}
    answer = httpx.get(f"{stack.url}/auth/v1/admin/users?page=1&per_page=2", headers=headers)
    assert answer.json()["aud"] == "authenticated"
    total = int(answer.headers["x-total-count"])
    last = (total + 1) // 2
    assert answer.headers["link"] == (
        '</admin/users?page=2&per_page=2>; rel="next", '
        f'</admin/users?page={last}&per_page=2>; rel="last"'
    )
    wrong = httpx.get(f"{stack.url}/auth/v1/admin/users?page=x", headers=headers)
    assert wrong.status_code == 400
    assert wrong.json()["error_code"] == "validation_failed"


def test_reading_an_account(admin: Client) -> None:
    user = admin.auth.admin.create_user({"email": new_email()}).user
    assert admin.auth.admin.get_user_by_id(user.id).user == user
    with pytest.raises(AuthApiError) as unknown:
        admin.auth.admin.get_user_by_id(str(uuid.uuid4()))
    assert refused(unknown) == ("user_not_found", 404)


def test_changing_an_account(admin: Client, visitor: Client) -> None:
    user = admin.auth.admin.create_user(
        {"email": new_email(), "user_metadata": {"a": 1, "b": {"c": None}}}
    ).user
    email = new_email()
    changed = admin.auth.admin.update_user_by_id(
        user.id,
        {
            "email": email,
            "password": PASSWORD,
            "email_confirm": True,
            "user_metadata": {"a": None, "d": 2},
            "app_metadata": {"plan": "pro"},
        },
    ).user
    assert changed.email == email
    assert changed.user_metadata == {"b": {"c": None}, "d": 2}
    assert changed.app_metadata["plan"] == "pro"
    assert changed.app_metadata["provider"] == "email"
    assert changed.identities
    assert changed.identities[0].identity_data["email"] == email
    visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})


def test_a_new_password_ends_the_sessions(admin: Client, person: Client) -> None:
    session = person.auth.get_session()
    assert session
    admin.auth.admin.update_user_by_id(session.user.id, {"password": "another good one"})
    with pytest.raises(AuthApiError) as ended:
        person.auth.get_user()
    assert refused(ended) == ("session_not_found", 403)


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"password": "short"}, "weak_password", 422),
        ({"password": "x" * 73}, "validation_failed", 400),
        ({"email": "no address"}, "validation_failed", 400),
        ({"ban_duration": "1 day"}, "validation_failed", 400),
    ],
)
def test_a_change_that_makes_no_sense(
    admin: Client, change: AdminUserAttributes, code: str, status: int
) -> None:
    user = admin.auth.admin.create_user({"email": new_email()}).user
    with pytest.raises((AuthApiError, AuthWeakPasswordError)) as error:
        admin.auth.admin.update_user_by_id(user.id, change)
    assert refused(error) == (code, status)
    assert admin.auth.admin.get_user_by_id(user.id).user == user


def test_a_change_cannot_take_an_address(admin: Client) -> None:
    one, two = (admin.auth.admin.create_user({"email": new_email()}).user for _ in range(2))
    with pytest.raises(AuthApiError) as error:
        admin.auth.admin.update_user_by_id(one.id, {"email": str(two.email)})
    assert refused(error) == ("email_exists", 422)


def test_a_ban_lasts_until_it_is_over_or_lifted(
    admin: Client, person: Client, visitor: Client
) -> None:
    email = email_of(person)
    session = person.auth.get_session()
    assert session
    banned = admin.auth.admin.update_user_by_id(session.user.id, {"ban_duration": "1h30m"}).user
    assert banned.banned_until
    left = datetime.fromisoformat(str(banned.banned_until)) - datetime.now(UTC)
    assert timedelta(minutes=85) < left <= timedelta(minutes=90)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD}),
        person.auth.refresh_session,
    )
    for attempt in attempts:
        with pytest.raises(AuthApiError) as error:
            attempt()
        assert refused(error) == ("user_banned", 400)

    admin.auth.admin.update_user_by_id(session.user.id, {"ban_duration": "none"})
    visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})


def test_a_banned_user_cannot_come_in_by_mail(
    admin: Client, person: Client, visitor: Client, mailbox: Mailbox
) -> None:
    email = email_of(person)
    visitor.auth.sign_in_with_otp({"email": email})
    code = mailbox.newest(email).code
    session = person.auth.get_session()
    assert session
    admin.auth.admin.update_user_by_id(session.user.id, {"ban_duration": "24h"})
    with pytest.raises(AuthApiError) as error:
        visitor.auth.verify_otp({"type": "email", "email": email, "token": code})
    assert refused(error) == ("user_banned", 403)


def test_deleting_an_account_ends_it_at_once(admin: Client, person: Client) -> None:
    email = email_of(person)
    session = person.auth.get_session()
    assert session
    admin.auth.admin.delete_user(session.user.id)
    with pytest.raises(AuthApiError) as gone:
        person.auth.get_user()
    assert refused(gone) == ("user_not_found", 403)
    with pytest.raises(AuthApiError):
        person.auth.refresh_session()
    with pytest.raises(AuthApiError) as unknown:
        admin.auth.admin.delete_user(session.user.id)
    assert refused(unknown) == ("user_not_found", 404)
    assert admin.auth.admin.create_user({"email": email}).user.id != session.user.id


def test_a_soft_deletion_keeps_the_row_and_nothing_of_the_person(
    admin: Client, person: Client, visitor: Client, db: psycopg.Connection[tuple[object]]
) -> None:
    email = email_of(person)
    session = person.auth.get_session()
    assert session
    admin.auth.admin.delete_user(session.user.id, should_soft_delete=True)
    kept = admin.auth.admin.get_user_by_id(session.user.id).user
    assert kept.deleted_at
    assert email not in kept.model_dump_json()
    with pytest.raises(AuthApiError):
        person.auth.refresh_session()
    with pytest.raises(AuthApiError) as error:
        visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert refused(error) == ("invalid_credentials", 400)


def test_an_account_that_the_project_still_needs_stays(
    admin: Client, stack: RunningStack, db: psycopg.Connection[tuple[object]]
) -> None:
    user = admin.auth.admin.create_user({"email": new_email()}).user
    with psycopg.connect(stack.db_url, autocommit=True) as owner:
        owner.execute("create table public.keepsakes (owner uuid references auth.users)")
        owner.execute("insert into public.keepsakes values (%s)", [user.id])
    try:
        with pytest.raises(AuthApiError) as error:
            admin.auth.admin.delete_user(user.id)
        assert refused(error) == ("unexpected_failure", 500)
        assert "Database error deleting user" in str(error.value)
        assert admin.auth.admin.get_user_by_id(user.id).user == user
    finally:
        db.execute("drop table public.keepsakes")


def test_an_invitation_is_accepted_by_its_link(
    admin: Client, visitor: Client, mailbox: Mailbox, stack: RunningStack
) -> None:
    email = new_email()
    page = f"{stack.env['APP_URL']}/join"
    options: InviteUserByEmailOptions = {"data": {"full_name": "Ada"}, "redirect_to": page}
    invited = admin.auth.admin.invite_user_by_email(email, options).user
    assert invited.invited_at
    assert invited.email_confirmed_at is None
    assert invited.user_metadata == {"full_name": "Ada"}

    answer = httpx.get(mailbox.newest(email).link)
    assert answer.headers["location"].startswith(f"{page}#access_token=")
    accepted = admin.auth.admin.get_user_by_id(invited.id).user
    assert accepted.email_confirmed_at
    with pytest.raises(AuthApiError) as error:
        admin.auth.admin.invite_user_by_email(email)
    assert refused(error) == ("email_exists", 422)


def test_an_invitation_is_accepted_by_its_code(
    admin: Client, visitor: Client, mailbox: Mailbox
) -> None:
    email = new_email()
    admin.auth.admin.invite_user_by_email(email)
    code = mailbox.newest(email).code
    visitor.auth.verify_otp({"type": "invite", "email": email, "token": code})
    visitor.auth.update_user({"password": PASSWORD})
    visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})


@pytest.mark.parametrize(
    ("kind", "known", "verification", "extra"),
    [
        ("signup", False, "signup", {"password": PASSWORD}),
        ("invite", False, "invite", {}),
        ("magiclink", True, "magiclink", {}),
        ("magiclink", False, "signup", {}),
        ("recovery", True, "recovery", {}),
    ],
)
def test_a_link_without_a_mail(
    admin: Client,
    visitor: Client,
    mailbox: Mailbox,
    stack: RunningStack,
    kind: str,
    known: bool,
    verification: EmailOtpType,
    extra: dict[str, str],
) -> None:
    email = new_email()
    if known:
        admin.auth.admin.create_user({"email": email, "email_confirm": True})
    wanted = {"type": kind, "email": email, **extra}
    made = admin.auth.admin.generate_link(wanted)  # type: ignore[arg-type]  # one of four
    assert made.user.email == email
    assert made.properties.verification_type == verification
    assert made.properties.redirect_to == stack.env["APP_URL"]
    assert made.properties.hashed_token in made.properties.action_link
    assert mailbox.all(email) == []
    code = made.properties.email_otp
    visitor.auth.verify_otp({"type": verification, "email": email, "token": code})
    assert email_of(visitor) == email


def test_links_for_a_change_of_address(admin: Client, person: Client) -> None:
    old, new = email_of(person), new_email()
    links = [
        admin.auth.admin.generate_link({"type": kind, "email": old, "new_email": new})
        for kind in ("email_change_current", "email_change_new")
    ]
    for link in links:
        assert email_of(person) == old
        httpx.get(link.properties.action_link)
    assert email_of(person) == new


@pytest.mark.parametrize(
    ("wanted", "code", "status"),
    [
        ({"type": "recovery"}, "user_not_found", 404),
        ({"type": "signup"}, "validation_failed", 400),
        ({"type": "nonsense"}, "validation_failed", 400),
        ({"type": "recovery", "email": "no address"}, "validation_failed", 400),
    ],
)
def test_a_link_that_makes_no_sense(
    admin: Client, wanted: dict[str, str], code: str, status: int
) -> None:
    with pytest.raises(AuthApiError) as error:
        admin.auth.admin.generate_link({"email": new_email()} | wanted)  # type: ignore[arg-type]
    assert refused(error) == (code, status)


def test_the_admin_signs_somebody_out(admin: Client, person: Client) -> None:
    session = person.auth.get_session()
    assert session
    admin.auth.admin.sign_out(session.access_token, "global")
    with pytest.raises(AuthApiError) as ended:
        person.auth.get_user()
    assert ended.value.code == "session_not_found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/users"),
        ("POST", "/admin/users"),
        ("GET", "/admin/users/00000000-0000-0000-0000-000000000000"),
        ("PUT", "/admin/users/00000000-0000-0000-0000-000000000000"),
        ("DELETE", "/admin/users/00000000-0000-0000-0000-000000000000"),
        ("POST", "/admin/generate_link"),
        ("POST", "/invite"),
    ],
)
def test_only_the_secret_key_is_an_admin(
    stack: RunningStack, person: Client, method: str, path: str
) -> None:
    session = person.auth.get_session()
    assert session
    headers = {"apikey": stack.publishable_key}
    for token, status, code in (
        (stack.publishable_key, 403, "not_admin"),
        (session.access_token, 403, "not_admin"),
        (session.access_token[:-4] + "AAAA", 403, "bad_jwt"),
        ("garbage", 403, "bad_jwt"),
    ):
        answer = httpx.request(
            method,
            f"{stack.url}/auth/v1{path}",
            headers=headers | {"Authorization": f"Bearer {token}"},
        )
        assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_an_id_that_is_none(stack: RunningStack) -> None:
    headers = {"apikey": stack.secret_key}
    answer = httpx.get(f"{stack.url}/auth/v1/admin/users/7", headers=headers)
    assert answer.status_code == 404
    assert answer.json() == {
        "code": 404,
        "error_code": "validation_failed",
        "msg": "user_id must be an UUID",
    }
