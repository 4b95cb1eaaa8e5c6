"""What holds in the locations of an nginx configuration, with what they inherit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.rule import Look
from policy_proxy.cli.servers.seen import Seen

_PASSES = ("proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass", "grpc_pass")
_HAS_PATH = re.compile(r"\w+://(unix:[^:]*:.+|[^/]+/.*|.*\$(document_)?uri.*)")
_AS_UNDERSTOOD = re.compile(r"\w+://[^/$]+/\$(\w+)")
_TOLD = "$upstream_http_x_policy_proxy_target"
"""In the authorizer's answer: the target that it decided, built anew."""
_MISLEADING = re.compile(r"\$(document_)?uri\b|\$http_|\$args\b|\$query_string\b")
_ORIGINAL = re.compile(r"x-original-|x-forwarded-(method|uri)", re.IGNORECASE)
_BODY_BUFFER = 16 * 1024


def unguarded(seen: Seen) -> Iterator[Entry]:
    """Of a configuration that asks at all: what is passed on where nobody is asked."""
    if not _asks(seen):
        return
    for entry in _passes(seen):
        if not _is_asked(seen, entry) and not _is_check(seen, entry):
            yield entry


def asked_by_clients(seen: Seen) -> Iterator[Entry]:
    """The locations that `auth_request` names, which clients can reach."""
    for location in seen.all("location"):
        if location.words and location.words[-1] in _asks(seen):
            inside = {entry.name for entry in seen.within(location.block)}
            if "internal" not in inside:
                yield location


def misled(seen: Seen) -> Iterator[Entry]:
    """What the authorizer is told in place of what the client sent."""
    for entry in seen.all("proxy_set_header"):
        told = len(entry.words) > 1 and _ORIGINAL.match(entry.words[0])
        if told and _MISLEADING.search(entry.words[1]):
            yield entry


def changed_path(seen: Seen) -> Iterator[Entry]:
    """What gives the backend another path, where the authorizer was asked about the client's."""
    for entry in seen.all("proxy_pass", "rewrite"):
        has_path = _HAS_PATH.fullmatch(entry.value) and not _is_as_understood(seen, entry)
        changes = entry.name == "rewrite" or has_path
        if changes and _is_asked(seen, entry) and not _is_check(seen, entry):
            yield entry


def _is_as_understood(seen: Seen, entry: Entry) -> bool:
    """Whether what is passed on is the target that the authorizer told."""
    match = _AS_UNDERSTOOD.fullmatch(entry.value)
    told = {e.words[0] for e in seen.all("auth_request_set") if e.words[1:] == (_TOLD,)}
    return match is not None and f"${match[1]}" in told


def satisfied_otherwise(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.all("satisfy") if e.value == "any" and _asks(seen))


def denial_replaced(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("error_page"):
        replaced = any(word.startswith("=") for word in entry.words) and not entry.words[
            -1
        ].startswith("@")
        if replaced and {"401", "403"} & {*entry.words}:
            yield entry


def merges(seen: Seen) -> Iterator[Entry]:
    """Where slashes are merged, which is nginx's default."""
    places = [seen.inherited(entry.inside, "merge_slashes") for entry in _passes(seen)]
    if None in places:
        yield seen.absent("merge_slashes")
    yield from (e for e in seen.all("merge_slashes") if e in places and e.value != "off")


def below(name: str, default: int, need: looks.Need, *, zero: bool = False) -> Look:
    """`looks.below` for each place that passes requests on, by what is in force there."""

    def look(seen: Seen) -> Iterator[Entry]:
        places = [entry for entry in _passes(seen) if not _is_check(seen, entry)]
        if not places:
            yield from looks.below(name, default, need, zero=zero, every=True)(seen)
        found = {seen.inherited(entry.inside, name) for entry in places}
        if None in found and default < need(seen.ours):
            yield seen.absent(name)
        for one in seen.all(name):
            if one in found and looks.small(one, need(seen.ours), zero=zero):
                yield one

    return look


def passes_on(seen: Seen) -> bool:
    return any(_passes(seen))


def bodies_on_disk(seen: Seen) -> Iterator[Entry]:
    for entry in _passes(seen):
        streams = _in_force(seen, entry, "{}_request_buffering") == "off"
        buffer = looks.size(_in_force(seen, entry, "client_body_buffer_size")) or _BODY_BUFFER
        if not streams and buffer < looks.body(seen.ours) and not _is_check(seen, entry):
            yield entry


def answers_on_disk(seen: Seen) -> Iterator[Entry]:
    for entry in _passes(seen):
        streams = _in_force(seen, entry, "{}_buffering") == "off"
        none = looks.size(_in_force(seen, entry, "{}_max_temp_file_size")) == 0
        if not streams and not none and not _is_check(seen, entry):
            yield entry


def _passes(seen: Seen) -> Iterator[Entry]:
    return seen.all(*_PASSES)


def _in_force(seen: Seen, entry: Entry, name: str) -> str:
    """The value for what passes on; of a name with braces, that of its own protocol."""
    found = seen.inherited(entry.inside, name.format(entry.name.removesuffix("_pass")))
    return found.value if found else ""


def _asks(seen: Seen) -> set[str]:
    """The paths of locations that are asked."""
    return {entry.value for entry in seen.all("auth_request")} - {"off"}


def _is_asked(seen: Seen, entry: Entry) -> bool:
    found = seen.inherited(entry.inside, "auth_request")
    return found is not None and found.value != "off"


def _is_check(seen: Seen, entry: Entry) -> bool:
    """Whether it is the question itself."""
    block = entry.inside[-1].split(" #")[0] if entry.inside else ""
    return block.removeprefix("location ").removeprefix("= ") in _asks(seen)
