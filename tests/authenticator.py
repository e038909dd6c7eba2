"""The authenticator app of the tests: codes of RFC 6238."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from tests.people import Person, created


def code(secret: str, steps: int = 0) -> str:
    """The code of now, or of so many half minutes later: a code works once, the next one too."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 0xF)
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def wrong_code(secret: str) -> str:
    """None of those that would be taken during this test."""
    right = {code(secret, steps) for steps in range(-2, 10)}
    return next(guess for guess in map("{:06}".format, range(99)) if guess not in right)


def step_up(person: Person) -> str:
    """Enrols and verifies; from now on the token of the person is at aal2. Returns the factor."""
    factor = sent(person, "", factor_type="totp", friendly_name="Phone")
    verify(person, factor["id"], code(factor["totp"]["secret"]))
    return str(factor["id"])


def verify(person: Person, factor_id: str, code: str) -> None:
    challenge = sent(person, f"/{factor_id}/challenge")
    answer = {"challenge_id": challenge["id"], "code": code}
    session = sent(person, f"/{factor_id}/verify", **answer)
    person.token = session["access_token"]
    person.refresh_token = session["refresh_token"]


def refresh(person: Person) -> None:
    """New tokens for the session that step_up raised."""
    answer = person.api.http.post(
        "/auth/v1/token?grant_type=refresh_token",
        headers={"apikey": person.api.publishable_key},
        json={"refresh_token": person.refresh_token},
    )
    person.token = created(answer)["access_token"]


def sent(person: Person, path: str, **body: Any) -> Any:
    return created(person.send("POST", f"/auth/v1/factors{path}", json=body))
