"""All proxies that read the same policy files: asked one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policy_proxy.cli.policy.promotion.proxy import Proxy, configured
from policy_proxy.config.server import ServerSettings
from policy_proxy.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Proxies:
    """
    :param each: at least one.
    """

    each: tuple[Proxy, ...]

    @property
    def url(self) -> str:
        return ", ".join(one.url for one in self.each)

    @property
    def workers(self) -> int:
        """How many there are in all."""
        return sum(one.workers for one in self.each)

    def in_force(self, timeout: float) -> str:
        """The revision that all workers of all proxies have in force; empty if none is.

        :param timeout: seconds after which the workers of one must agree.
        :raises ConfigurationError: if one does not answer, or they differ.
        """
        found = {one.url: one.in_force(timeout) for one in self.each}
        if len({*found.values()}) > 1:
            told = (f"{url} has revision {had or 'none'} in force" for url, had in found.items())
            raise ConfigurationError([f"the proxies differ: {', '.join(told)}"])
        return next(iter(found.values()))

    def wait_for(self, revision: str, timeout: float) -> None:
        """Return when every worker has reported this revision as the one in force.

        :param timeout: seconds for each of the proxies.
        :raises ConfigurationError: if they have not by then, or one of them refuses it.
        """
        for one in self.each:
            one.wait_for(revision, timeout)


def every(server: ServerSettings, urls: Sequence[str], workers: int | None) -> Proxies:
    """
    :param urls: of the proxies; without any it is the one that `server` describes.
    :param workers: how many each of them has, instead of what it says.
    :raises click.UsageError: for a URL that is none.
    :raises ConfigurationError: if the certificate of the configuration cannot be read.
    """
    named: Sequence[str | None] = [*dict.fromkeys(urls)] or [None]
    return Proxies(tuple(configured(server, url, workers) for url in named))
