"""Networks of peers, as options name them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def hold(networks: Iterable[Network], address: str) -> bool:
    """Whether the address is in one of the networks; what is no address is in none.

    An IPv4 address is the same one when a socket for IPv6 has accepted it.
    """
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in network for network in networks)
