"""What all candidates share: a backend, a Keystone, a memcached, and tokens."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import backend, system, tokens
from policy_proxy.embedded import placement, ports, state, users
from policy_proxy.embedded.processes import Children, children

TOKEN_CACHE_SECONDS = 3600
"""For all candidates alike, in place of auth_token's 300: so that what is measured is requests with
known tokens, not how fast Keystone validates those that were forgotten in the middle of a round."""
MEMCACHED_MB = 256


@dataclass(frozen=True, slots=True)
class World:
    """`children` are the processes that end with the part that started them; `stack` holds what
    else ends with it.
    """

    folder: Path
    children: Children
    stack: ExitStack
    backend: str
    identities: tokens.Identities
    memcached: str

    def authtoken(self, user: users.User, **more: str) -> dict[str, str]:
        """`[keystone_authtoken]` for a candidate that validates tokens as `user`."""
        password = self.identities.passwords[user.name]
        section = placement.authtoken(self.identities.url, user, password)
        return section | {"token_cache_time": str(TOKEN_CACHE_SECONDS)} | more

    @contextmanager
    def part(self) -> Iterator[World]:
        """The same with children of its own, which end with the `with` block."""
        with children() as own, ExitStack() as stack:
            yield dataclasses.replace(self, children=own, stack=stack)


@contextmanager
def running(folder: Path, count: int) -> Iterator[World]:
    """Start all of it in `folder`, with `count` tokens; stop it at the end."""
    with state.locked(folder), children() as started, ExitStack() as stack:
        memcached = _memcached(started, folder)
        identities = tokens.start(started, folder)
        tokens.issue(identities, count)
        canned = backend.start(started, folder)
        yield World(folder, started, stack, canned, identities, memcached)


def _memcached(children: Children, folder: Path) -> str:
    port = ports.free()
    where = ["-l", ports.LOOPBACK, "-p", str(port), "-U", "0", "-u", "root"]
    command = [system.program("memcached"), *where, "-m", str(MEMCACHED_MB), "-t", "1"]
    child = children.start("memcached", command, folder / "memcached.log", {})
    while True:
        child.check()
        try:
            socket.create_connection((ports.LOOPBACK, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return f"{ports.LOOPBACK}:{port}"
