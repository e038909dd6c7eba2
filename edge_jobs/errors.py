"""Errors a person or a program can act on. The docstring of each class is its message.

Exit codes, stable once published:

====  ==================  =============================================================
   0                      done; for a runner: nothing that is due is left, or its time is up
   1  failed              an unexpected fault, or a job that could not be stopped
   2                      wrong usage
   3  missing_setting     an environment variable is missing, or not what it should be
   4  not_supabase        the URL is not one, or no Supabase answers there
   5  wrong_key           the key is refused, or may not do this
   6  unreachable         nothing answers at the URL
   7  database_down       the API answers, the database behind it does not
   8  schema_mismatch     the database is older or newer than this program
   9  session_expired     the token was valid once
  10  refused             the API refused the request: its own code and sentence
  11  stack_error         the local stack could not do what it was asked to
  12  migration_failed    sql/ or a migration is wrong, or the two contradict each other
  13  disk_refuses        a file or folder cannot be read or written
  14  rows_refused        the import is done, and some rows of the file were refused
 130                      interrupted by Ctrl-C
====  ==================  =============================================================

Only the standard library is imported here: the runner's idle path goes through it.
"""


class FirmbaseError(Exception):
    """{message}"""

    code = "failed"
    exit_code = 1

    def __init__(self, **facts: object) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()).format(**facts))


class StuckJobs(FirmbaseError):
    """{count} jobs ran past their time limit and do not stop: start the runner again."""


class MissingSetting(FirmbaseError):
    """{name} is not set: run `firmbase stack up` for a local stack, or set {name} in the
    environment to use another project."""

    code = "missing_setting"
    exit_code = 3


class BadMailServer(FirmbaseError):
    """SMTP_URL is not the address of a mail server: set SMTP_URL to smtp://host:port, or to
    smtps://user:password@host:465."""

    code = "bad_mail_server"
    exit_code = 3


class BadResend(FirmbaseError):
    """{name} is not {what}: correct {name}, or unset it."""

    code = "bad_resend"
    exit_code = 3


class BadSender(FirmbaseError):
    """MAIL_FROM is not one address: set MAIL_FROM to something like Firmbase
    <no-reply@example.com>."""

    code = "bad_sender"
    exit_code = 3


class BadScanner(FirmbaseError):
    """CLAMD_URL is not the address of a virus scanner: set CLAMD_URL to tcp://host:3310, or to
    unix:///path/of/clamd.ctl, or unset it."""

    code = "bad_scanner"
    exit_code = 3


class BadMetricsPort(FirmbaseError):
    """METRICS_PORT is not a port: set METRICS_PORT to a number from 1 to 65535, or unset it."""

    code = "bad_metrics_port"
    exit_code = 3


class NotSupabase(FirmbaseError):
    """{url} is not a Supabase project: set SUPABASE_URL to the project's API URL, such as
    https://<ref>.supabase.co."""

    code = "not_supabase"
    exit_code = 4


class WrongKey(FirmbaseError):
    """{url} refuses this key ({reason}): set SUPABASE_SECRET_KEY to the project's secret key."""

    code = "wrong_key"
    exit_code = 5


class Unreachable(FirmbaseError):
    """Nothing answers at {url} ({reason}): start the stack with `firmbase stack up`, or correct
    SUPABASE_URL."""

    code = "unreachable"
    exit_code = 6


class DatabaseDown(FirmbaseError):
    """{url} answers, but its database does not ({reason}): try again when it is back."""

    code = "database_down"
    exit_code = 7


class SchemaOlder(FirmbaseError):
    """The database has schema {theirs} and this program needs {ours}: apply the migrations."""

    code = "schema_mismatch"
    exit_code = 8


class SchemaNewer(FirmbaseError):
    """The database has schema {theirs} and this program was built for {ours}: update the
    program."""

    code = "schema_mismatch"
    exit_code = 8


class SessionExpired(FirmbaseError):
    """The session has expired: sign in again."""

    code = "session_expired"
    exit_code = 9


class Refused(FirmbaseError):
    """{message}"""

    exit_code = 10

    def __init__(self, *, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message=f"{message} {hint}" if hint else message)
        self.code = code


class PermanentError(Exception):
    """A handler's last word on a job: no retry, straight to the dead letters."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RetryLater(Exception):
    """A handler wants its next attempt in `after_s` seconds instead of after the backoff."""

    def __init__(self, after_s: float, message: str = "The handler asked for another attempt."):
        super().__init__(message)
        self.after_s = after_s


class Snooze(Exception):
    """A handler wants to be called again in `seconds`; it costs no attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Snoozed for {seconds:g} s.")
        self.seconds = seconds


class JobLost(Exception):
    """The job is no longer this runner's: its time is up, or another runner has it."""


def from_response(url: str, body: object, status: int | None = None) -> FirmbaseError:
    """The error behind a response of the API that is not a success.

    `body` is the parsed JSON, or None where it was none; `status` may be unknown."""
    answer = body if isinstance(body, dict) else {}
    code, message = str(answer.get("code") or ""), str(answer.get("message") or "")
    hint = answer.get("hint")
    if status == 501:  # "not implemented": a web server, but none of Supabase's
        return NotSupabase(url=url)
    if (status or 0) >= 500 or code.startswith(("PGRST00", "57P0", "08", "53")):
        return DatabaseDown(url=url, reason=message or f"HTTP {status}")
    if not message:
        return NotSupabase(url=url)
    if code in ("PGRST301", "PGRST303") and "expired" in message:
        return SessionExpired()
    if code.startswith("PT"):  # private.fail(): it took the key, and says more than the status
        code = str(answer.get("details") or "")
    elif code in ("42501", "PGRST301", "PGRST302") or status in (401, 403) or "API key" in message:
        return WrongKey(url=url, reason=message)
    return Refused(code=code or "refused", message=message, hint=str(hint) if hint else None)


def schema_mismatch(theirs: int | None, ours: int) -> FirmbaseError:
    """`theirs` is None where the database has no such schema at all."""
    if theirs is None or theirs < ours:
        return SchemaOlder(theirs="none" if theirs is None else theirs, ours=ours)
    return SchemaNewer(theirs=theirs, ours=ours)
