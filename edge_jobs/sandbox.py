"""Open untrusted bytes in one bounded process of their own.

The process is a fork of a nursery (edge_jobs.nursery): a process with one thread that has the
libraries loaded and never sees an input. So a child costs milliseconds and shares nothing with the
one before. There are as many nurseries as there are inputs at once.
"""

import atexit
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from edge_jobs import confinement, nursery

WALL_SECONDS = 60

# Isolated mode leaves the path of the installation only; a checkout is added to it.
_START = "import sys; sys.path.append(sys.argv[1]); from edge_jobs.nursery import main; main()"

_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    # Memory for pictures comes in large pages: a fresh process spends less on asking for it.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class TooComplex(Exception):
    """The input needs more memory or time than one file may take."""


class SandboxFailed(Exception):
    """The sandboxed code itself is at fault, not its input."""


def run(
    target: str,
    source: Path,
    folder: Path,
    *arguments: str | None,
    cpu_s: int = confinement.CPU_SECONDS,
) -> dict[str, Any]:
    """What ``target``, "package.module:function", returns for ``(source, folder, *arguments)``: a
    JSON object.

    ``folder`` is an empty private folder where the child may leave files of at most 16 MiB each.
    The clock may show six times the seconds that it may have of the processor.
    Raises TooComplex where a limit or a crash ended the child, SandboxFailed on any exception.
    """
    end = attempt(target, source, folder, *arguments, cpu_s=cpu_s)
    if end.code < 0 or end.code == nursery.OUT_OF_BOUNDS:
        raise TooComplex
    if end.code:
        told = left(folder / nursery.ERRORS)
        raise SandboxFailed(
            f"It ended: {end.code}." if told is None else told.decode(errors="replace")[-2000:]
        )
    raw = left(folder / nursery.RESULT)
    if raw is None:
        raise SandboxFailed("It left no result.")
    result: dict[str, Any] = json.loads(raw)
    return result


def left(path: Path) -> bytes | None:
    """What is in a file that a child left in its folder, if it did. Raises SandboxFailed."""
    file = open_left(path)
    if file is None:
        return None
    with file:
        return file.read()


def open_left(path: Path) -> BinaryIO | None:
    """A file that a child left in its folder, if it did.

    A child that its input has taken over may leave a link or a pipe by that name, where the kernel
    does not forbid it: neither is followed. Raises SandboxFailed on anything but a file.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SandboxFailed(f"It left no file: {path.name}.") from error
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise SandboxFailed(f"It left no file: {path.name}.")
    return os.fdopen(opened, "rb")


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended, negative for a signal, and what it cost."""

    code: int
    cpu_s: float
    peak_kib: int


def attempt(
    target: str,
    source: Path,
    folder: Path,
    *arguments: str | None,
    cpu_s: int = confinement.CPU_SECONDS,
) -> End:
    """The same, whatever comes of it. Raises SandboxFailed where the nursery was lost."""
    request = {
        "target": target,
        "source": str(source.resolve()),
        "folder": str(folder.resolve()),
        "arguments": arguments,
        "cpu_s": cpu_s,
        "wall_s": WALL_SECONDS * cpu_s / confinement.CPU_SECONDS,
    }
    found = _take()
    end = found.run(request)
    with _lock:
        _idle.append(found)
    return end


class _Nursery:
    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, str(nursery.HOME)],
            cwd="/",
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def run(self, request: dict[str, Any]) -> End:
        """Raises SandboxFailed where this process was lost."""
        assert self._popen.stdin is not None  # noqa: S101 - both are pipes
        assert self._popen.stdout is not None  # noqa: S101
        with contextlib.suppress(OSError):
            self._popen.stdin.write(json.dumps(request) + "\n")
            self._popen.stdin.flush()
            if answer := self._popen.stdout.readline():
                return End(**json.loads(answer))
        self.end()
        raise SandboxFailed("The process that forks the sandboxes was lost.")

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


_idle: list[_Nursery] = []
_lock = threading.Lock()


def close() -> None:
    """Ends the processes that wait for an input."""
    with _lock:
        while _idle:
            _idle.pop().end()


atexit.register(close)


def _take() -> _Nursery:
    """One that waits, or a new one; those that somebody has killed meanwhile are forgotten."""
    with _lock:
        while _idle:
            found = _idle.pop()
            if found.alive:
                return found
            found.end()
    return _Nursery()
