"""A filter of system calls for a process that opens untrusted bytes: what Landlock lets pass.

The process starts no other, so that nothing outlives it or begins its limits anew. It changes
nothing about other processes or about who may read which file, and asks nobody over a socket.
"""

import ctypes
import errno
import platform
import struct
import sys
from itertools import chain

# The numbers on x86-64 and on AArch64, which has no old calls. Elsewhere there is no filter.
_PROCESSORS = {"x86_64": 0, "aarch64": 1}
_ARCHITECTURE = (0xC000003E, 0xC00000B7)
_SECCOMP, _CLONE, _CLONE3 = (317, 277), (56, 220), (435, 435)
_PRLIMIT, _PRCTL = (302, 261), (157, 167)
_REFUSED = (
    # fork, vfork, chmod, chown, lchown
    ((57, 58, 90, 92, 94), ()),
    # fchmodat, fchmodat2, fchownat
    ((268, 452, 260), (53, 452, 54)),
    # setpriority, ioprio_set, sched_setparam, sched_setscheduler, sched_setaffinity, sched_setattr
    ((141, 251, 142, 144, 203, 314), (140, 30, 118, 119, 122, 274)),
    # shmget, semget, msgget, mq_open
    ((29, 64, 68, 240), (194, 190, 186, 180)),
    # socket, and io_uring_setup, which does what is refused otherwise
    ((41, 425), (198, 425)),
)

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD, _X32 = 0x10000, 0x40000000
_PR_SET_PDEATHSIG = 1
_SET_FILTER, _KEEP_SPEED = 1, 1 << 2

_Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def restrict() -> None:
    """For good, for this process. It must have no privilege to gain (PR_SET_NO_NEW_PRIVS)."""
    processor = _PROCESSORS.get(platform.machine()) if sys.platform == "linux" else None
    if processor is not None:
        code = _program(processor)
        program = _Program(len(code) // 8, code)
        libc = ctypes.CDLL(None)
        libc.syscall(_SECCOMP[processor], _SET_FILTER, _KEEP_SPEED, ctypes.byref(program))


def _program(processor: int) -> bytes:
    """Instructions of classic BPF: a code, how many to skip if it holds and if not, a value."""
    allow, refuse = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERROR | errno.EPERM)
    refused = chain.from_iterable(numbers[processor] for numbers in _REFUSED)
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, _MACHINE),
            (_EQUAL, 1, 0, _ARCHITECTURE[processor]),
            (_RETURN, 0, 0, _KILL),
            (_LOAD, 0, 0, _NUMBER),
            (_ANY_BIT, 0, 1, _X32),
            refuse,
            *chain.from_iterable(((_EQUAL, 0, 1, number), refuse) for number in refused),
            # Threads are made in the older way where this one is missing.
            (_EQUAL, 0, 1, _CLONE3[processor]),
            (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
            *_by_argument(_CLONE[processor], (_ANY_BIT, 0, 1, _CLONE_THREAD), allow, refuse),
            # Its own limits are those of 0.
            *_by_argument(_PRLIMIT[processor], (_EQUAL, 0, 1, 0), allow, refuse),
            # It keeps ending with its parent.
            *_by_argument(_PRCTL[processor], (_EQUAL, 0, 1, _PR_SET_PDEATHSIG), refuse, allow),
            allow,
        )
    )


def _by_argument(
    number: int, test: _Instruction, if_holds: _Instruction, otherwise: _Instruction
) -> tuple[_Instruction, ...]:
    """For this call its first argument decides; the others go on behind it."""
    return (_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), test, if_holds, otherwise
