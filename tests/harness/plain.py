"""Plain HTTP, each time on a connection of its own."""

from __future__ import annotations

import httpx


def get(url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """As `httpx.get`, which reads all certificates of the system first: that is 20 ms of computing,
    and some tests ask a hundred times, until each worker has answered.
    """
    return httpx.get(url, headers=headers, verify=False)
