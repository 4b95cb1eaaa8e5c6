"""A candidate's processes: what CPU they have used, what memory they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from policy_proxy.embedded.processes import Child


@dataclass(frozen=True, slots=True)
class Running:
    """A candidate that was started: its base URL, and the processes that do its work.

    The backend, Keystone, memcached and the load generator are nobody's work.

    :param ready: path that answers 200 once it can be asked.
    :param behind: the URL that answers 200 of each child but the last, which has `url`.
    """

    url: str
    children: tuple[Child, ...]
    ready: str = "/healthcheck"
    behind: tuple[str, ...] = ()

    def wait(self) -> None:
        """:raises policy_proxy.errors.ConfigurationError: if it does not become ready."""
        for child, url in zip(self.children, (*self.behind, self.url + self.ready), strict=True):
            child.wait_for(url)

    def processes(self) -> list[psutil.Process]:
        return family(child.process.pid for child in self.children)

    def cpu(self) -> float:
        """Seconds of CPU that their threads have used so far, the kernel's work for them included.

        To the nanosecond, where /proc/PID/stat has hundredths: the first number of
        https://docs.kernel.org/scheduler/sched-stats.html (schedstat of a task).
        """
        total = 0
        for process in self.processes():
            for thread in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
                with suppress(OSError):  # it has just ended
                    total += int(thread.read_text().split()[0])
        return total / 1e9

    def resident(self) -> float:
        """MiB that they hold now."""
        return self._memory("VmRSS")

    def forget_peak(self) -> None:
        """Have the kernel count the peak anew: clear_refs in
        https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
        """
        for process in self.processes():
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")

    def peak(self) -> float:
        """MiB that they held at most since `forget_peak`, each process at its own moment."""
        return self._memory("VmHWM")

    def _memory(self, field: str) -> float:
        kib = 0
        for process in self.processes():
            status = Path(f"/proc/{process.pid}/status").read_text()
            match = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
            kib += int(match[1]) if match else 0
        return kib / 1024


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes with these numbers and all that descend from them."""
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            found += [parent, *parent.children(recursive=True)]
    return found
