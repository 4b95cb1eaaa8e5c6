"""Run a command that ends when its parent ends: `python -m policy_proxy.embedded.bound PID CMD…`.

A parent that is killed with SIGKILL cannot stop its children, so the kernel does it: see
PR_SET_PDEATHSIG in https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html. It is set
here, in a process of its own that then becomes the command, since running Python between fork and
exec is not safe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become `command`, to get SIGTERM when the process `parent` ends.

    :raises OSError: if the kernel refuses, or there is no such command.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    if os.getppid() == parent:  # otherwise it ended before the line above
        os.execv(command[0], command)  # noqa: S606 - the command is ours, and no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
