"""What to look for in HAProxy's configuration: each gives the lines to blame."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.haproxy_ways import (
    Way,
    always_done,
    in_force,
    on_the_way,
    servers,
    ways,
    with_servers,
)
from policy_proxy.cli.servers.rule import Look
from policy_proxy.cli.servers.seen import Seen

BUFFER = 16_384
RESERVED = 1024
"""What HAProxy has for `tune.bufsize` and `tune.maxrewrite` by itself."""
_HARMLESS = {"none", "conn-failure", "0rtt-rejected"}
"""What `retry-on` may name: a request that failed so was not executed."""
_LOCAL = re.compile(
    r"(unix@|abns@|fd@|/).*|(ipv[46]@)?(127\.\d+\.\d+\.\d+|\[?::1\]?|localhost):\d+"
)
_TIME = re.compile(r"(\d+)(us|ms|s|m|h|d)?")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def small_buffer(seen: Seen) -> Iterator[Entry]:
    given, reserved = seen.last("tune.bufsize"), seen.last("tune.maxrewrite")
    size = _number(given, BUFFER)
    left = size - min(_number(reserved, RESERVED), size // 2)
    needed = looks.request_line(seen.ours) + looks.header_line(seen.ours)
    if seen.file and left < needed:
        yield given or seen.absent("tune.bufsize")


def _number(entry: Entry | None, default: int) -> int:
    return int(entry.value) if entry and entry.value.isdecimal() else default


def unsaid_client(seen: Seen) -> Iterator[Entry]:
    """What a client says of its address stays, and is all that is said of it."""
    for way in ways(seen):
        given = on_the_way(seen, way, "option forwardfor")
        replaced = (
            one.words[0].lower() == "x-forwarded-for"
            for one in always_done(seen, way, "http-request del-header", "http-request set-header")
            if one.words
        )
        partly = given is None or {"if-none", "except"} & {*given.words}
        if partly and not any(replaced):
            yield given or seen.absent("option forwardfor", inside=way.front)


def keeps_underscores(seen: Seen) -> Iterator[Entry]:
    for way in ways(seen):
        restricted = on_the_way(seen, way, "option http-restrict-req-hdr-names")
        deleted = always_done(seen, way, "http-request del-header")
        if not (restricted and restricted.value in ("delete", "reject")) and not any(
            one.words == ("_", "-m", "sub") for one in deleted
        ):
            yield seen.absent("http-request del-header _ -m sub", inside=way.front)


def lacks(name: str) -> Look:
    """The setting is in force neither where clients come nor where the servers are."""

    def look(seen: Seen) -> Iterator[Entry]:
        for way in ways(seen):
            if on_the_way(seen, way, name) is None:
                yield seen.absent(name, inside=way.front)

    return look


def slow_bodies(seen: Seen) -> Iterator[Entry]:
    yield from lacks("option http-buffer-request")(seen)
    yield from lacks("timeout http-request")(seen)


def keeps_connections(seen: Seen) -> Iterator[Entry]:
    for way in ways(seen):
        closing = ("option http-server-close", "option httpclose")
        if not any(on_the_way(seen, way, name) for name in closing):
            yield seen.absent(closing[0], inside=way.back)


def repeats_writes(seen: Seen) -> Iterator[Entry]:
    for way in ways(seen):
        given = in_force(seen, way.back, "retry-on")
        if given and not {*given.words} <= _HARMLESS and not _spares_writes(seen, way):
            yield given


def _spares_writes(seen: Seen, way: Way) -> bool:
    blocks = (way.front.block, way.back.block)
    spared = (e for e in seen.all("http-request disable-l7-retry") if e.inside in blocks)
    return any(one.words in ((), ("unless", "METH_GET")) for one in spared)


def same_again(seen: Seen) -> Iterator[Entry]:
    for section in with_servers(seen):
        given = in_force(seen, section, "option redispatch")
        if len(servers(seen, section)) > 1 and (given is None or given.value == "0"):
            yield given or seen.absent("option redispatch", inside=section)


def unasked(seen: Seen) -> Iterator[Entry]:
    """Servers of which nobody knows whether they are ready."""
    for section in with_servers(seen):
        asked = in_force(seen, section, "option httpchk")
        sent = in_force(seen, section, "http-check send")
        if asked is None:
            yield seen.absent("option httpchk", inside=section)
        elif "/healthcheck" not in (*asked.words, *(sent.words if sent else ())):
            yield asked
        defaults = in_force(seen, section, "default-server")
        for one in servers(seen, section):
            if "check" not in (*one.words, *(defaults.words if defaults else ())):
                yield one


def impatient(seen: Seen) -> Iterator[Entry]:
    for section in with_servers(seen):
        given = in_force(seen, section, "timeout server")
        if given and _seconds(given.value) < seen.ours.backend.total_timeout:
            yield given


def _seconds(text: str) -> float:
    """A number alone is of milliseconds. Of what is no time, HAProxy itself says so."""
    match = _TIME.fullmatch(text)
    return int(match[1]) * _UNITS[match[2] or "ms"] if match else float("inf")


def blind(seen: Seen) -> Iterator[Entry]:
    for way in ways(seen):
        given = in_force(seen, way.front, "mode")
        if given is None or given.value != "http":
            yield given or seen.absent("mode", inside=way.front)


def open_admin(seen: Seen) -> Iterator[Entry]:
    for one in seen.all("stats socket"):
        if one.words and not _LOCAL.fullmatch(one.words[0]):
            yield one
    yield from seen.all("stats admin")
