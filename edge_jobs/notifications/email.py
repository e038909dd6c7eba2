"""email.send: one e-mail to one person.

Delivery is at least once: a crash after the server took the message sends it again, with the same
Message-ID, by which mailboxes tell the copies apart, and Resend does not send it twice.
"""

from email.utils import parseaddr
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from edge_jobs.errors import PermanentError
from edge_jobs.notifications.carrier import carrier
from edge_jobs.notifications.letters import compose
from edge_jobs.notifications.message import BadHeader, build, unsubscribe_url
from edge_jobs.registry import Job, handler


class EmailSend(BaseModel):
    email_id: UUID


# Twelve attempts last most of a working day: longer than a mail server is usually away. The time is
# for one that answers late to everything.
@handler("email.send", payload=EmailSend, max_attempts=12, timeout_s=300)
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
        return {"skipped": "sent already, or not wanted"}
    try:
        letter = compose(email["event"], email["params"])
        message = build(
            letter,
            firm=email["params"]["firm"],
            color=email["params"].get("color"),
            sender=sender,
            to=email["to"],
            subject=email["subject"],
            message_id=email["message_id"],
            app_url=settings.app_url,
            unsubscribe_url=unsubscribe_url(settings.url, email["unsubscribe_token"]),
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
    carrier(settings).send(message)
    job.api.rpc("finish_email", email_id=str(payload.email_id))
    return {"message_id": email["message_id"]}
