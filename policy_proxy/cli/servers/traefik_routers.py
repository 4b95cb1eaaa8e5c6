"""What holds in the routers and entry points of Traefik; all names are in lower case."""

from __future__ import annotations

from collections.abc import Iterator

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.rule import Look
from policy_proxy.cli.servers.seen import Seen

_REQUEST_ID = "x-openstack-request-id"
_ALIASES = "aliasheadersstrategy"


def routes(seen: Seen) -> bool:
    """Whether there is a router or an entry point at all."""
    return any(_routers(seen)) or any(_entry_points(seen))


def unguarded(seen: Seen) -> Iterator[Entry]:
    """Routers that lead somewhere without asking; of TCP and UDP, none can ask."""
    asking = _asking(seen)
    everywhere = [_uses(seen, (*one.block, "http")) & asking for one in _entry_points(seen)]
    asked_anyway = bool(everywhere) and all(everywhere)
    for router in _routers(seen):
        if router.inside[1] != "http":
            yield router
            continue
        service = [e.value for e in seen.all("service") if e.inside == router.block]
        internal = any(one.endswith("@internal") for one in service)
        if not (asked_anyway or internal or _uses(seen, router.block) & asking):
            yield router


def _routers(seen: Seen) -> Iterator[Entry]:
    kinds = [(kind, "routers") for kind in ("http", "tcp", "udp")]
    return (e for e in seen.entries if e.opens and e.inside[1:] in kinds)


def _entry_points(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.entries if e.opens and e.inside[1:] == ("entrypoints",))


def _uses(seen: Seen, block: tuple[str, ...]) -> set[str]:
    """The names of the middlewares in the block, without those of their providers."""
    return {e.value.split("@")[0].lower() for e in seen.within((*block, "middlewares"))}


def _asking(seen: Seen) -> set[str]:
    """The middlewares that ask, and the chains with one of them."""
    asking = {e.inside[-1] for e in seen.all("forwardauth") if under(e, "http", "middlewares")}
    chains = [e for e in seen.all("chain") if under(e, "http", "middlewares")]
    return asking | {one.inside[-1] for one in chains if _uses(seen, one.block) & asking}


def under(entry: Entry, *keys: str) -> bool:
    return entry.inside[1 : len(keys) + 1] == keys


def broad_answers(seen: Seen) -> Iterator[Entry]:
    for entry in seen.entries:
        named = entry.inside[-1:] == ("authresponseheaders",)
        if entry.name == "authresponseheadersregex" or (
            named and entry.value.lower() != _REQUEST_ID
        ):
            yield entry


def keeps_aliases(seen: Seen) -> Iterator[Entry]:
    for point in _entry_points(seen):
        inside = (*point.block, "http")
        given = [e for e in seen.all(_ALIASES) if e.inside == inside]
        if not given:
            yield seen.absent("aliasHeadersStrategy", inside=point)
        yield from (e for e in given if e.value.lower() != "reject")


def insecure(*blocks: str) -> Look:
    def look(seen: Seen) -> Iterator[Entry]:
        for entry in seen.all("insecure"):
            if entry.value.lower() == "true" and entry.inside[-1] in blocks:
                yield entry

    return look


def trusts_anyone(seen: Seen) -> Iterator[Entry]:
    yield from insecure("forwardedheaders", "proxyprotocol")(seen)
    for entry in seen.entries:
        if entry.inside[-1:] == ("trustedips",) and entry.value in looks.ANYONE:
            yield entry


def logged_tokens(seen: Seen) -> Iterator[Entry]:
    for entry in seen.entries:
        if "accesslog" in entry.inside and entry.value.lower() == "keep":
            default = entry.name == "defaultmode" and entry.inside[-1] == "headers"
            if default or looks.SECRETS.search(entry.name):
                yield entry
