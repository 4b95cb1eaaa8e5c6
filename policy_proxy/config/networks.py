"""Addresses and the networks that options name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"
"""Among networks: whoever may connect to the unix socket. Such a peer has no address."""


def parsed(text: str) -> Network | str:
    """An item of a list of networks.

    :raises ValueError: if it is neither a network nor `unix`.
    """
    return UNIX if text == UNIX else ipaddress.ip_network(text)


def have_everybody(networks: Iterable[Network | str]) -> bool:
    """Whether one of them is the whole of IPv4 or of IPv6, which is nobody's own network."""
    return any(not isinstance(network, str) and network.prefixlen == 0 for network in networks)


def address_of(text: str) -> Address | None:
    """The address, if it is one. An IPv4 address is the same one when a socket for IPv6 has
    accepted it.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_in(peer: str, networks: Iterable[Network | str]) -> bool:
    """
    :param peer: an address as WSGI's REMOTE_ADDR has it; the empty text for a unix socket.
    """
    if not peer:
        return UNIX in networks
    address = address_of(peer)
    return address is not None and any(
        address in network for network in networks if not isinstance(network, str)
    )
