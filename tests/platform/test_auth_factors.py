"""The second factor by supabase-py: enrol, challenge, verify, and what is refused."""

from typing import Any

import httpx
import psycopg
import pytest
from supabase import AuthApiError, Client
from supabase_auth.types import MFAVerifyParams, UserAttributes

from tests.authenticator import code, wrong_code
from tests.conftest import RunningStack
from tests.platform.clients import OpenClient
from tests.platform.people import PASSWORD, email_of, new_email

Db = psycopg.Connection[Any]


def enroll(client: Client, name: str = "Phone") -> tuple[str, str]:
    """Id and secret of a new factor."""
    factor = client.auth.mfa.enroll({"factor_type": "totp", "friendly_name": name})
    assert factor.totp
    return factor.id, factor.totp.secret


def raised(client: Client) -> tuple[str, str]:
    """Enrols and verifies: the client's session has both factors from now on."""
    factor, secret = enroll(client)
    client.auth.mfa.challenge_and_verify({"factor_id": factor, "code": code(secret)})
    return factor, secret


def level(client: Client) -> tuple[str | None, str | None, list[str]]:
    levels = client.auth.mfa.get_authenticator_assurance_level()
    methods = [entry.method for entry in levels.current_authentication_methods]
    return levels.current_level, levels.next_level, methods


def again(client: Client, open_client: OpenClient) -> Client:
    """The same person, signed in elsewhere by password alone."""
    other = open_client()
    other.auth.sign_in_with_password({"email": email_of(client), "password": PASSWORD})
    return other


def refused(error: pytest.ExceptionInfo[AuthApiError], status: int, reason: str) -> None:
    assert (error.value.status, error.value.code) == (status, reason)


def test_a_factor_from_enrolling_to_a_raised_session(person: Client) -> None:
    assert level(person) == ("aal1", "aal1", ["password"])
    enrolled = person.auth.mfa.enroll(
        {"factor_type": "totp", "friendly_name": "Phone", "issuer": "Firm & Base"}
    )
    assert (enrolled.type, enrolled.friendly_name) == ("totp", "Phone")
    assert enrolled.totp
    assert enrolled.totp.qr_code.startswith("data:image/svg+xml;utf-8,<svg")
    uri = httpx.URL(enrolled.totp.uri)
    assert (uri.scheme, uri.host) == ("otpauth", "totp")
    assert uri.path == f"/Firm & Base:{email_of(person)}"
    assert uri.params["secret"] == enrolled.totp.secret
    assert uri.params["issuer"] == "Firm & Base"

    unverified = person.auth.mfa.list_factors()
    assert [factor.status for factor in unverified.all] == ["unverified"]
    assert unverified.totp == []

    challenge = person.auth.mfa.challenge({"factor_id": enrolled.id})
    assert challenge.factor_type == "totp"
    before = person.auth.get_session()
    session = person.auth.mfa.verify(
        {
            "factor_id": enrolled.id,
            "challenge_id": challenge.id,
            "code": code(enrolled.totp.secret),
        }
    )
    assert before
    assert session.refresh_token != before.refresh_token
    assert session.user.factors
    assert level(person) == ("aal2", "aal2", ["totp", "password"])
    assert [factor.id for factor in person.auth.mfa.list_factors().totp] == [enrolled.id]


def test_a_refresh_keeps_the_level(person: Client) -> None:
    raised(person)
    person.auth.refresh_session()
    assert level(person) == ("aal2", "aal2", ["totp", "password"])


def test_a_password_alone_stays_below_and_steps_up(person: Client, open_client: OpenClient) -> None:
    factor, secret = raised(person)
    other = again(person, open_client)
    assert level(other) == ("aal1", "aal2", ["password"])
    other.auth.mfa.challenge_and_verify({"factor_id": factor, "code": code(secret, 1)})
    assert level(other) == ("aal2", "aal2", ["totp", "password"])


def test_verifying_ends_the_sessions_without_it(person: Client, open_client: OpenClient) -> None:
    other = again(person, open_client)
    raised(person)
    with pytest.raises(AuthApiError) as ended:
        other.auth.refresh_session()
    assert ended.value.code in {"refresh_token_not_found", "session_not_found"}


def test_a_wrong_code_changes_nothing(person: Client) -> None:
    factor, secret = enroll(person)
    with pytest.raises(AuthApiError) as wrong:
        person.auth.mfa.challenge_and_verify({"factor_id": factor, "code": wrong_code(secret)})
    refused(wrong, 422, "mfa_verification_failed")
    assert level(person) == ("aal1", "aal1", ["password"])


def test_a_code_works_once(person: Client) -> None:
    factor, secret = enroll(person)
    used = code(secret)
    challenge = person.auth.mfa.challenge({"factor_id": factor})
    attempt: MFAVerifyParams = {
        "factor_id": factor,
        "challenge_id": challenge.id,
        "code": used,
    }
    person.auth.mfa.verify(attempt)
    with pytest.raises(AuthApiError) as replayed:
        person.auth.mfa.verify(attempt)
    refused(replayed, 422, "mfa_ip_address_mismatch")
    with pytest.raises(AuthApiError) as overheard:
        person.auth.mfa.challenge_and_verify({"factor_id": factor, "code": used})
    refused(overheard, 422, "mfa_verification_failed")


def test_guessing_is_stopped(person: Client) -> None:
    factor, secret = enroll(person)
    challenge = person.auth.mfa.challenge({"factor_id": factor})

    def guess(code: str) -> None:
        person.auth.mfa.verify({"factor_id": factor, "challenge_id": challenge.id, "code": code})

    for _ in range(15):
        with pytest.raises(AuthApiError):
            guess(wrong_code(secret))
    with pytest.raises(AuthApiError) as stopped:
        guess(code(secret))
    refused(stopped, 429, "over_request_rate_limit")


def test_a_challenge_runs_out(person: Client, db: Db) -> None:
    factor, secret = enroll(person)
    challenge = person.auth.mfa.challenge({"factor_id": factor})
    db.execute(
        "update auth.mfa_challenges set created_at = now() - interval '6 minutes' where id = %s",
        (challenge.id,),
    )
    with pytest.raises(AuthApiError) as late:
        person.auth.mfa.verify(
            {"factor_id": factor, "challenge_id": challenge.id, "code": code(secret)}
        )
    refused(late, 422, "mfa_challenge_expired")


def test_the_factor_of_somebody_else_does_not_exist(
    person: Client, admin: Client, open_client: OpenClient
) -> None:
    factor, secret = enroll(person)
    challenge = person.auth.mfa.challenge({"factor_id": factor})
    email = new_email()
    admin.auth.admin.create_user({"email": email, "password": PASSWORD, "email_confirm": True})
    other = open_client()
    other.auth.sign_in_with_password({"email": email, "password": PASSWORD})

    for attempt in (
        lambda: other.auth.mfa.challenge({"factor_id": factor}),
        lambda: other.auth.mfa.verify(
            {"factor_id": factor, "challenge_id": challenge.id, "code": code(secret)}
        ),
        lambda: other.auth.mfa.unenroll({"factor_id": factor}),
    ):
        with pytest.raises(AuthApiError) as unknown:
            attempt()
        refused(unknown, 404, "mfa_factor_not_found")

    own, own_secret = enroll(other)
    with pytest.raises(AuthApiError) as mixed:
        other.auth.mfa.verify(
            {"factor_id": own, "challenge_id": challenge.id, "code": code(own_secret)}
        )
    refused(mixed, 422, "mfa_factor_not_found")


def test_what_a_password_alone_may_not_do(person: Client, open_client: OpenClient) -> None:
    factor, _ = raised(person)
    other = again(person, open_client)
    with pytest.raises(AuthApiError) as unenrolled:
        other.auth.mfa.unenroll({"factor_id": factor})
    refused(unenrolled, 422, "insufficient_aal")
    with pytest.raises(AuthApiError) as added:
        enroll(other, "Mine")
    refused(added, 403, "insufficient_aal")
    changes: tuple[UserAttributes, ...] = (
        {"password": "a quite different one"},
        {"email": new_email()},
    )
    for change in changes:
        with pytest.raises(AuthApiError) as changed:
            other.auth.update_user(change)
        refused(changed, 401, "insufficient_aal")
    other.auth.update_user({"data": {"nick": "N"}})
    person.auth.update_user({"password": "a quite different one"})


def test_enrolling_refuses_a_known_name_and_the_eleventh(person: Client) -> None:
    enroll(person, "0")
    with pytest.raises(AuthApiError) as twice:
        enroll(person, "0")
    refused(twice, 422, "mfa_factor_name_conflict")
    for name in range(1, 10):
        enroll(person, str(name))
    with pytest.raises(AuthApiError) as many:
        enroll(person, "10")
    refused(many, 422, "too_many_enrolled_mfa_factors")


def test_unenrolling_takes_the_level_with_the_next_refresh(person: Client) -> None:
    factor, _ = raised(person)
    assert person.auth.mfa.unenroll({"factor_id": factor}).id == factor
    person.auth.refresh_session()
    assert level(person) == ("aal1", "aal1", ["password"])
    assert person.auth.mfa.list_factors().all == []


def test_the_secret_key_sees_and_removes_factors(person: Client, admin: Client) -> None:
    factor, _ = raised(person)
    session = person.auth.get_session()
    assert session
    user_id = session.user.id
    listed = admin.auth.admin.mfa.list_factors({"user_id": user_id})
    assert [(entry.id, entry.status) for entry in listed] == [(factor, "verified")]
    user = admin.auth.admin.get_user_by_id(user_id).user
    assert user.factors
    assert user.factors[0].status == "verified"
    removed = admin.auth.admin.mfa.delete_factor({"user_id": user_id, "id": factor})
    assert removed.id == factor
    with pytest.raises(AuthApiError) as gone:
        admin.auth.admin.mfa.delete_factor({"user_id": user_id, "id": factor})
    refused(gone, 404, "mfa_factor_not_found")
    person.auth.refresh_session()
    assert level(person)[0] == "aal1"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"factor_type": "sms"}, 400, "validation_failed"),
        ({"factor_type": "phone", "phone": "+49301"}, 422, "mfa_phone_enroll_not_enabled"),
        ({"factor_type": "totp", "friendly_name": 7}, 400, "bad_json"),
    ],
)
def test_other_factors_are_refused(
    person: Client, stack: RunningStack, body: dict[str, Any], status: int, reason: str
) -> None:
    session = person.auth.get_session()
    assert session
    headers = {
        "apikey": stack.publishable_key,
        "Authorization": f"Bearer {session.access_token}",
    }
    answer = httpx.post(f"{stack.url}/auth/v1/factors", headers=headers, json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, reason)


def test_without_a_session_there_are_no_factors(stack: RunningStack) -> None:
    for key in (stack.publishable_key, stack.secret_key):
        headers = {"apikey": key}
        answer = httpx.post(
            f"{stack.url}/auth/v1/factors", headers=headers, json={"factor_type": "totp"}
        )
        assert answer.status_code in (401, 403), answer.text
