"""The other end of edge_jobs.sandbox: has the libraries loaded and forks a child for each input.

It never looks at an input itself, so that each child begins clean and within milliseconds. A line
of JSON on standard input asks for a child, a line on standard output says how it ended. Where the
asker hangs up, the child ends with this process.
"""

import contextlib
import errno
import gc
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from edge_jobs import confinement, syscalls

RESULT = "result.json"
ERRORS = "errors.log"
OUT_OF_BOUNDS = 77

# Called once, before the first fork: loads what most children need.
_WARM_UP = ("edge_jobs.files.inspect", "warm_up")

HOME = Path(__file__).resolve().parent.parent
# Not what lies beside it in a checkout: the project's secrets, for example.
_CODE = [HOME / "edge_jobs", *map(Path, (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64"))]


def main() -> None:
    module, function = _WARM_UP
    getattr(importlib.import_module(module), function)()
    confinement.leave_network()
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # What is here by now is shared with every child: nobody need count its references again.
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _child(request)
        print(json.dumps(_end(child, ended, request["wall_s"])), flush=True)


def _end(child: int, ended: int, wall_s: float) -> dict[str, float]:
    """The exit code of the child, negative for a signal (one of ours where it took too long), and
    what it cost."""
    ends_at = time.monotonic() + wall_s
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        left = ends_at - time.monotonic()
        ready, _, _ = select.select([0, ended], [], [], max(left, 0))
        if ended in ready:
            os.read(ended, 512)
        if 0 in ready or left <= 0:
            _kill(child)
        if 0 in ready:
            sys.exit(0)
    # Also on a clean exit: whatever the child started must not outlive it.
    _kill(child)
    _, status, used = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_kib": used.ru_maxrss,
    }


def _kill(child: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _child(request: dict[str, Any]) -> NoReturn:
    """Whatever happens, this never returns into the loop of the parent."""
    code = 1
    try:
        source, folder = Path(request["source"]), Path(request["folder"])
        confinement.die_with_parent()
        os.setsid()
        _begin_anew(folder)
        module, function = request["target"].split(":")
        run = getattr(importlib.import_module(module), function)
        confinement.close_disk(source, folder, _CODE)
        confinement.limit_resources(request["cpu_s"])
        syscalls.restrict()
        result = run(source, folder, *request["arguments"])
        (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")
        code = 0
    except (MemoryError, RecursionError):
        code = OUT_OF_BOUNDS
    except BaseException as error:
        # More than a file may hold is a limit of the input, as memory is.
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            code = OUT_OF_BOUNDS
        with contextlib.suppress(BaseException):
            (folder / ERRORS).write_text(traceback.format_exc(), errors="replace")
    finally:
        os._exit(code)


def _begin_anew(folder: Path) -> None:
    """Nothing of the parent stays open, and a private folder is where it lives and writes."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, 256)
    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder)
