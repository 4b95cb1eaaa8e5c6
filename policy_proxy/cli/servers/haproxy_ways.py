"""HAProxy's sections: which requests take which way to which servers, and what holds on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.seen import Seen

_SERVERS = ("server", "server-template")


@dataclass(frozen=True, slots=True)
class Way:
    """From where clients come to the servers: two sections, or twice the same."""

    front: Entry
    back: Entry


def ways(seen: Seen) -> Iterator[Way]:
    """A section with servers that nobody leads to counts, too: another file may."""
    for back in with_servers(seen):
        fronts = [one for one in seen.all("frontend") if _leads_to(seen, one, back)]
        if back.name == "listen" or not fronts:
            fronts.append(back)
        yield from (Way(front, back) for front in fronts)


def with_servers(seen: Seen) -> Iterator[Entry]:
    for section in seen.all("backend", "listen"):
        if any(servers(seen, section)):
            yield section


def servers(seen: Seen, section: Entry) -> list[Entry]:
    return [one for one in seen.all(*_SERVERS) if one.inside == section.block]


def _leads_to(seen: Seen, front: Entry, back: Entry) -> bool:
    led = (one for one in seen.all("default_backend", "use_backend") if _holds(one, front))
    return any(one.words[:1] == back.words[:1] for one in led)


def _holds(entry: Entry, section: Entry) -> bool:
    """Whether it stands in the section, or in the `defaults` that the section has."""
    return bool(entry.inside) and entry.inside == section.block[: len(entry.inside)]


def in_force(seen: Seen, section: Entry, name: str) -> Entry | None:
    """The setting as it is in the section, or in its `defaults`; None if there is none, or a `no`
    before it.
    """
    given = [one for one in seen.all(name, f"no {name}") if _holds(one, section)]
    deepest = max((len(one.inside) for one in given), default=0)
    last = next((one for one in reversed(given) if len(one.inside) == deepest), None)
    return None if last is None or last.name != name else last


def on_the_way(seen: Seen, way: Way, name: str) -> Entry | None:
    """The same of a setting that is as good in the one section as in the other."""
    return in_force(seen, way.back, name) or in_force(seen, way.front, name)


def always_done(seen: Seen, way: Way, *names: str) -> Iterator[Entry]:
    """The rules with these names that have no condition."""
    for one in seen.all(*names):
        if (_holds(one, way.front) or _holds(one, way.back)) and not {"if", "unless"} & {
            *one.words
        }:
            yield one
