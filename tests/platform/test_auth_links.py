"""What goes out by mail: links and codes that confirm, sign in, recover and invite."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from supabase import AuthApiError, Client
from supabase_auth.types import EmailOtpType, SignUpWithEmailAndPasswordCredentialsOptions

from tests.conftest import RunningStack
from tests.platform.clients import OpenClient
from tests.platform.mailbox import Mailbox
from tests.platform.people import PASSWORD, email_of, new_email


def follow(link: str) -> tuple[str, dict[str, str]]:
    """Opens a link of a mail: the page it leads to, and what is in that page's fragment."""
    answer = httpx.get(link)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    fragment = {name: values[0] for name, values in parse_qs(target.fragment).items()}
    return f"{target.scheme}://{target.netloc}{target.path}", fragment


@pytest.fixture
def site(stack: RunningStack) -> str:
    return stack.env["APP_URL"]


def test_the_link_of_a_sign_up_confirms_and_brings_a_session(
    visitor: Client, mailbox: Mailbox, stack: RunningStack, site: str
) -> None:
    email = new_email()
    options: SignUpWithEmailAndPasswordCredentialsOptions = {"email_redirect_to": f"{site}/welcome"}
    visitor.auth.sign_up({"email": email, "password": PASSWORD, "options": options})
    mail = mailbox.newest(email)
    assert mail.link.startswith(f"{stack.url}/auth/v1/verify?token=")
    assert "type=signup" in mail.link
    assert mail.link.replace("&", "&amp;") in mail.html
    assert mail.code in mail.html

    page, session = follow(mail.link)
    assert page == f"{site}/welcome"
    assert session["type"] == "signup"
    visitor.auth.set_session(session["access_token"], session["refresh_token"])
    assert email_of(visitor) == email


def test_a_link_works_once(visitor: Client, mailbox: Mailbox, site: str) -> None:
    email = new_email()
    visitor.auth.sign_up({"email": email, "password": PASSWORD})
    link = mailbox.newest(email).link
    follow(link)
    page, error = follow(link)
    assert page == f"{site}/"
    assert error == {
        "error": "access_denied",
        "error_code": "otp_expired",
        "error_description": "Email link is invalid or has expired",
    }


def test_looking_at_a_link_does_not_use_it_up(visitor: Client, mailbox: Mailbox) -> None:
    email = new_email()
    visitor.auth.sign_up({"email": email, "password": PASSWORD})
    link = mailbox.newest(email).link
    assert httpx.head(link).status_code == 405
    _, session = follow(link)
    assert "access_token" in session


def test_a_link_leads_to_no_foreign_site(visitor: Client, mailbox: Mailbox, site: str) -> None:
    email = new_email()
    options: SignUpWithEmailAndPasswordCredentialsOptions = {
        "email_redirect_to": "https://evil.example/steal"
    }
    visitor.auth.sign_up({"email": email, "password": PASSWORD, "options": options})
    link = mailbox.newest(email).link
    assert "evil" not in link
    page, _ = follow(f"{link}&redirect_to=https://evil.example/steal")
    assert page == f"{site}/"


def test_a_code_is_good_for_an_hour(
    visitor: Client, mailbox: Mailbox, db: psycopg.Connection[tuple[str]]
) -> None:
    email = new_email()
    visitor.auth.sign_up({"email": email, "password": PASSWORD})
    code = mailbox.newest(email).code
    db.execute(
        "update auth.users set confirmation_sent_at = now() - interval '61 min' where email = %s",
        [email],
    )
    with pytest.raises(AuthApiError) as expired:
        visitor.auth.verify_otp({"type": "signup", "email": email, "token": code})
    assert (expired.value.code, expired.value.status) == ("otp_expired", 403)


def test_a_code_is_good_for_its_own_address_only(visitor: Client, mailbox: Mailbox) -> None:
    email, other = new_email(), new_email()
    for address in (email, other):
        visitor.auth.sign_up({"email": address, "password": PASSWORD})
    code = mailbox.newest(email).code
    with pytest.raises(AuthApiError) as wrong:
        visitor.auth.verify_otp({"type": "signup", "email": other, "token": code})
    assert wrong.value.code == "otp_expired"


def test_signing_in_by_mail_asks_somebody_new_to_confirm(
    visitor: Client, mailbox: Mailbox, db: psycopg.Connection[tuple[datetime | None, str]]
) -> None:
    email = new_email()
    answer = visitor.auth.sign_in_with_otp({"email": email, "options": {"data": {"nick": "N"}}})
    assert answer.user is None
    row = db.execute(
        "select email_confirmed_at, raw_user_meta_data ->> 'nick' from auth.users where email = %s",
        [email],
    ).fetchone()
    assert row == (None, "N")
    code = mailbox.newest(email).code
    assert visitor.auth.verify_otp({"type": "email", "email": email, "token": code}).session
    assert email_of(visitor) == email


@pytest.mark.parametrize("kind", ["email", "magiclink"])
def test_signing_in_by_mail(
    person: Client, visitor: Client, mailbox: Mailbox, kind: EmailOtpType
) -> None:
    email = email_of(person)
    visitor.auth.sign_in_with_otp({"email": email})
    mail = mailbox.newest(email)
    assert mail.subject == "Your sign-in link"
    visitor.auth.verify_otp({"type": kind, "email": email, "token": mail.code})
    assert email_of(visitor) == email


def test_signing_in_by_mail_may_be_for_known_people_only(visitor: Client) -> None:
    with pytest.raises(AuthApiError) as unknown:
        visitor.auth.sign_in_with_otp(
            {"email": new_email(), "options": {"should_create_user": False}}
        )
    assert (unknown.value.code, unknown.value.status) == ("otp_disabled", 422)


def test_a_new_link_replaces_the_one_before(
    person: Client, visitor: Client, mailbox: Mailbox
) -> None:
    email = email_of(person)
    visitor.auth.sign_in_with_otp({"email": email})
    first = mailbox.newest(email)
    visitor.auth.sign_in_with_otp({"email": email})
    second = mailbox.newest(email, count=2)
    assert follow(first.link)[1]["error_code"] == "otp_expired"
    assert "access_token" in follow(second.link)[1]


def test_recovery_leads_to_a_new_password(
    person: Client, visitor: Client, mailbox: Mailbox, site: str
) -> None:
    email = email_of(person)
    visitor.auth.reset_password_for_email(email, {"redirect_to": f"{site}/new-password"})
    page, session = follow(mailbox.newest(email).link)
    assert page == f"{site}/new-password"
    assert session["type"] == "recovery"
    visitor.auth.set_session(session["access_token"], session["refresh_token"])
    visitor.auth.update_user({"password": "a quite different one"})
    visitor.auth.sign_in_with_password({"email": email, "password": "a quite different one"})


def test_recovery_by_code_and_by_hash(person: Client, visitor: Client, mailbox: Mailbox) -> None:
    email = email_of(person)
    visitor.auth.reset_password_for_email(email)
    code = mailbox.newest(email).code
    assert visitor.auth.verify_otp({"type": "recovery", "email": email, "token": code}).session
    visitor.auth.reset_password_for_email(email)
    link = urlsplit(mailbox.newest(email, count=2).link)
    token_hash = parse_qs(link.query)["token"][0]
    assert visitor.auth.verify_otp({"type": "recovery", "token_hash": token_hash}).session


def test_recovery_does_not_tell_who_has_an_account(visitor: Client, mailbox: Mailbox) -> None:
    stranger = new_email()
    visitor.auth.reset_password_for_email(stranger)
    assert mailbox.all(stranger) == []


def test_resending_a_confirmation(visitor: Client, mailbox: Mailbox) -> None:
    email = new_email()
    visitor.auth.sign_up({"email": email, "password": PASSWORD})
    visitor.auth.resend({"type": "signup", "email": email})
    code = mailbox.newest(email, count=2).code
    assert visitor.auth.verify_otp({"type": "signup", "email": email, "token": code}).session
    visitor.auth.resend({"type": "signup", "email": email})
    visitor.auth.resend({"type": "signup", "email": new_email()})
    assert len(mailbox.all(email)) == 2


def test_resending_a_change_of_address(person: Client, mailbox: Mailbox) -> None:
    old, new = email_of(person), new_email()
    person.auth.update_user({"email": new})
    person.auth.resend({"type": "email_change", "email": old})
    for address in (old, new):
        follow(mailbox.newest(address, count=2).link)
    person.auth.refresh_session()
    assert email_of(person) == new


def test_reauthentication_sends_a_code(person: Client, mailbox: Mailbox) -> None:
    person.auth.reauthenticate()
    mail = mailbox.newest(email_of(person))
    assert mail.subject == "Your confirmation code"
    assert len(mail.code) == 6
    assert "http" not in mail.text


def test_a_session_is_fetched_with_a_code_and_its_verifier(
    person: Client, open_client: OpenClient, mailbox: Mailbox
) -> None:
    email = email_of(person)
    browser = open_client(flow_type="pkce")
    browser.auth.sign_in_with_otp({"email": email})
    answer = httpx.get(mailbox.newest(email).link)
    target = urlsplit(answer.headers["location"])
    assert target.fragment == ""
    code = parse_qs(target.query)["code"][0]

    thief = open_client(flow_type="pkce")
    with pytest.raises(AuthApiError) as stolen:
        thief.auth.exchange_code_for_session(
            {"auth_code": code, "code_verifier": "x" * 56, "redirect_to": ""}
        )
    assert stolen.value.code == "bad_code_verifier"

    browser.auth.exchange_code_for_session({"auth_code": code})
    assert email_of(browser) == email
    with pytest.raises(AuthApiError) as again:
        thief.auth.exchange_code_for_session(
            {"auth_code": code, "code_verifier": "x" * 56, "redirect_to": ""}
        )
    assert again.value.code == "flow_state_not_found"


def test_the_code_of_a_mail_works_in_a_pkce_flow_too(
    open_client: OpenClient, mailbox: Mailbox
) -> None:
    email = new_email()
    browser = open_client(flow_type="pkce")
    browser.auth.sign_up({"email": email, "password": PASSWORD})
    code = mailbox.newest(email).code
    assert browser.auth.verify_otp({"type": "signup", "email": email, "token": code}).session


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "validation_failed", "Verify requires a verification type"),
        ({"type": "nonsense", "token": "1"}, "validation_failed", "Invalid email verification"),
        ({"type": "__proto__", "token": "1"}, "validation_failed", "Invalid email verification"),
        ({"type": "signup"}, "validation_failed", "Verify requires either a token"),
        ({"type": "signup", "token_hash": "no"}, "otp_expired", "Email link is invalid"),
        ({"type": "signup", "email": "a@b.c", "token": "123456"}, "otp_expired", "Token has"),
        ({"type": "signup", "token_hash": ["no"]}, "bad_json", "Could not parse"),
    ],
)
def test_a_verification_that_makes_no_sense(
    stack: RunningStack, body: dict[str, object], code: str, message: str
) -> None:
    headers = {"apikey": stack.publishable_key}
    answer = httpx.post(f"{stack.url}/auth/v1/verify", headers=headers, json=body)
    assert answer.status_code in {400, 403}
    assert answer.json()["error_code"] == code
    assert answer.json()["msg"].startswith(message)
