"""`policy-proxy serve` with a configuration that a test puts together section by section."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

from harness import caches

Sections = Mapping[str, Mapping[str, str]]


def written(directory: Path, sections: Sections) -> Path:
    """The configuration file with these sections."""
    path = directory / "policy-proxy.conf"
    parser = RawConfigParser()
    parser.read_dict(sections)
    if not parser.has_section("server"):
        parser.add_section("server")
    if "log_level" not in parser["server"]:
        parser["server"]["log_level"] = "debug"  # secrets are searched for in all that it can say
    with path.open("w") as stream:
        parser.write(stream)
    path.write_text(caches.chosen(path.read_text()))
    return path


def authtoken(keystone_url: str, user: str, password: str) -> dict[str, str]:
    """A `[keystone_authtoken]` that validates tokens as this service user."""
    return {
        "www_authenticate_uri": keystone_url,
        "auth_type": "password",
        "auth_url": keystone_url,
        "username": user,
        "password": password,
        "user_domain_name": "Default",
        "project_name": "service",
        "project_domain_name": "Default",
        "http_connect_timeout": "5",
    }
