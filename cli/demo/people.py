"""The people of the demonstration: they sign up and confirm their address like anybody else."""

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from supabase import Client, create_client

from cli.errors import StackError
from cli.local.config import Config

MAIL_SECONDS = 20.0


@dataclass
class Person:
    """Somebody with an account; `client` speaks with their own token."""

    name: str
    email: str
    client: Client
    password: str = field(repr=False)
    role: str = "–"
    id: str = ""


def sign_up(config: Config, name: str, email: str) -> Person:
    """Signs a person up, and confirms the address with the code of the mail they get."""
    client = create_client(config.api_url, config.keys.publishable)
    person = Person(name, email, client, password=secrets.token_urlsafe(12))
    client.auth.sign_up(
        {
            "email": email,
            "password": person.password,
            "options": {"data": {"full_name": name}},
        }
    )
    mail = wait_for_mail(config, email)
    code = re.search(r"\b\d{6}\b", mail["text"] or "") or re.search(r"\b\d{6}\b", mail["html"])
    if code is None:
        raise StackError(f"The mail to {email} has no code to confirm the address with.")
    session = client.auth.verify_otp({"email": email, "token": code.group(), "type": "signup"})
    assert session.user is not None  # noqa: S101
    person.id = session.user.id
    return person


def mails(config: Config) -> list[dict[str, Any]]:
    """What lies in the mail catcher, newest last."""
    found: list[dict[str, Any]] = httpx.get(f"{config.mail_url}/api/email", timeout=10).json()
    return found


def mails_to(config: Config, address: str) -> list[dict[str, Any]]:
    return [mail for mail in mails(config) if address in [to["address"] for to in mail["to"]]]


def wait_for_mail(config: Config, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        if found := mails_to(config, address):
            return found[-1]
        time.sleep(0.1)
    raise StackError(f"No mail came for {address}: see {config.mail_url}.")
