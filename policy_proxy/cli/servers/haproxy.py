"""HAProxy in front of the proxy: https://docs.haproxy.org/2.6/configuration.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import haproxy_looks as look
from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import haproxy as file
from policy_proxy.cli.servers.rule import Environment, Rule, Server

LARGE_ENOUGH = 98_304
_CHANGING = tuple(
    f"http-request {name}"
    for name in (
        *("normalize-uri", "replace-path", "replace-pathq", "replace-uri", "set-method"),
        *("set-path", "set-pathq", "set-query", "set-uri"),
    )
)
_LOGGED = ("capture request", "log-format", "http-request capture")


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # a file has the names of what it takes from it, and no values
    for name in files:
        yield from file.entries(name)


def _front(*lines: str, without: str = "") -> str:
    """A way to two proxies that is good, with these lines in its beginning."""
    good = [
        *("mode http", "bind :8778", "http-request del-header _ -m sub"),
        *("option forwardfor", "option http-buffer-request", "timeout http-request 15s"),
        *("option http-server-close", "option redispatch", "option httpchk GET /healthcheck"),
        *("timeout server 125s", "server proxy-1 192.0.2.11:8777 check"),
        "server proxy-2 192.0.2.12:8777 check",
    ]
    inside = [*lines, *(line for line in good if line != without)]
    return "listen placement\n" + "".join(f"    {line}\n" for line in inside)


RULES: Mapping[str, Rule] = {
    "haproxy-buffer": Rule(
        look.small_buffer,
        "a header that does not fit in it, less tune.maxrewrite, is a 400 of HAProxy's: nova asks "
        "for 20 KiB, and [limits] max_target_bytes and max_header_bytes allow more",
        f"tune.bufsize {LARGE_ENOUGH} and tune.maxrewrite 1024",
        "global\n    tune.bufsize 32768\n",
    ),
    "haproxy-header-count": Rule(
        looks.below("tune.http.maxhdr", 101, lambda ours: ours.limits.max_headers),
        "HAProxy refuses by itself as many headers as [limits] max_headers allows",
        "take it away: HAProxy itself has 101",
        "global\n    tune.http.maxhdr 64\n",
    ),
    "haproxy-client": Rule(
        look.unsaid_client,
        "the X-Forwarded-For that a client sends is all that a proxy gets: any client may say from "
        "which address it comes, and the audit record will repeat it",
        "option forwardfor with nothing after it, or http-request del-header x-forwarded-for",
        _front("option forwardfor if-none", without="option forwardfor"),
    ),
    "haproxy-underscores": Rule(
        look.keeps_underscores,
        "X_Forwarded_For gets through, and in the proxy's server takes the place of HAProxy's own "
        "X-Forwarded-For: any client may say from which address it comes",
        "http-request del-header _ -m sub",
        _front(without="http-request del-header _ -m sub"),
    ),
    "haproxy-changed-path": Rule(
        lambda seen: seen.all(*_CHANGING),
        "what the proxy decides and records is not what the client sent, and requests that could "
        "be read in two ways are answered instead of refused",
        "take it away",
        "global\n    expose-experimental-directives\n"
        + _front("http-request normalize-uri path-merge-slashes"),
    ),
    "haproxy-invalid-requests": Rule(
        lambda seen: seen.all("option accept-invalid-http-request"),
        "requests that break HTTP's grammar get through: who is behind may read them otherwise",
        "take it away",
        _front("option accept-invalid-http-request"),
    ),
    "haproxy-slow-bodies": Rule(
        look.slow_bodies,
        "a body that comes slowly, or never ends, waits in a proxy, and keeps a thread there",
        "option http-buffer-request, with timeout http-request 15s",
        _front(without="option http-buffer-request"),
    ),
    "haproxy-kept-connections": Rule(
        look.keeps_connections,
        "a request may meet the end of its connection to the proxy, and fails",
        "option http-server-close",
        _front(without="option http-server-close"),
    ),
    "haproxy-retries": Rule(
        look.repeats_writes,
        "a write that was not answered, or with an error, is sent again, and may be done twice",
        "retry-on conn-failure, or http-request disable-l7-retry unless METH_GET",
        _front("retry-on all-retryable-errors"),
    ),
    "haproxy-redispatch": Rule(
        look.same_again,
        "a request for a proxy that has just gone is tried with the same one again, and is a 503",
        "option redispatch 1",
        _front(without="option redispatch"),
    ),
    "haproxy-health": Rule(
        look.unasked,
        "requests go to a proxy that has no policy in force, or is about to stop",
        "option httpchk GET /healthcheck, and check with each server or in default-server",
        _front("option httpchk GET /", without="option httpchk GET /healthcheck"),
    ),
    "haproxy-timeout": Rule(
        look.impatient,
        "it is shorter than [backend] total_timeout: a write is a 504, and is done all the same",
        "timeout server longer than total_timeout",
        _front("timeout server 50s", without="timeout server 125s"),
    ),
    "haproxy-cache": Rule(
        lambda seen: seen.all("http-request cache-use"),
        "an answer that is kept is for whoever asks, without a token: HAProxy looks at "
        "Authorization alone, and asks no proxy",
        "take it away",
        "cache answers\n    total-max-size 4\n    max-age 60\n"
        + _front("http-request cache-use answers", "http-response cache-store answers"),
    ),
    "haproxy-log": Rule(
        looks.tells_secrets(*_LOGGED),
        "whoever reads the log can use the tokens in it",
        "take it away",
        _front("capture request header X-Auth-Token len 256"),
    ),
    "haproxy-mode": Rule(
        look.blind,
        "HAProxy does not look into requests: what is said here of headers, bodies and clients "
        "does nothing",
        "mode http",
        _front(without="mode http"),
    ),
    "haproxy-admin": Rule(
        look.open_admin,
        "whoever reaches it can send requests elsewhere, and take proxies away",
        "stats socket and a path, or an address of loopback; no stats admin",
        "global\n    stats socket ipv4@0.0.0.0:9999 level admin\n",
    ),
}

SERVER = Server(
    words="HAProxy, in front of `policy-proxy serve`",
    file="haproxy.cfg",
    read=_read,
    rules=RULES,
    knows=lambda seen: any(seen.all("global", "defaults", "frontend", "backend", "listen")),
    unseen=(
        "which sections are of other services: all that have a server are looked at",
        "maps, Lua, SPOE, the command line, and what HAProxy is told by its sockets",
    ),
)
