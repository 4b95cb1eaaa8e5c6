"""What holds in the filters and routes of an Envoy configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.looks import Need
from policy_proxy.cli.servers.rule import Look
from policy_proxy.cli.servers.seen import Seen

_TOKENS = re.compile(r"%REQ(_WITHOUT_QUERY)?\(:?x-(auth|service|subject)-token", re.IGNORECASE)
_SAFE_UNDERSCORES = ("REJECT_REQUEST", "DROP_HEADER")
_PATTERNS = ("allowed_upstream_headers", "allowed_upstream_headers_to_append")
_LOOPBACK = ("127.0.0.1", "::1")


def unguarded(seen: Seen) -> Iterator[Entry]:
    """Managers of connections that have no `ext_authz`."""
    for manager in _managers(seen):
        within = seen.within(manager.inside)
        if not any(_is(entry, "ExtAuthz") for entry in within):
            yield manager


def manages_http(seen: Seen) -> bool:
    return bool(_managers(seen))


def switched_off(seen: Seen) -> Iterator[Entry]:
    """`disabled` for the filter, for a route that leads somewhere, or for more than a route."""
    for entry in seen.all("disabled"):
        if entry.value != "true" or not _is_about_the_check(seen, entry):
            continue
        route = _route_around(entry)
        if route is None or any(e.inside == route and e.name == "route" for e in seen.entries):
            yield entry


def _is_about_the_check(seen: Seen, entry: Entry) -> bool:
    """Of a filter, its configuration is below; of a route, the name of the filter is above."""
    below = (e for e in seen.within(entry.inside) if _is(e, "ExtAuthz", "ExtAuthzPerRoute"))
    return any(below) or any("ext_authz" in key for key in entry.inside)


def keeps_underscores(seen: Seen) -> Iterator[Entry]:
    for manager in _managers(seen):
        action = _value(seen, manager, "common_http_protocol_options", _UNDERSCORES)
        if action is None:
            yield seen.absent(_UNDERSCORES, inside=manager)
        elif action.value not in _SAFE_UNDERSCORES:
            yield action


_UNDERSCORES = "headers_with_underscores_action"


def retries(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("retry_policy"):
        given = {e.name: e.value for e in seen.within(entry.block)}
        if given.get("num_retries") != "0" and given.get("retry_on"):
            yield entry


def small(name: str, default: int, need: Need) -> Look:
    """A number of each manager, or the default, is less than what is needed."""

    def look(seen: Seen) -> Iterable[Entry]:
        for manager in _managers(seen):
            entry = _value(seen, manager, name)
            if entry is None and default < need(seen.ours):
                yield seen.absent(name, inside=manager)
            elif entry and entry.value.isdigit() and int(entry.value) < need(seen.ours):
                yield entry

    return look


def broad_answers(seen: Seen) -> Iterator[Entry]:
    for entry in seen.entries:
        if {*_PATTERNS} & {*entry.inside} and entry.words and entry.name != "exact":
            yield entry


def open_admin(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("address"):
        if "admin" in entry.inside and entry.words and entry.value not in _LOOPBACK:
            yield entry


def logged_tokens(seen: Seen) -> Iterator[Entry]:
    return (entry for entry in seen.entries if _TOKENS.search(entry.value))


def _managers(seen: Seen) -> list[Entry]:
    return [entry for entry in seen.all("@type") if _is(entry, "HttpConnectionManager")]


def _is(entry: Entry, *kinds: str) -> bool:
    return entry.name == "@type" and re.split(r"[./]", entry.value)[-1] in kinds


def _value(seen: Seen, beside: Entry, *keys: str) -> Entry | None:
    """What these keys lead to, from the mapping in which `beside` is."""
    place = (*beside.inside, *keys[:-1])
    return next((e for e in seen.all(keys[-1]) if e.inside == place), None)


def _route_around(entry: Entry) -> tuple[str, ...] | None:
    """The place of the route in which it stands; None if it stands in none."""
    if "routes" not in entry.inside:
        return None
    end = len(entry.inside) - entry.inside[::-1].index("routes") + 1
    return entry.inside[:end]
