"""What can go wrong between this checkout and the project it is to go live on."""

from edge_jobs.errors import FirmbaseError, WrongKey


class WrongPublishableKey(WrongKey):
    """{url} refuses the publishable key (HTTP {status}): set SUPABASE_PUBLISHABLE_KEY to the
    project's publishable key."""


class WrongToken(FirmbaseError):
    """{url} refuses SUPABASE_ACCESS_TOKEN ({reason}): set it to an access token that may read and
    write the project's auth settings, or unset it and compare them by hand."""

    code = "wrong_token"
    exit_code = 5


class BadToken(FirmbaseError):
    """SUPABASE_ACCESS_TOKEN has characters no token has: copy it again."""

    code = "bad_token"
    exit_code = 5


class UnknownProject(FirmbaseError):
    """{url} knows no project {ref}: correct SUPABASE_URL, or SUPABASE_PROJECT_ID where the URL is
    a domain of your own."""

    code = "unknown_project"
    exit_code = 4


class NoReference(FirmbaseError):
    """SUPABASE_ACCESS_TOKEN is set, and which project it is for is not clear from SUPABASE_URL:
    set SUPABASE_PROJECT_ID to the project's reference."""

    code = "no_reference"
    exit_code = 3


class ManagementUnreachable(FirmbaseError):
    """{url} does not answer ({reason}): try again later, or unset SUPABASE_ACCESS_TOKEN and compare
    the auth settings by hand."""

    code = "unreachable"
    exit_code = 6


class NotReady(FirmbaseError):
    """{detail} Nothing was changed. {mend}"""

    code = "not_ready"
    exit_code = 10


class Destructive(FirmbaseError):
    """A pending migration destroys data: {what}. Nothing was changed. Make a backup, then say
    --allow-destructive."""

    code = "destructive"
    exit_code = 10
