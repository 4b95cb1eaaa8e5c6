"""The microversion that a client asks for
(https://specs.openstack.org/openstack/api-sig/guidelines/microversion_specification.html)."""

from __future__ import annotations

import re
from functools import lru_cache

import microversion_parse

from policy_proxy.errors import Malformed

_WELL_FORMED = re.compile(r"latest|(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})")
_LONGEST = 1024
"""Characters of the header: one version for each of OpenStack's services has fewer, and each entry
takes time."""
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,32}")


@lru_cache(maxsize=256)  # clients send a few, again and again
def parse(header: str, service_type: str) -> str:
    """`"1.39"`, `"latest"`, or `""` if the header names no version for this service.

    Whether the service has that version is for the service to say (406).

    :param header: the value of OpenStack-API-Version, several of them joined by commas.
    :raises Malformed: two different versions for this service, something that is no version, or
        more than 1,024 characters.
    """
    if len(header) > _LONGEST:
        raise Malformed("Invalid microversion: the header is too long.")
    entries = (
        microversion_parse.get_version(
            {microversion_parse.STANDARD_HEADER: entry}, service_type=service_type
        )
        for entry in header.split(",")
    )
    versions = {version for version in entries if version is not None}
    if len(versions) > 1:
        raise Malformed("Invalid microversion: the request asks for more than one.")
    version: str = versions.pop() if versions else ""
    if version and not _WELL_FORMED.fullmatch(version):
        named = f": {version}" if _HARMLESS.fullmatch(version) else ""
        raise Malformed(f"Invalid microversion: invalid version string{named}")
    return version


def header_value(microversion: str, service_type: str) -> str:
    """The one spelling of the header's value, for a version that is not empty."""
    return f"{service_type} {microversion}"
