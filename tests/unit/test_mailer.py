"""The mail server's answers: which of them end a mail, and that none of them costs the next one."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from edge_jobs.errors import PermanentError
from edge_jobs.notifications import mailer
from edge_jobs.notifications.mailer import Mailer
from tests.mail_server import Played


@pytest.fixture
def server() -> Iterator[Played]:
    with Played() as played:
        yield played


@pytest.fixture
def post(server: Played) -> Iterator[Mailer]:
    post = Mailer(server.url)
    yield post
    post.close()


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "no-reply@firmbase.test", "ada@marlow.test"
    message["Subject"] = "Terms end"
    message.set_content("They do.")
    return message


@pytest.mark.parametrize(
    ("command", "answer", "code"),
    [
        ("RCPT", "550 5.1.1 No such user", "recipient_refused"),
        ("DATA", "554 5.7.1 Not from you", "message_refused"),
        ("end", "554 5.7.1 It looks like spam", "message_refused"),
        # Another time perhaps.
        ("RCPT", "450 4.2.0 Greylisted", None),
        ("RCPT", "421 4.3.2 Shutting down", None),
        ("DATA", "451 4.7.1 Later", None),
        ("end", "451 4.3.0 No space left", None),
        # It is us who are refused, with every mail: once that is mended, each shall go out.
        ("greeting", "554 5.7.1 Your network is blocked", None),
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", None),
        ("MAIL", "553 5.7.1 Sender address rejected: not owned by user", None),
    ],
)
def test_a_refusal_ends_one_mail_at_most(
    server: Played, post: Mailer, command: str, answer: str, code: str | None
) -> None:
    server.says = {command: [answer]}
    with pytest.raises(PermanentError if code else smtplib.SMTPException) as refused:
        post.send(letter())
    assert getattr(refused.value, "code", None) == code
    if code:
        assert str(refused.value) == f"The mail server answered: {answer[4:]}"
    assert server.taken == []
    # The next one, perhaps to somebody else, is not held to it.
    post.send(letter())
    assert len(server.taken) == 1


def test_who_thinks_about_a_mail_for_long_gets_it_once(
    server: Played, post: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers look for viruses before they say yes: RFC 5321 grants them ten minutes."""
    monkeypatch.setattr(mailer, "TIMEOUT_SECONDS", 0.5)
    server.takes_s = 1.5
    post.send(letter())
    assert len(server.taken) == 1
