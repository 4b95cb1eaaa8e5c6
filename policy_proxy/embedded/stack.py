"""Keystone, Placement and the proxy, started in that order and stopped together."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy_proxy.embedded import clouds, keystone, placement, ports, proxy, state, users
from policy_proxy.embedded.processes import Child, Children, children
from policy_proxy.embedded.seed import seed
from policy_proxy.errors import ConfigurationError

Step = Callable[[str], AbstractContextManager[None]]
"""Called with the words for each step; the step is what happens within the context."""

PACKAGES = ("keystone", "placement", "osc_placement", "openstackclient")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: where it is, and sessions of its users."""

    root: Path
    keystone_url: str
    placement_url: str
    proxy_url: str
    passwords: dict[str, str]
    children: Children

    def session(self, user: users.User) -> Any:
        """A keystoneauth session of one of the seeded users."""
        return clouds.session(self.keystone_url, user, self.passwords[user.name])

    def wait(self) -> None:
        """Block while all goes well.

        :raises ConfigurationError: naming the process that ended.
        """
        self.children.wait()


@contextmanager
def running(root: Path, wanted: proxy.Wanted, step: Step) -> Iterator[Stack]:
    """Start what is in the state directory `root` (all of it, at first); stop it at the end.

    :param wanted: of the proxy; the others listen on loopback.
    :raises ConfigurationError: if it cannot be started: one sentence with the remedy.
    """
    _check_packages()
    with state.locked(root), children() as started:
        ports.check(wanted.host, wanted.port)
        passwords = state.passwords(root, (user.name for user in users.ALL))
        loopback = state.loopback_ports(root, ("keystone", "placement"))
        stack = Stack(
            root=root,
            keystone_url=keystone.url(loopback["keystone"]),
            placement_url=placement.url(loopback["placement"]),
            proxy_url=proxy.url(wanted.host, wanted.port),
            passwords=passwords,
            children=started,
        )
        _start(stack, wanted, loopback, step)
        yield stack


def _start(stack: Stack, wanted: proxy.Wanted, loopback: dict[str, int], step: Step) -> None:
    """Each step ends when what it names answers; Placement starts while Keystone does."""
    with step("Keystone"):
        first = keystone.start(
            stack.children,
            stack.root,
            port=loopback["keystone"],
            password=stack.passwords[users.ADMIN.name],
        )
        second = placement.start(
            stack.children,
            stack.root,
            port=loopback["placement"],
            keystone_url=stack.keystone_url,
            password=stack.passwords[users.PLACEMENT.name],
        )
        first.wait_for(stack.keystone_url)
    with step("Placement"):
        second.wait_for(stack.placement_url)
    with step("Users, roles and the catalogue"):
        third = _start_proxy(stack, wanted)
        seed(stack.keystone_url, stack.proxy_url, stack.passwords)
        clouds.write(stack.root, stack.keystone_url, stack.passwords)
    with step("The proxy"):
        third.wait_for(f"{stack.proxy_url}/healthcheck")


def _start_proxy(stack: Stack, wanted: proxy.Wanted) -> Child:
    return proxy.start(
        stack.children,
        stack.root,
        wanted=wanted,
        keystone_url=stack.keystone_url,
        placement_url=stack.placement_url,
        password=stack.passwords[users.PROXY.name],
    )


def _check_packages() -> None:
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        sentence = (
            f"the embedded Keystone and Placement are not installed (no {', '.join(missing)}): "
            "pip install '.[embedded]' in a clone of the repository"
        )
        raise ConfigurationError([sentence])
