"""What the sandbox is asked to survive."""

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any


def report(source: Path, folder: Path) -> dict[str, Any]:
    (folder / "left.txt").write_text("here")
    return {"read": source.read_text(), "env": sorted(os.environ), "session": os.getsid(0)}


def hog(_source: Path, _folder: Path) -> dict[str, Any]:
    return {"size": len(bytearray(2 * 1024**3))}


def spin(_source: Path, _folder: Path) -> dict[str, Any]:
    while True:
        pass


def sleep(_source: Path, _folder: Path) -> dict[str, Any]:
    # A child of its own must not outlive it either.
    if (pid := os.fork()) == 0:
        time.sleep(600)
    Path(_folder, "child").write_text(str(pid))
    time.sleep(600)
    return {}


def crash(_source: Path, _folder: Path) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def fill(_source: Path, folder: Path) -> dict[str, Any]:
    (folder / "big").write_bytes(bytes(64 * 1024**2))
    return {}


def stumble(_source: Path, _folder: Path) -> dict[str, Any]:
    sys.stderr.write("words before the end\n")
    raise KeyError("ours")
