"""Caddy with `forward_auth`, from a Caddyfile.

https://caddyserver.com/docs/caddyfile/directives/forward_auth
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import caddyfile
from policy_proxy.cli.servers.rule import Environment, Rule, Server
from policy_proxy.cli.servers.seen import Seen

MIB = 1_048_576
_TOKEN = re.compile(r"x-auth-token", re.IGNORECASE)
_ANSWERING = (
    *("acme_server", "file_server", "handle", "handle_path", "invoke", "metrics", "php_fastcgi"),
    *("respond", "reverse_proxy", "route"),
)
"""Directives that Caddy itself has behind `forward_auth`, and that answer, or hold what does."""
_LOCAL = re.compile(r"off|(localhost|127\.0\.0\.1|\[::1\])(:\d+)?|unix//.*")


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # nothing in it counts
    for name in files:
        yield from caddyfile.entries(name)


def _unguarded(seen: Seen) -> Iterator[Entry]:
    """What is passed on where nobody was asked before: in a `route`, order is as it is written."""
    for number, entry in enumerate(seen.entries):
        if entry.name != "reverse_proxy" or _in(entry, "forward_auth"):
            continue
        ordered = any(block.startswith("route #") for block in entry.inside)
        asking = seen.entries[:number] if ordered else seen.entries
        if not any(_covers(one, entry) for one in asking):
            yield entry


def _reordered(seen: Seen) -> Iterator[Entry]:
    """What answers is brought before what asks, in places where order is Caddy's."""
    for entry in seen.all("order"):
        moved, where, other = (*entry.words, "", "", "")[:3]
        if moved == "forward_auth":
            early = where == "last" or (where == "after" and other in _ANSWERING)
        else:
            early = where == "first" or (where == "before" and other not in _ANSWERING)
        if early and moved in (*_ANSWERING, "forward_auth"):
            yield entry


def _covers(one: Entry, entry: Entry) -> bool:
    return one.name == "forward_auth" and entry.inside[: len(one.inside)] == one.inside


def _in(entry: Entry, name: str) -> bool:
    return any(block.startswith(f"{name} #") for block in entry.inside)


def _sometimes(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.all("forward_auth") if e.words and e.words[0].startswith(("/", "@")))


def _changed(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("rewrite", "uri", "handle_path", "method"):
        matches = any(block.startswith("@") for block in entry.inside)
        if not matches and not _in(entry, "forward_auth"):
            yield entry


def _copied(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("copy_headers"):
        inside = [one.name for one in seen.within(entry.block)] if entry.opens else []
        if {name.lower() for name in (*entry.words, *inside)} - {"x-openstack-request-id"}:
            yield entry


def _keeps_underscores(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("reverse_proxy"):
        removed = (e for e in seen.all("request_header", "header_up") if e.value == "-*_*")
        blocks = [e.inside for e in removed]
        if not any(_shares(block, entry) for block in blocks):
            yield entry


def _shares(block: tuple[str, ...], entry: Entry) -> bool:
    """Whether what stands in the block holds for the entry: around it, or within it."""
    return entry.inside[: len(block)] == block or block[: len(entry.block)] == entry.block


def _logged(seen: Seen) -> Iterator[Entry]:
    for entry in seen.all("log"):
        site = bool(entry.inside) and entry.inside[0][0] != "{"
        removed = any(_TOKEN.search(f"{e.name} {e.value}") for e in seen.within(entry.block))
        if site and not (entry.opens and removed):
            yield entry


def _open_admin(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.all("admin") if e.words and not _LOCAL.fullmatch(e.words[0]))


def _site(*lines: str, asks: Sequence[str] = ()) -> str:
    """A site that asks the authorizer, with these lines in it, and those in what asks."""
    asking = ["forward_auth 127.0.0.1:8779 {", "\turi /", *(f"\t{line}" for line in asks), "}"]
    inside = [*asking, *lines, "reverse_proxy 127.0.0.1:8780"]
    return ":8778 {\n" + "".join(f"\t{line}\n" for line in inside) + "}\n"


RULES: Mapping[str, Rule] = {
    "caddy-open-way": Rule(
        _unguarded,
        "nobody is asked whether this request may be: it is a way around the proxy",
        "forward_auth before it, in the same block or one around it",
        ":8778 {\n\treverse_proxy 127.0.0.1:8780\n}\n",
    ),
    "caddy-order": Rule(
        _reordered,
        "what answers comes before who is asked, wherever both stand outside `route`: it is a way "
        "around the proxy",
        "take it away",
        "{\n\torder handle before forward_auth\n}\n" + _site(),
    ),
    "caddy-matcher": Rule(
        _sometimes,
        "only requests that match are asked about: all others are let through",
        "forward_auth without a matcher",
        ":8778 {\n\tforward_auth /usages* 127.0.0.1:8779 {\n\t\turi /\n\t}\n"
        "\treverse_proxy 127.0.0.1:8780\n}\n",
    ),
    "caddy-changed-path": Rule(
        _changed,
        "what is decided is not what the client sent, or not what the backend gets",
        "take it away",
        _site("rewrite * /placement{uri}"),
    ),
    "caddy-trusted-proxies": Rule(
        looks.trusts_anyone("trusted_proxies"),
        "X-Forwarded-* of any client are believed",
        "trusted_proxies static and the addresses of what stands in front",
        "{\n\tservers {\n\t\ttrusted_proxies static 0.0.0.0/0\n\t}\n}\n",
    ),
    "caddy-copied-headers": Rule(
        _copied,
        "headers of the proxy's answer that are none of the backend's business reach it",
        "copy_headers X-Openstack-Request-Id",
        _site(asks=["copy_headers X-Roles"]),
    ),
    "caddy-underscores": Rule(
        _keeps_underscores,
        "X_Roles gets through, and behind Caddy is taken for X-Roles",
        "request_header -*_* before it",
        _site(),
    ),
    "caddy-log": Rule(
        _logged,
        "Caddy logs the headers of requests, and of those with secrets it hides Cookie and "
        "Authorization alone: whoever reads the log can use the tokens in it",
        "format filter { request>headers>X-Auth-Token delete }, or no log",
        _site("log"),
    ),
    "caddy-log-credentials": Rule(
        lambda seen: seen.all("log_credentials"),
        "whoever reads the log can use the secrets in it",
        "take it away",
        "{\n\tservers {\n\t\tlog_credentials\n\t}\n}\n",
    ),
    "caddy-header-size": Rule(
        looks.below(
            "max_header_size",
            MIB,
            lambda ours: looks.request_line(ours) + looks.header_line(ours),
            every=True,
        ),
        "Caddy refuses by itself what [limits] max_target_bytes and max_header_bytes allow",
        "max_header_size 96KiB",
        "{\n\tservers {\n\t\tmax_header_size 16KiB\n\t}\n}\n",
    ),
    "caddy-body-size": Rule(
        looks.below("max_size", 2**40, looks.body, every=True),
        "Caddy refuses by itself bodies that [limits] max_body_bytes allows",
        "max_size as large as max_body_bytes",
        _site("request_body {", "\tmax_size 1MB", "}"),
    ),
    "caddy-retries": Rule(
        lambda seen: seen.all("lb_retry_match"),
        "a write that the backend did not answer may be sent again, and done twice",
        "take it away: then only GET is tried again",
        ":8778 {\n\treverse_proxy 127.0.0.1:8780 {\n\t\tlb_retry_match method PUT\n\t}\n}\n",
    ),
    "caddy-admin": Rule(
        _open_admin,
        "whoever reaches it can give Caddy another configuration",
        "admin off, or an address of loopback",
        "{\n\tadmin :2019\n}\n",
    ),
}

SERVER = Server(
    words="Caddy, asking the authorizer",
    file="Caddyfile",
    read=_read,
    rules=RULES,
    knows=lambda seen: any(seen.all("reverse_proxy")),
    unseen=("what the file imports, and what Caddy is told by its admin interface",),
)
