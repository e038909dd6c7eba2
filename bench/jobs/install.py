"""The peers' own packages, kept beside their programs; an installation is used again."""

import hashlib
import subprocess
import sys
from pathlib import Path

from cli.local.config import ROOT

PROGRAMS = Path(__file__).parent / "programs"
VENV = PROGRAMS / ".venv"
NODE_MODULES = PROGRAMS / "node_modules"
PYTHON = VENV / "bin" / "python"
NODE = ROOT / ".venv" / "bin" / "node"


class NotInstalled(Exception):
    """A peer's packages could not be had, and why."""


def python_peers() -> None:
    lock = PROGRAMS / "requirements.txt"
    once(
        VENV,
        lock,
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        [str(PYTHON), "-m", "pip", "install", "--no-input", "--no-deps", "-r", str(lock)],
    )


def node_peers() -> None:
    # Not `npm ci`: it insists that the registry has the builds for every other platform too.
    npm = [str(NODE), str(NODE.with_name("npm").resolve()), "install", "--no-save"]
    once(
        NODE_MODULES,
        PROGRAMS / "package-lock.json",
        [*npm, "--ignore-scripts", "--no-audit", "--no-fund"],
    )


def once(folder: Path, lock: Path, *commands: list[str]) -> None:
    """Runs the commands unless they came to their end before, with the same lock file.

    Raises:
        NotInstalled: one of them failed; its last words are the message.
    """
    stamp, wanted = folder / "installed", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    for command in commands:
        done = subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True)
        if done.returncode:
            words = [line for line in done.stderr.splitlines() if line.strip()]
            raise NotInstalled(" / ".join(words[-3:]))
    stamp.write_text(wanted)
