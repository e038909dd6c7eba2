"""email.send: one e-mail to one person.

Delivery is at least once: a crash after the server took the message sends it again, with the same
Message-ID, by which mailboxes tell the copies apart.
"""

import smtplib
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from edge_jobs.errors import PermanentError
from edge_jobs.notifications.letters import compose
from edge_jobs.notifications.mailer import mailer
from edge_jobs.notifications.message import BadHeader, build
from edge_jobs.registry import Job, handler


class EmailSend(BaseModel):
    email_id: UUID


# Twelve attempts last most of a working day: longer than a mail server is usually away.
@handler("email.send", payload=EmailSend, max_attempts=12, timeout_s=120)
def send(job: Job, payload: EmailSend) -> dict[str, Any]:
    """Raises PermanentError: unknown_event, template_missing, bad_header, bad_address,
    multiple_addresses, recipient_refused, message_refused."""
    settings = job.api.settings
    sender = settings.mail_from
    email = job.api.rpc(
        "begin_email",
        email_id=str(payload.email_id),
        message_domain=parseaddr(sender)[1].rpartition("@")[2],
    )
    if email is None:
        return {"skipped": "sent already"}
    try:
        letter = compose(email["event"], email["params"])
        message = build(
            letter,
            firm=email["params"]["firm"],
            sender=sender,
            to=email["to"],
            subject=email["subject"],
            message_id=email["message_id"],
            app_url=settings.app_url,
        )
    except KeyError as error:
        raise PermanentError("unknown_event", f"No letter is written for {error}.") from error
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise PermanentError(
            "template_missing", f"The letter {email['event']} needs a proper {field}."
        ) from error
    except BadHeader as error:
        raise PermanentError(error.code, str(error)) from error
    _hand_over(settings.smtp_url, message)
    job.api.rpc("finish_email", email_id=str(payload.email_id))
    return {"message_id": email["message_id"]}


def _hand_over(smtp_url: str, message: EmailMessage) -> None:
    """5xx is the server's last word on a message; everything else is worth another attempt."""
    try:
        mailer(smtp_url).send(message)
    except smtplib.SMTPAuthenticationError:
        # Our password is wrong, not the message.
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        if code >= 500:
            raise PermanentError("recipient_refused", _reply(reply)) from error
        raise
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500:
            raise PermanentError("message_refused", _reply(error.smtp_error)) from error
        raise


def _reply(reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"The mail server answered: {text[:300]}"
