"""The proxy without one of its memories: what it answers must not depend on them.

`make test-caches` runs tests of behaviour once without each; CACHES_OFF names which.
"""

from __future__ import annotations

import os

OFF = {
    "identities": ("[identity_cache]", "ttl = 0\nrefusal_ttl = 0"),
    "tokens": ("[keystone_authtoken]", "token_cache_time = -1"),
    "requests": ("[limits]", "remembered_requests = 0"),
}


def chosen(text: str) -> str:
    """A configuration as it is, or with those memories off that CACHES_OFF names."""
    for name in filter(None, os.environ.get("CACHES_OFF", "").split(",")):
        section, options = OFF[name]
        if section in text:
            text = text.replace(section, f"{section}\n{options}", 1)
        else:
            text = f"{text}\n{section}\n{options}\n"
    return text
