"""Hand messages to the mail server over one connection that is kept between jobs."""

import atexit
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import cache
from urllib.parse import unquote, urlsplit

from edge_jobs.errors import PermanentError

# For each answer of the server, and for the connection while other messages have it. A server that
# looks into a message before it takes it thinks for long: whoever hangs up then sends it twice.
TIMEOUT_SECONDS = 15
VERDICT_SECONDS = 100
QUEUE_SECONDS = 30


class Mailer:
    """The mail server at smtp://[user:password@]host[:port] or smtps://….

    With a user name the connection is encrypted or refused. Threads may share one: their messages
    go out one after the other.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._lock = threading.Lock()
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Returns once the server took the message. Raises PermanentError (recipient_refused,
        message_refused), or smtplib.SMTPException or OSError, which are worth another attempt: what
        is said to the connection, or to our own address, is about us and not about the message."""
        with self._exclusive():
            connection = self._connected()
            try:
                _hand_over(connection, message)
            except BaseException:
                # Who knows in the midst of what it was left: the next message begins anew.
                self._connection = None
                connection.close()
                raise

    def check(self) -> None:
        """Connect and log in, as for a message. Raises smtplib.SMTPException or OSError."""
        with self._exclusive():
            self._connected()

    def close(self) -> None:
        """Say goodbye; the next message opens a new connection."""
        with self._exclusive():
            if self._connection is not None:
                with suppress(smtplib.SMTPException, OSError):
                    self._connection.quit()
                self._connection = None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=QUEUE_SECONDS):
            raise TimeoutError("The mail server keeps earlier messages waiting.")
        try:
            yield
        finally:
            self._lock.release()

    def _connected(self) -> smtplib.SMTP:
        # Servers hang up on idle clients: ask first, so no message meets a dead connection.
        if self._connection is None or not _alive(self._connection):
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        url, host = self._url, self._url.hostname or ""
        connection: smtplib.SMTP
        if url.scheme == "smtps":
            connection = smtplib.SMTP_SSL(
                host, url.port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(host, url.port or 25, timeout=TIMEOUT_SECONDS)
        try:
            if url.username:
                if url.scheme != "smtps":
                    connection.starttls(context=ssl.create_default_context())
                connection.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def mailer(url: str) -> Mailer:
    """The one Mailer of this process for ``url``."""
    shared = Mailer(url)
    atexit.register(shared.close)
    return shared


def _hand_over(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        _wait(connection, VERDICT_SECONDS)
        connection.send_message(message)
        _wait(connection, TIMEOUT_SECONDS)
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        if code >= 500:
            raise PermanentError("recipient_refused", _reply(reply)) from error
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            raise PermanentError("message_refused", _reply(error.smtp_error)) from error
        raise


def _wait(connection: smtplib.SMTP, seconds: float) -> None:
    if connection.sock:
        connection.sock.settimeout(seconds)


def _alive(connection: smtplib.SMTP) -> bool:
    with suppress(smtplib.SMTPException, OSError):
        if connection.noop()[0] == 250:
            return True
    connection.close()
    return False


def _reply(reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"The mail server answered: {text[:300]}"
