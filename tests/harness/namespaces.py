"""Hosts on networks of their own: network namespaces, joined by bridges in one more namespace.

Nothing of it touches the machine's own network: https://man7.org/linux/man-pages/man8/ip-netns.8.html
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_NUMBERS = itertools.count()
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace. `addresses` and `addresses6` are by segment, in the order of the segments."""

    name: str
    addresses: list[str] = field(default_factory=list)
    addresses6: list[str] = field(default_factory=list)

    def command(self, *words: object) -> list[str]:
        """These words as a command that runs on this host."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words: object) -> str:
        return _run(*self.command(*words))

    def call(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Call the function in a thread of this host: sockets that it makes are this host's."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._inside, function, *arguments).result()

    def _inside(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        namespace = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(namespace)
        return function(*arguments)


def missing() -> str:
    """Why there can be no such hosts here, and what to do; empty if there can be."""
    if os.geteuid() != 0:
        return "network namespaces are for root: run the tests as root"
    if shutil.which("ip") is None:
        return "ip is not there: apt-get install iproute2"
    if shutil.which("nft") is None:
        return "nft is not there: apt-get install nftables"
    tried = subprocess.run(
        ["unshare", "--net", "true"], capture_output=True, text=True, check=False
    )
    return f"no network namespace can be made: {tried.stderr.strip()}" if tried.returncode else ""


@contextmanager
def hosts(segments: Sequence[Sequence[str]]) -> Iterator[Mapping[str, Host]]:
    """Hosts by name; those of a segment reach each other, and nobody else does.

    :param segments: the names of the hosts in each. The first has addresses 10.77.1.x, the second
        10.77.2.x.
    """
    prefix = f"pp{os.getpid()}-{next(_NUMBERS)}"
    names = dict.fromkeys(name for segment in segments for name in segment)
    made = {name: Host(f"{prefix}-{name}") for name in names}
    switch = Host(f"{prefix}-switch")
    with ExitStack() as stack:
        for host in (switch, *made.values()):
            _run("ip", "netns", "add", host.name)
            stack.callback(_run, "ip", "netns", "del", host.name)
            host.run("ip", "link", "set", "lo", "up")
        for number, segment in enumerate(segments, 1):
            switch.run("ip", "link", "add", f"br{number}", "type", "bridge")
            switch.run("ip", "link", "set", f"br{number}", "up")
            for place, name in enumerate(segment, 1):
                _join(switch, made[name], number, place)
        yield made


def _join(switch: Host, host: Host, segment: int, place: int) -> None:
    """A cable from the host to the bridge of the segment."""
    port, card = f"s{segment}h{place}", f"eth{segment}"
    peer = ("peer", "name", card, "netns", host.name)
    switch.run("ip", "link", "add", port, "type", "veth", *peer)
    switch.run("ip", "link", "set", port, "master", f"br{segment}", "up")
    host.run("ip", "link", "set", card, "up")
    address, address6 = f"10.77.{segment}.{place}", f"fd77:0:0:{segment}::{place}"
    host.run("ip", "address", "add", f"{address}/24", "dev", card)
    host.run("ip", "address", "add", f"{address6}/64", "dev", card, "nodad")
    host.addresses.append(address)
    host.addresses6.append(address6)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
