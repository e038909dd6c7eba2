"""Accounts for the tests of the platform, as their clients see them."""

import uuid

from supabase import Client

PASSWORD = "correct horse battery"


def new_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def email_of(client: Client) -> str:
    """Whom the service takes the client for."""
    answer = client.auth.get_user()
    assert answer
    return str(answer.user.email)
