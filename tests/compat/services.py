"""The services that are asked for, and what is particular to some of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_policy import policy

DISTRIBUTIONS = (
    "nova",
    "neutron",
    "keystone",
    "cinder",
    "glance",
    "openstack-placement",
    "openstack-heat",
    "barbican",
    "octavia",
    "designate",
    "ironic",
    "manila",
    "magnum",
    "trove",
    "zun",
    "mistral",
    "python-watcher",
    "masakari",
    "blazar",
    "openstack-cyborg",
    "tacker",
    "zaqar",
    "aodh",
    "cloudkitty",
    "gnocchi",
    "vitrage",
    "freezer-api",
    "senlin",
    "sahara",
    "ironic-inspector",
    "monasca-api",
    "neutron-vpnaas",
    "neutron-fwaas",
    "neutron-dynamic-routing",
    "networking-bgpvpn",
    "networking-sfc",
)
"""As they are called on PyPI."""

BESIDE = {
    "neutron-vpnaas": "neutron",
    "neutron-fwaas": "neutron",
    "neutron-dynamic-routing": "neutron",
    "networking-bgpvpn": "neutron",
    "networking-sfc": "neutron",
}
"""Services whose rules refer to those of another one, in which they run."""


@dataclass(frozen=True, slots=True)
class Dumped:
    """The default rules of one service, as plain data.

    :param service: its name in the group `oslo.policy.policies`.
    :param error: why they could not be read; else empty.
    """

    service: str
    distribution: str
    version: str
    rules: tuple[dict[str, Any], ...]
    error: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(rule["name"] for rule in self.rules)


def read(path: Path) -> list[Dumped]:
    """What `compat.dump` wrote."""
    found = [Dumped(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    return sorted(found, key=lambda one: one.service)


def with_those_beside(one: Dumped, every: Iterable[Dumped]) -> list[dict[str, Any]]:
    """Its rules, and those of the service in which it runs that it has not itself."""
    around = [
        rule
        for other in every
        if other.service == BESIDE.get(one.service)
        for rule in other.rules
        if rule["name"] not in one.names
    ]
    return [*one.rules, *around]


def check_strings(rules: Collection[dict[str, Any]]) -> list[str]:
    """All of them, those of deprecated rules among them."""
    old = [rule["deprecated_rule"] for rule in rules if rule["deprecated_rule"]]
    return [rule["check_str"] for rule in (*rules, *old)]


def defaults(rules: Collection[dict[str, Any]]) -> list[policy.RuleDefault]:
    """oslo.policy's objects, fresh: it changes them."""
    return [
        policy.RuleDefault(
            rule["name"],
            rule["check_str"],
            scope_types=rule["scope_types"],
            deprecated_rule=_deprecated(rule["deprecated_rule"]),
        )
        for rule in rules
    ]


def _deprecated(rule: dict[str, Any] | None) -> policy.DeprecatedRule | None:
    if rule is None:
        return None
    said = {"deprecated_reason": "it is", "deprecated_since": "then"}
    return policy.DeprecatedRule(rule["name"], rule["check_str"], **said)
