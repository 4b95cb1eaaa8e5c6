"""Requests over raw sockets to `policy-proxy serve`, with the oracle of the attacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attack.case import Case, Expected
from attack.oracle import as_text, violations
from attack.targets import World, proxied
from harness.keystone import Keystone
from harness.proxy import PROXY_USER, SERVICE_GRANT
from harness.secrets import folder_searched, made
from harness.server import serving
from harness.servers import SERVERS

ANYTHING = Expected("either", frozenset(range(600)) - {500})
"""Whatever is asked, the proxy itself does not fail."""


@contextmanager
def requests_checked(server: str = "granian") -> Iterator[Callable[[Any], None]]:
    password = made()
    keystone = Keystone({PROXY_USER: (password, SERVICE_GRANT)})
    with (
        folder_searched() as folder,
        serving(keystone) as url,
        proxied(SERVERS[server], World(keystone, url, password), folder) as target,
    ):

        def check(request: tuple[str, str]) -> None:
            who, raw = request
            case = Case("fuzz", "", "", who, {"raw": raw}, ANYTHING, half_close=True)
            happened = target.attacked(case)
            found = list(violations(happened, ANYTHING))
            assert not found, "\n".join([*found, as_text(happened.records)])

        yield check
