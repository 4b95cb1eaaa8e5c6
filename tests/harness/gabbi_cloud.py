"""A cloud for Placement's gabbi suite, and the configurations of proxies that its files are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from placement import policies

from harness import secrets, sections
from harness.gabbi_suite import Client, PlacementUnderTest
from harness.keystone import Grant, Keystone
from harness.server import serving

OTHERS = "APIFixture"
_EVERYBODY = {rule.name: "@" for rule in policies.list_rules() if rule.name != "admin_api"}
_RULES = {"OpenPolicyFixture": _EVERYBODY}
_CORS = {
    "allowed_origin": "http://valid.example.com",
    "allow_headers": "openstack-api-version",
}
SECTIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    OTHERS: {"oslo_policy": {"enforce_new_defaults": "false"}},
    "OpenPolicyFixture": {"oslo_policy": {"enforce_new_defaults": "false"}},
    "SecureRBACPolicyFixture": {"oslo_policy": {"enforce_new_defaults": "true"}},
    "CORSFixture": {"oslo_policy": {"enforce_new_defaults": "false"}, "cors": _CORS},
}
"""What fixtures of the suite set in placement.conf. Those not named here set what `OTHERS` does."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A Keystone and a Placement over sockets, the proxy's service user, the suite's client."""

    keystone_url: str
    placement_url: str
    placement: PlacementUnderTest
    client: Client
    proxy_user: str
    proxy_password: str = field(repr=False)
    proxy_grant: Grant

    def configuration(self, fixture: str, credentials: str, folder: Path) -> Path:
        """Of a proxy with the policy that a fixture gives to Placement; `folder` gets the files.

        :param fixture: one of `SECTIONS`.
        """
        backend = {"url": self.placement_url, "credentials": credentials}
        return self._written(folder, fixture, {**SECTIONS[fixture], "backend": backend})

    def authorizer(self, fixture: str, section: Mapping[str, str], folder: Path) -> Path:
        """The same of an authorizer.

        :param section: `[authorizer]`.
        """
        policy = {"oslo_policy": SECTIONS[fixture]["oslo_policy"]}
        return self._written(folder, fixture, {**policy, "authorizer": section})

    def _written(self, folder: Path, fixture: str, more: Mapping[str, Mapping[str, str]]) -> Path:
        (folder / "policy.yaml").write_text(yaml.safe_dump(_RULES.get(fixture, {})))
        common = {
            # a file's Placement must not be asked before it is set up
            "health": {"interval": "3600"},
            "keystone_authtoken": sections.authtoken(
                self.keystone_url, self.proxy_user, self.proxy_password
            ),
        }
        return sections.written(folder, {**more, **common})


@contextmanager
def clouded() -> Iterator[Cloud]:
    """The cloud, until the `with` block ends."""
    user, password = "policy-proxy", secrets.made()
    everything = Grant(user="admin", roles=("admin", "service"), project="service")
    keystone = Keystone({user: (password, everything)})
    placement = PlacementUnderTest(keystone)
    client = Client(keystone)
    with serving(keystone) as keystone_url, serving(placement) as url, client.client:
        yield Cloud(keystone_url, url, placement, client, user, password, everything)
