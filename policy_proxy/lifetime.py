"""How long a process lives: no longer than the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Have the kernel send this process SIGTERM when the process `parent` ends, however it ends.

    A parent that is killed with SIGKILL cannot stop its children. If it ended before this was
    called, the signal comes at once. It comes, too, when the thread ends that started this process:
    https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html

    :raises OSError: if the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
