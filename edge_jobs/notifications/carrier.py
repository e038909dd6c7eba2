"""Who carries our mails: Resend where there is a key for it, else the mail server."""

from edge_jobs.notifications.mailer import Mailer, mailer
from edge_jobs.notifications.resend import Resend, resend
from edge_jobs.settings import Settings


def carrier(settings: Settings) -> Mailer | Resend:
    """The one of this process. Raises MissingSetting, BadMailServer or BadResend."""
    if key := settings.resend_key:
        return resend(settings.resend_url, key)
    return mailer(settings.smtp_url)
