"""What the sandbox is asked to survive."""

import contextlib
import ctypes
import json
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PR_SET_PDEATHSIG = 1


def report(source: Path, folder: Path) -> dict[str, Any]:
    # Libraries work with threads.
    thread = threading.Thread(target=lambda: (folder / "left.txt").write_text("here"))
    thread.start()
    thread.join()
    return {"read": source.read_text(), "env": sorted(os.environ), "session": os.getsid(0)}


def hog(_source: Path, _folder: Path) -> dict[str, Any]:
    return {"size": len(bytearray(2 * 1024**3))}


def spin(_source: Path, _folder: Path) -> dict[str, Any]:
    while True:
        pass


def sleep(_source: Path, folder: Path) -> dict[str, Any]:
    # A child of its own must not outlive it either, where the system lets it have one.
    pids = [os.getpid()]
    with contextlib.suppress(OSError):
        pids.append(os.fork())
    if pids[-1]:
        (folder / "pids").write_text(json.dumps(pids))
    time.sleep(600)
    return {}


def wait(_source: Path, folder: Path, until: str) -> dict[str, Any]:
    """Says that it is here, then waits for the files it is told of."""
    (folder / "pid").write_text(str(os.getpid()))
    while not (folder / until).exists():
        time.sleep(0.01)
    return {"parent": os.getppid()}


def look_around(_source: Path, folder: Path, secret: str, runner: str) -> dict[str, Any]:
    """What of all that should be out of reach it can reach."""
    tries: dict[str, Callable[[], object]] = {
        "read another file": lambda: Path(secret).read_text(),
        "read what lies beside the code": lambda: (ROOT / "Makefile").read_text(),
        "read the environment of its runner": lambda: Path(f"/proc/{runner}/environ").read_text(),
        "write beside its folder": lambda: (folder.parent / "beside").write_text("x"),
        "leave a link": lambda: (folder / "link").symlink_to(secret),
        "leave a folder": lambda: (folder / "within").mkdir(),
        "leave a pipe": lambda: os.mkfifo(folder / "pipe"),
        "end its runner": lambda: os.kill(int(runner), 0),
        "limit its runner": lambda: resource.prlimit(int(runner), resource.RLIMIT_CORE, (0, 0)),
        "slow its runner down": lambda: os.setpriority(os.PRIO_PROCESS, int(runner), 1),
        "open another file to everybody": lambda: Path(secret).chmod(0o604),
        "start a process": lambda: os.fork() or os._exit(0),
        "ask a service on this computer": lambda: socket.socket(socket.AF_UNIX).close(),
        "leave memory behind": lambda: called(shared_memory),
        "outlive whoever forked it": lambda: called(lambda libc: libc.prctl(PR_SET_PDEATHSIG, 0)),
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), 5).close(),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
    }
    reached = []
    for name, reach in tries.items():
        try:
            reach()
            reached.append(name)
        except ConnectionRefusedError:
            # There is a network, in which nobody listened.
            reached.append(name)
        except OSError:
            continue
    return {"reached": reached, "open": [number for number in range(3, 64) if is_open(number)]}


def shared_memory(libc: ctypes.CDLL) -> int:
    segment: int = libc.shmget(0, 4096, 0o600)
    return segment if segment < 0 else int(libc.shmctl(segment, 0, None))


def called(call: Callable[[ctypes.CDLL], int]) -> None:
    if call(ctypes.CDLL(None, use_errno=True)) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def keep(_source: Path, _folder: Path) -> dict[str, Any]:
    """Leaves a trace in its own memory; returns the one that was there."""
    found = getattr(sys, "left_by_another", None)
    sys.left_by_another = "a trace"  # type: ignore[attr-defined]
    return {"found": found, "parent": os.getppid()}


def recurse(source: Path, folder: Path) -> dict[str, Any]:
    return recurse(source, folder)


def crash(_source: Path, _folder: Path) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def fill(_source: Path, folder: Path) -> dict[str, Any]:
    (folder / "big").write_bytes(bytes(64 * 1024**2))
    return {}


def stumble(_source: Path, _folder: Path) -> dict[str, Any]:
    sys.stderr.write("words before the end\n")
    raise KeyError("ours")
