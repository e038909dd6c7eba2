"""What can go wrong with the parts that only the command line knows."""

import inspect

from edge_jobs.errors import FirmbaseError


class StackError(FirmbaseError):
    """The local stack could not do what it was asked to."""

    code = "stack_error"
    exit_code = 11

    def __init__(self, message: str | None = None) -> None:
        Exception.__init__(self, message or inspect.getdoc(type(self)))
