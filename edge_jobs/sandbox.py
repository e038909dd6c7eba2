"""Open untrusted bytes in one bounded process of their own.

The parent calls `run`; the child is this same file as a script. It sets its own limits before it
imports anything that could read the input: between fork and exec of a threaded parent nothing runs.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1024**3
CPU_SECONDS = 10
WALL_SECONDS = 60
OUTPUT_BYTES = 16 * 1024**2

_RESULT = "result.json"
_ERRORS = "errors.log"
_OUT_OF_MEMORY = 77


class TooComplex(Exception):
    """The input needs more memory or time than one file may take."""


class SandboxFailed(Exception):
    """The sandboxed code itself is at fault, not its input."""


def run(target: str, source: Path, folder: Path) -> dict[str, Any]:
    """What ``target``, "package.module:function", returns for ``(source, folder)``: a JSON object.

    ``folder`` is an empty private folder where the child may leave files of at most 16 MiB each.
    Raises TooComplex where a limit or a crash ended the child, SandboxFailed on any exception.
    """
    errors = folder / _ERRORS
    with errors.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-I", __file__, target, str(source), str(folder)],
            cwd=folder,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            code = child.wait(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise TooComplex from None
        finally:
            # Also on a clean exit: whatever the child started must not outlive it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if code < 0 or code == _OUT_OF_MEMORY:
        raise TooComplex
    if code:
        raise SandboxFailed(errors.read_bytes()[-2000:].decode(errors="replace"))
    result: dict[str, Any] = json.loads((folder / _RESULT).read_bytes())
    return result


def _limit() -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_FSIZE: OUTPUT_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
    }
    # macOS refuses RLIMIT_AS; the CPU and wall limits still hold there.
    if sys.platform != "darwin":
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
    # The parent keeps the time too, unless somebody kills it.
    signal.alarm(WALL_SECONDS + 1)


def _child(target: str, source: str, folder: str) -> None:
    # Isolated mode leaves the path of the installation only; a checkout is found beside this file.
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    _limit()
    module, function = target.split(":")
    try:
        result = getattr(importlib.import_module(module), function)(Path(source), Path(folder))
        Path(folder, _RESULT).write_text(json.dumps(result), encoding="utf-8")
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)


if __name__ == "__main__":
    _child(*sys.argv[1:])
