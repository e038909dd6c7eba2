"""Sign-up, sign-in, refresh, sign-out and the user's own account, by supabase-py."""

import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import jwt
import psycopg
import pytest
from supabase import AuthApiError, Client
from supabase_auth.types import (
    AuthResponse,
    SignOutScope,
    SignUpWithEmailAndPasswordCredentials,
    SignUpWithEmailAndPasswordCredentialsOptions,
)

from tests.conftest import RunningStack
from tests.platform.clients import OpenClient
from tests.platform.mailbox import Mailbox
from tests.platform.node import run_node_tests
from tests.platform.people import PASSWORD, email_of, new_email
from tests.platform.services import another_process


@pytest.fixture(scope="module")
def autoconfirming(stack: RunningStack) -> Iterator[str]:
    with another_process(stack.config, AUTH_AUTOCONFIRM="true") as url:
        yield url


def test_sign_up_waits_for_the_confirmation_of_the_address(
    visitor: Client, mailbox: Mailbox
) -> None:
    email = new_email()
    credentials: SignUpWithEmailAndPasswordCredentials = {
        "email": email.upper(),
        "password": PASSWORD,
        "options": {"data": {"full_name": "Ada"}},
    }
    answer = visitor.auth.sign_up(credentials)

    assert answer.session is None
    assert answer.user
    assert answer.user.email == email
    assert answer.user.email_confirmed_at is None
    assert answer.user.user_metadata["full_name"] == "Ada"
    assert answer.user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert [identity.provider for identity in answer.user.identities or []] == ["email"]
    with pytest.raises(AuthApiError) as refused:
        visitor.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert (refused.value.code, refused.value.status) == ("email_not_confirmed", 400)

    code = mailbox.newest(email).code
    confirmed = visitor.auth.verify_otp({"type": "signup", "email": email, "token": code})
    assert confirmed.session
    assert confirmed.user
    assert confirmed.user.email_confirmed_at
    assert email_of(visitor) == email


def test_a_wrong_password_hides_whether_the_address_is_confirmed(visitor: Client) -> None:
    email = new_email()
    visitor.auth.sign_up({"email": email, "password": PASSWORD})
    with pytest.raises(AuthApiError) as refused:
        visitor.auth.sign_in_with_password({"email": email, "password": "another password"})
    assert refused.value.code == "invalid_credentials"


def test_signing_up_with_a_taken_address_tells_nothing(
    visitor: Client, person: Client, mailbox: Mailbox, admin: Client
) -> None:
    email = email_of(person)
    answer = visitor.auth.sign_up({"email": email, "password": PASSWORD})
    assert answer.user
    assert answer.session is None
    assert answer.user.identities == []
    with pytest.raises(AuthApiError) as unknown:
        admin.auth.admin.get_user_by_id(answer.user.id)
    assert unknown.value.code == "user_not_found"
    assert mailbox.all(email) == []


def test_signing_up_again_before_confirming_sends_another_mail(
    visitor: Client, mailbox: Mailbox
) -> None:
    email = new_email()
    first = visitor.auth.sign_up({"email": email, "password": PASSWORD})
    second = visitor.auth.sign_up({"email": email, "password": PASSWORD})
    assert first.user
    assert second.user
    assert first.user.id == second.user.id
    code = mailbox.newest(email, count=2).code
    assert visitor.auth.verify_otp({"type": "email", "email": email, "token": code}).session


def test_sign_up_opens_a_session_when_no_confirmation_is_asked_for(
    autoconfirming: str, open_client: OpenClient
) -> None:
    client = open_client(url=autoconfirming)
    email = new_email()
    answer = client.auth.sign_up({"email": email, "password": PASSWORD})
    assert answer.session
    assert answer.user
    assert answer.user.email_confirmed_at
    assert email_of(client) == email
    with pytest.raises(AuthApiError) as taken:
        client.auth.sign_up({"email": email, "password": PASSWORD})
    assert (taken.value.code, taken.value.status) == ("user_already_exists", 422)


def test_access_tokens_carry_the_claims_of_the_hosted_service(
    person: Client, stack: RunningStack
) -> None:
    session = person.auth.get_session()
    assert session
    claims = jwt.decode(
        session.access_token, options={"verify_signature": False}, algorithms=["HS256"]
    )
    assert claims["iss"] == f"{stack.url}/auth/v1"
    assert claims["aud"] == claims["role"] == "authenticated"
    assert claims["email"] == email_of(person)
    assert claims["exp"] - claims["iat"] == session.expires_in == 3600
    assert claims["aal"] == "aal1"
    assert [entry["method"] for entry in claims["amr"]] == ["password"]
    assert claims["app_metadata"]["provider"] == "email"
    assert claims["user_metadata"] == {"email_verified": True}
    assert claims["is_anonymous"] is False
    assert uuid.UUID(claims["session_id"])
    known = person.auth.get_claims()
    assert known
    assert known["claims"]["sub"] == claims["sub"]


def test_the_token_opens_the_data_api_as_its_user(
    person: Client, db: psycopg.Connection[tuple[str]]
) -> None:
    db.execute("""
        create or replace function public.whoami() returns text language sql stable as
        $$ select concat_ws(' ', auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'aal') $$;
        grant execute on function public.whoami() to authenticated;
        notify pgrst, 'reload schema'""")
    try:
        session = person.auth.get_session()
        assert session
        expected = f"{session.user.id} authenticated {session.user.email} aal1"
        assert eventually(lambda: person.rpc("whoami", {}).execute().data) == expected
    finally:
        db.execute("drop function public.whoami()")


def test_a_session_refreshes_and_keeps_how_it_began(person: Client) -> None:
    before = person.auth.get_session()
    assert before
    after = person.auth.refresh_session().session
    assert after
    assert after.refresh_token != before.refresh_token
    claims = jwt.decode(
        after.access_token, options={"verify_signature": False}, algorithms=["HS256"]
    )
    assert [entry["method"] for entry in claims["amr"]] == ["password"]
    assert email_of(person) == after.user.email


def test_a_refresh_token_works_once(person: Client, visitor: Client) -> None:
    session = person.auth.get_session()
    assert session
    visitor.auth.refresh_session(session.refresh_token)
    visitor.auth.refresh_session()
    with pytest.raises(AuthApiError) as stolen:
        visitor.auth.refresh_session(session.refresh_token)
    assert (stolen.value.code, stolen.value.status) == ("refresh_token_already_used", 400)


def test_an_unknown_refresh_token_is_refused(visitor: Client) -> None:
    with pytest.raises(AuthApiError) as unknown:
        visitor.auth.refresh_session(str(uuid.uuid4()))
    assert (unknown.value.code, unknown.value.status) == ("refresh_token_not_found", 400)


@pytest.mark.parametrize(
    ("scope", "this_ends", "other_ends"),
    [("local", True, False), ("others", False, True), ("global", True, True)],
)
def test_sign_out_ends_the_sessions_of_its_scope(
    person: Client,
    open_client: OpenClient,
    stack: RunningStack,
    scope: SignOutScope,
    this_ends: bool,
    other_ends: bool,
) -> None:
    email = email_of(person)
    other = open_client()
    other.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    tokens = [client.auth.get_session() for client in (person, other)]

    person.auth.sign_out({"scope": scope})

    for session, ends in zip(tokens, (this_ends, other_ends), strict=True):
        assert session
        answer = user_request(stack, session.access_token)
        assert answer.status_code == (403 if ends else 200)
        if ends:
            assert answer.json()["error_code"] == "session_not_found"


def test_people_change_their_metadata_and_password(
    person: Client, visitor: Client, open_client: OpenClient
) -> None:
    email = email_of(person)
    elsewhere = open_client()
    elsewhere.auth.sign_in_with_password({"email": email, "password": PASSWORD})

    changed = person.auth.update_user({"data": {"full_name": "Grace", "nick": "G"}})
    assert changed.user.user_metadata["full_name"] == "Grace"
    dropped = person.auth.update_user({"data": {"nick": None}})
    assert "nick" not in dropped.user.user_metadata

    person.auth.update_user({"password": "another good one"})
    with pytest.raises(AuthApiError) as ended:
        elsewhere.auth.refresh_session()
    assert ended.value.code in {"refresh_token_not_found", "session_not_found"}
    assert email_of(person) == email
    visitor.auth.sign_in_with_password({"email": email, "password": "another good one"})
    with pytest.raises(AuthApiError) as same:
        visitor.auth.update_user({"password": "another good one"})
    assert (same.value.code, same.value.status) == ("same_password", 422)


def test_a_change_of_address_needs_both_to_agree(person: Client, mailbox: Mailbox) -> None:
    old, new = email_of(person), new_email()
    pending = person.auth.update_user({"email": new})
    assert pending.user.email == old
    assert pending.user.new_email == new

    half = httpx.get(mailbox.newest(old).link)
    assert "Confirmation+link+accepted" in half.headers["location"]
    assert email_of(person) == old

    code = mailbox.newest(new).code
    done = person.auth.verify_otp({"type": "email_change", "email": new, "token": code})
    assert done.session
    assert email_of(person) == new


def test_an_address_that_is_taken_cannot_be_changed_to(person: Client, admin: Client) -> None:
    taken = new_email()
    admin.auth.admin.create_user({"email": taken, "password": PASSWORD})
    with pytest.raises(AuthApiError) as refused:
        person.auth.update_user({"email": taken})
    assert (refused.value.code, refused.value.status) == ("email_exists", 422)


def test_two_sign_ups_at_once_make_one_account(stack: RunningStack, autoconfirming: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = {"email": new_email(), "password": PASSWORD}
    headers = {"apikey": stack.publishable_key}

    def sign_up(_: int) -> httpx.Response:
        return httpx.post(f"{autoconfirming}/auth/v1/signup", headers=headers, json=body)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(sign_up, range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    codes = {answer.json().get("error_code") for answer in answers}
    assert codes == {None, "user_already_exists"}


def test_a_trigger_of_the_project_sees_the_metadata_and_may_refuse(
    stack: RunningStack,
    db: psycopg.Connection[tuple[str]],
    autoconfirming: str,
    open_client: OpenClient,
) -> None:
    with psycopg.connect(stack.db_url, autocommit=True) as owner:
        owner.execute("""
            create function public.greet() returns trigger language plpgsql security definer as $$
            begin
              if new.raw_user_meta_data ->> 'full_name' = 'Mallory' then
                raise exception 'no Mallory here';
              end if;
              return new;
            end $$;
            create trigger greet_new_user after insert on auth.users
            for each row execute function public.greet()""")
    try:
        client = open_client(url=autoconfirming)
        email = new_email()

        def sign_up(name: str) -> AuthResponse:
            options: SignUpWithEmailAndPasswordCredentialsOptions = {"data": {"full_name": name}}
            return client.auth.sign_up({"email": email, "password": PASSWORD, "options": options})

        with pytest.raises(AuthApiError) as refused:
            sign_up("Mallory")
        assert refused.value.status == 500
        assert refused.value.code == "unexpected_failure"
        assert "Database error saving new user" in str(refused.value)
        assert sign_up("Ada").user
    finally:
        db.execute("drop function public.greet() cascade")


def user_request(stack: RunningStack, token: str) -> httpx.Response:
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
    return httpx.get(f"{stack.url}/auth/v1/user", headers=headers)


def eventually(read: Callable[[], object]) -> object:
    """What `read` returns once the Data API knows the new function."""
    from postgrest.exceptions import APIError

    deadline = time.monotonic() + 10
    while True:
        try:
            return read()
        except APIError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_whole_contract_by_supabase_js(stack: RunningStack) -> None:
    run_node_tests(stack, "auth.test.mjs")
