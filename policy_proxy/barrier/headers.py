"""Which response headers a client gets to see: an allow-list, so that a new one stays inside."""

from __future__ import annotations

import re
from collections.abc import Iterable

from policy_proxy.model import Headers

SUCCESS = frozenset(
    {
        "allow",
        "cache-control",
        "content-length",
        "content-type",
        "last-modified",
        "location",
        "openstack-api-version",
        "retry-after",
        "vary",
    }
)
VERDICT = frozenset({"content-length", "openstack-api-version", "x-policy-proxy-target"})
ERROR = frozenset(
    {"allow", "cache-control", "openstack-api-version", "retry-after", "vary", "www-authenticate"}
)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_NARROWER = {
    "allow": re.compile(r"[A-Z]+(?: *, *[A-Z]+)*|"),
    "retry-after": re.compile(r"[0-9]{1,9}|[A-Za-z]{3}, [0-9A-Za-z: ]{1,30}"),
}
"""What else a value must look like: nothing that a backend says by mistake gets out in these."""


def passed_on(headers: Iterable[tuple[str, str]], allowed: frozenset[str]) -> Headers:
    """Those of `headers` that are allowed and well formed, in their order."""
    return tuple(
        [
            (name, value)
            for name, value in headers
            if (lower := name.lower()) in allowed and _NARROWER.get(lower, _VALUE).fullmatch(value)
        ]
    )
