"""`policy-proxy serve`, on granian: its configuration is the proxy's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import ini
from policy_proxy.cli.servers.rule import Environment, Look, Rule, Server
from policy_proxy.cli.servers.seen import Seen

LONGEST_TARGET = 65_534
MOST_HEADERS = 100
"""What granian itself takes of a request (hyper, which is in it)."""


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # OS_<SECTION>__<OPTION> is in the proxy's own settings
    for file in files:
        yield from ini.entries(file)


def _above(section: str, name: str, most: int) -> Look:
    def look(seen: Seen) -> Iterator[Entry]:
        for entry in seen.all(name):
            if entry.inside == (section,) and entry.value.isdigit() and int(entry.value) > most:
                yield entry

    return look


RULES: Mapping[str, Rule] = {
    "serve-threads": Rule(
        lambda seen: [e for e in seen.all("threads") if e.inside == ("server",) and e.value == "1"],
        "a worker answers one request at a time: one slow client stops it, and its /healthcheck",
        "take it away: 32 is the default",
        "[server]\nthreads = 1\n",
    ),
    "serve-target": Rule(
        _above("limits", "max_target_bytes", LONGEST_TARGET),
        "granian refuses what is longer than 65534 bytes by itself, without the proxy's error and "
        "with no audit record",
        f"max_target_bytes = {LONGEST_TARGET} at most",
        "[limits]\nmax_target_bytes = 100000\n",
    ),
    "serve-header-count": Rule(
        _above("limits", "max_headers", MOST_HEADERS),
        "granian refuses more than 100 headers by itself, without the proxy's error and with no "
        "audit record",
        f"max_headers = {MOST_HEADERS} at most",
        "[limits]\nmax_headers = 200\n",
    ),
    "serve-trusted-proxies": Rule(
        looks.trusts_anyone("trusted_proxies"),
        "any client may say from which address it comes, and the audit record will repeat it",
        "trusted_proxies = the addresses of what stands in front",
        "[server]\nforwarded_header = forwarded\ntrusted_proxies = 0.0.0.0/0\n",
    ),
    "serve-trusted-addresses": Rule(
        looks.trusts_anyone("trusted_addresses"),
        "any client may ask the authorizer, of any request and with any headers",
        "trusted_addresses = the address of the front end",
        "[authorizer]\nfront_end = nginx\ntrusted_addresses = 0.0.0.0/0\n",
    ),
}

SERVER = Server(
    words="`policy-proxy serve`, on granian",
    file="policy-proxy.conf",
    read=_read,
    rules=RULES,
    always=("chunked bodies are a 411: granian hands one that broke off on as if it were whole",),
    knows=lambda seen: any(seen.all("section")),
    unseen=("options on the command line of `serve`",),
)
