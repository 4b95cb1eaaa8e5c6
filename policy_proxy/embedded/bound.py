"""Run a command that ends when its parent ends: `python -m policy_proxy.embedded.bound PID CMD…`.

That is arranged here, in a process of its own that then becomes the command, since running Python
between fork and exec is not safe.
"""

from __future__ import annotations

import os
import signal
import sys

from policy_proxy import lifetime


def main(parent: int, command: list[str]) -> None:
    """Become `command`, to get SIGTERM when the process `parent` ends.

    :raises OSError: if the kernel refuses, or there is no such command.
    """
    lifetime.end_with(parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    os.execv(command[0], command)  # noqa: S606 - the command is ours, and no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
