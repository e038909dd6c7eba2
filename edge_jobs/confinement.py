"""What a process gives up before it opens untrusted bytes: the network, the disk, long work.

Linux has all of it without any privilege; where a kernel lacks or forbids a part, the others hold.
Only the standard library is imported here.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

MEMORY_BYTES = 1024**3
CPU_SECONDS = 10
OUTPUT_BYTES = 16 * 1024**2
PROCESSES = 512

_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

# Landlock: the same numbers on every processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
# Programs; devices, sockets, pipes and links, which would lead whoever reads the folder elsewhere;
# folders, deeper than whoever removes them gets.
_NEVER = 1 << 0 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
# By version of the interface, what the kernel can forbid: on files, over TCP, and against processes
# outside (signals, abstract sockets).
_ON_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ON_TCP = {4: 0b11}
_ON_OTHERS = {6: 0b11}


def leave_network() -> None:
    """For this process and its children there is no network any more, if the kernel allows it."""
    if _libc and _libc.unshare(_CLONE_NEWNET):
        _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def die_with_parent() -> None:
    """Right after a fork by a process with one thread."""
    if _libc:
        parent = os.getppid()
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:
            os._exit(1)


def limit_resources(cpu_s: int) -> None:
    """Memory, time on the processor, files, processes."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_FSIZE: OUTPUT_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        # Of the user, where the namespace is not its own; without effect on root.
        resource.RLIMIT_NPROC: PROCESSES,
    }
    # macOS refuses RLIMIT_AS; the other limits still hold there.
    if sys.platform != "darwin":
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def close_disk(source: Path, folder: Path, code: list[Path]) -> None:
    """From now on ``source`` and what is below ``code`` can be read, and plain files be made in
    ``folder``.

    Nothing else on the disk can be opened, the environment and memory of other processes neither.
    """
    if not _libc:
        return
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    on_files, on_tcp, on_others = (
        max((rights for since, rights in known.items() if since <= version), default=0)
        for known in (_ON_FILES, _ON_TCP, _ON_OTHERS)
    )
    handled = (ctypes.c_uint64 * 3)(on_files, on_tcp, on_others)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules: int = _libc.syscall(_CREATE_RULESET, handled, size, 0)
    _allow(rules, folder, on_files & ~_NEVER)
    _allow(rules, source, _READ_FILE)
    for place in code:
        _allow(rules, place, _READ_FILE | _READ_FOLDER)
    if _libc.syscall(_RESTRICT_SELF, rules, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(rules)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # Not on this system, or out of reach already.
        return
    rule = _PathBeneath(rights, opened)
    if _libc and _libc.syscall(_ADD_RULE, rules, 1, ctypes.byref(rule), 0):
        raise OSError(ctypes.get_errno(), "landlock_add_rule")
    os.close(opened)
