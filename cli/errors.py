"""What can go wrong with the parts that only the command line knows."""

import inspect

from edge_jobs.errors import FirmbaseError


class StackError(FirmbaseError):
    """The local stack could not do what it was asked to."""

    code = "stack_error"
    exit_code = 11

    def __init__(self, message: str | None = None) -> None:
        Exception.__init__(self, message or inspect.getdoc(type(self)))


class NoStack(StackError):
    """There is no local stack yet: start one with `firmbase stack up`."""

    code = "no_stack"


class BadStackName(FirmbaseError):
    """A stack cannot be called {name!r}: use letters, digits, dots, hyphens and underscores, in
    --name or FIRMBASE_STACK."""

    code = "bad_stack_name"
    exit_code = 2


class DiskRefuses(FirmbaseError):
    """{path} cannot be used ({said}): free some space, or give this user the right to it."""

    code = "disk_refuses"
    exit_code = 13


class BadDataFile(FirmbaseError):
    """{path} is wrong at {field} ({said}): correct it, or take the one of this release."""

    code = "bad_data_file"
    exit_code = 13


class UnknownEncoding(FirmbaseError):
    """{file} is not in {encoding}: name its encoding, such as windows-1252 or utf-16."""

    code = "unknown_encoding"
    exit_code = 2
