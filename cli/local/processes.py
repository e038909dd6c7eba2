"""How child processes are tied to the one that started them."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent(stop_signal: int = signal.SIGTERM) -> None:
    """For `preexec_fn`: block no signals, and get one when the parent dies, however it dies.

    Only Linux can do the latter; elsewhere a parent that is killed leaves its children running.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, stop_signal)
