"""The policies that a soak changes between, and what oslo.policy itself says of each decision."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import opts, policy
from placement import policies as placement_policies

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy import source

_SERVICES = "role:admin or role:service"
_WRITES = (
    "placement:resource_providers:create",
    "placement:resource_providers:delete",
    "placement:resource_providers:inventories:update",
    "placement:allocations:update",
    "placement:allocations:delete",
)
_READS = (
    "placement:resource_providers:list",
    "placement:resource_providers:show",
    "placement:resource_providers:inventories:list",
    "placement:traits:list",
)


def _text(rules: Mapping[str, str]) -> str:
    return "".join(f'"{name}": "{check}"\n' for name, check in rules.items())


TEXTS = (
    _text(dict.fromkeys(_WRITES, _SERVICES) | dict.fromkeys(_READS, f"{_SERVICES} or role:reader")),
    _text(dict.fromkeys(_WRITES, f"{_SERVICES} or role:member") | dict.fromkeys(_READS, _SERVICES)),
    _text(
        dict.fromkeys(_WRITES, "role:service")
        | dict.fromkeys(_READS, f"{_SERVICES} or role:monitoring")
        | {"placement:usages": "role:reader and project_id:%(project_id)s"}
    ),
)
"""Who may write and who may read: each says something else of somebody."""
BROKEN = '"placement:traits:list": "role:admin or rule:nowhere"\n'
"""Never in force: it names a rule that there is not."""


def revision(path: Path) -> str:
    """What the audit record calls the policy whose file lies there now."""
    settings = PolicySettings(str(path), (), "default", True, 1.0, True)
    return source.read(settings).revision


def put(path: Path, text: str) -> str:
    """Replace the policy file in one step; gives the name of what is in it."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)
    return revision(path)


class Decisions:
    """Decides as Placement would with each of these policies, by oslo.policy's own enforcer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        logging.getLogger("oslo_policy").setLevel(logging.ERROR)
        self._folder = folder
        self._known: dict[str, str] = {}
        self.allowed = functools.cache(self._allowed)
        self._enforcer = functools.cache(self._made)

    def learn(self, name: str, text: str) -> None:
        """A policy and the name that audit records give it."""
        self._known[name] = text

    def knows(self, name: str) -> bool:
        return name in self._known

    def _allowed(
        self, name: str, rule: str, target: frozenset[tuple[str, str]], who: frozenset[Any]
    ) -> bool:
        credentials = {key: [*value] if key == "roles" else value for key, value in who}
        try:
            return bool(self._enforcer(name).authorize(rule, dict(target), credentials))
        except (policy.InvalidScope, policy.PolicyNotAuthorized):
            return False

    def _made(self, name: str) -> policy.Enforcer:
        text = self._known[name]
        path = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.yaml"
        path.write_text(text)
        conf = cfg.ConfigOpts()
        conf([], project="placement", default_config_files=[], default_config_dirs=[])
        opts.set_defaults(conf, policy_file=str(path))
        conf.set_override("policy_dirs", [], group="oslo_policy")
        conf.set_override("enforce_new_defaults", True, group="oslo_policy")
        enforcer = policy.Enforcer(conf)
        enforcer.suppress_default_change_warnings = enforcer.suppress_deprecation_warnings = True
        enforcer.register_defaults(placement_policies.list_rules())
        enforcer.load_rules()
        return enforcer
