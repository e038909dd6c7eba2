"""The command `firmbase`: one sub-command per noun, loaded only when it is called."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from cli.errors import DiskRefuses
from cli.output import print_error
from edge_jobs.api import plain_errors
from edge_jobs.errors import FirmbaseError

COMMANDS = {
    "stack": "The local Supabase: up, down, status, reset, logs, env.",
    "db": "The schema: diff, migrate, status, types, advisors.",
    "firms": "Firms and their members.",
    "files": "What was uploaded: look at it, process it, quarantine, check, usage.",
    "import": "Rows of a firm from a CSV or XLSX file, with a dry run first.",
    "jobs": "The job queue: run it, look at it, steer it, and what runs by the clock.",
    "notifications": "Mails: preview each, and which addresses get none.",
    "usage": "How large the project and its firms are, beside what a plan includes.",
    "cost": "What a month costs, now and at three sizes.",
    "demo": "Play a working day of a small firm on the local stack.",
    "doctor": "Check every part and say how to mend each.",
    "deploy": "Go live: check a project against this checkout, and bring it up to date.",
}
# Where a command cannot be called as its module.
MODULES = {"import": "imports"}


class LazyGroup(TyperGroup):
    """Imports the module of a sub-command only when that one is called, not for the help."""

    called: str | None = None

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.called = args[0] if args else None
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name != self.called:
            return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        module = importlib.import_module(f"cli.{MODULES.get(cmd_name, cmd_name)}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = command.help or COMMANDS[cmd_name]
        return command


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Start with `firmbase demo`. Every command has --help, and --json for programs.",
)


@app.callback()
def firmbase() -> None:
    """Firmbase: the backend of a product for consulting firms, on Supabase."""


@contextlib.contextmanager
def plain_disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise DiskRefuses(path=error.filename, said=str(error.strerror).lower()) from error


def main() -> None:
    """Runs the command; what is known to go wrong ends in one sentence and a stable exit code.

    With --json the sentence is an object on standard error: `{"error": {code, message}}`.
    """
    as_json = "--json" in sys.argv
    try:
        with plain_errors(), plain_disk_errors():
            # Not standalone: the parser raises what it would print.
            sys.exit(app(standalone_mode=not as_json))
    except FirmbaseError as error:
        print_error(error.code, str(error), as_json=as_json)
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        print_error("wrong_usage", error.format_message(), as_json=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
