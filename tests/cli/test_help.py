"""Every command explains itself, and speaks JSON."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import COMMANDS, app

FIRMBASE = Path(sys.executable).with_name("firmbase")
NO_JSON = {"stack logs"}  # prints log files as they are


def commands() -> Iterator[tuple[str, Any]]:
    """Each command with its whole name, such as `stack up`."""
    top: Any = typer.main.get_command(app)
    context = typer.Context(top)
    for noun in COMMANDS:
        _, group, _ = top.resolve_command(context, [noun])
        yield from below(noun, group)


def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for verb, one in command.commands.items():
        yield from below(f"{name} {verb}", one)


ALL = dict(commands())


@pytest.mark.parametrize("name", ALL)
def test_it_says_what_it_does(name: str) -> None:
    assert len(ALL[name].help) > 20
    assert all(p.help for p in ALL[name].params if p.name != "help"), "a parameter has no help"


@pytest.mark.parametrize("name", sorted(ALL.keys() - NO_JSON))
def test_it_speaks_json(name: str) -> None:
    assert "--json" in [option for p in ALL[name].params for option in p.opts]


def test_the_help_lists_every_noun() -> None:
    shown = subprocess.run([FIRMBASE, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0
    assert all(noun in shown.stdout for noun in COMMANDS)


def test_an_unknown_command_is_wrong_usage() -> None:
    refused = subprocess.run([FIRMBASE, "nonsense"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "No such command" in refused.stderr
