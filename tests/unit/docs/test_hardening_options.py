"""Every option that an operator is told to set exists, with the value that is told."""

from __future__ import annotations

import re

import pytest

from docs_from_code import ROOT
from docs_from_code.libraries import LIBRARIES
from policy_proxy import config

PAGES = ["hardening", "limits", "runbook", "threat-model"]
NAMED = re.compile(r"`\[(\w+)\]\s+(\w+)(?: = [^`]+)?`")


def named(page):
    return set(NAMED.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")))


def options(section):
    """The names that the section takes, those of libraries among them."""
    ours = {s.GROUP: {option.name for option in s.OPTS} for s in config.SECTIONS}
    theirs = {name: set(library.options) for name, library in LIBRARIES.items()}
    return ours.get(section, set()) | theirs.get(section, set())


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_a_page_names_exists(page):
    found = named(page)

    assert len(found) >= 3
    assert {(section, name) for section, name in found if name not in options(section)} == set()


def test_everything_that_hardening_is_about_is_named():
    wanted = {
        ("audit", "key_file"),
        ("audit", "strict"),
        ("backend", "cafile"),
        ("health", "trusted_addresses"),
        ("keystone_authtoken", "memcache_security_strategy"),
        ("limits", "max_requests"),
        ("policy", "require_file"),
        ("server", "tls_certfile"),
        ("server", "tls_client_ca"),
        ("server", "trusted_proxies"),
    }

    assert wanted <= named("hardening")
