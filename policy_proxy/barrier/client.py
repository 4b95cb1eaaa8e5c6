"""Where a request comes from, as the proxies in front say, as far as they are trusted.

It is for audit records, and for nothing else. Location headers, links, the scheme and policy never
depend on what a header says of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from policy_proxy.config.networks import Network, address_of, is_in
from policy_proxy.model import CLIENT, Environ, StartResponse, WSGIApp

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(rf'({_WORD})=(?:({_WORD})|"([^"\\,;]*)")')
_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?|([0-9A-Fa-f:.]+)")
_MOST_HOPS = 32

Read = Callable[[str], str]
"""Takes one element of the header; gives the address in it, or nothing if there is none."""


class ClientAddress:
    """Leaves the client's address in the environ.

    :param header: one of `READERS`.
    :param trusted: the peers, and the hops, whose word counts.
    """

    def __init__(self, app: WSGIApp, header: str, trusted: Iterable[Network | str]) -> None:
        self._app = app
        self._header = header
        self._trusted = tuple(trusted)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[CLIENT] = client_of(environ, self._header, self._trusted)
        return self._app(environ, start_response)


def client_of(environ: Mapping[str, Any], header: str, trusted: tuple[Network | str, ...]) -> str:
    """The address that the first trusted hop saw; the peer's own if nobody trusted tells one.

    The header is read from its end, where the peer has written, as far as trusted hops go. What
    stands before is the client's to make up, and is not looked at. One hop on this way that
    cannot be understood makes all of it worthless.
    """
    peer = str(environ.get("REMOTE_ADDR", ""))
    name, read = READERS[header]
    hop, hops = peer, 0
    elements = _from_the_end(str(environ.get(name, "")))
    while is_in(hop, trusted) and (element := next(elements, None)) is not None:
        hop = read(element)
        hops += 1
        if not hop or hops > _MOST_HOPS:
            return peer
    return hop


def _from_the_end(value: str) -> Iterator[str]:
    """The elements of a list. A comma within quotes parts them too: what stands in quotes here is
    an address, which has none, and where quotes end must not be the client's to say.
    """
    while value.strip():
        value, _, element = value.rpartition(",")
        yield element.strip()


def _forwarded(element: str) -> str:
    """RFC 7239, section 4: `for=192.0.2.60;proto=http;by=203.0.113.43`."""
    found = ""
    for pair in element.split(";"):
        match = _PAIR.fullmatch(pair.strip())
        if match is None:
            return ""
        if match[1].lower() == "for":
            if found:
                return ""
            found = _node(match[2] or match[3] or "")
            if not found:
                return ""
    return found


def _node(text: str) -> str:
    """An address in its usual spelling, without the port; nothing for `unknown` and other names."""
    match = _NODE.fullmatch(text)
    address = match and address_of(next(filter(None, match.groups()), ""))
    return str(address) if address else ""


READERS: dict[str, tuple[str, Read]] = {
    "forwarded": ("HTTP_FORWARDED", _forwarded),
    "x-forwarded-for": ("HTTP_X_FORWARDED_FOR", _node),
}
"""What each header is called in the environ, and how an element of it is read."""
