"""Rules from files over the rule defaults of a service, compiled, as they would be in force."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings, for_enforcer
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.mentions import mentions
from policy_proxy.policy.reader import Rule
from policy_proxy.policy.snapshot import PolicySnapshot

Defaults = Callable[[], list[Any]]
"""Makes a service's oslo.policy rule defaults, fresh at each call: oslo.policy changes them."""


def loaded(
    overrides: Mapping[str, policy.RuleDefault], settings: PolicySettings, registered: list[Any]
) -> policy.Enforcer:
    """A fresh enforcer that has the rules from here, not from files, and reads none later.

    `load_rules` lays the defaults under the rules, as oslo.policy alone knows how to. Its policy
    file is the empty device, so what is in force cannot depend on what a file says meanwhile, nor
    on whether it can be opened.

    :param overrides: the rules of files by name.
    :param registered: the service's rule defaults, which nothing else uses.
    """
    enforcer = policy.Enforcer(
        for_enforcer(settings),
        policy_file=os.devnull,
        rules={name: override.check for name, override in overrides.items()},
        default_rule=settings.default_rule,
        overwrite=False,
    )
    enforcer.suppress_default_change_warnings = True  # as Placement itself does
    enforcer.suppress_deprecation_warnings = True  # lint has a word for it (PP211)
    enforcer.check_rules = lambda: True  # it only logs, and less than `references` finds
    enforcer.file_rules = dict(overrides)
    enforcer.register_defaults(registered)
    enforcer.load_rules()
    enforcer.set_rules(enforcer.rules, use_conf=False)
    return enforcer


def snapshot(enforcer: policy.Enforcer, rules: Mapping[str, Rule], revision: str) -> PolicySnapshot:
    """
    :param enforcer: as `loaded` makes it.
    :param rules: those that come from files.
    """
    nodes = compiled(enforcer)
    return PolicySnapshot(
        revision=revision,
        taken_at=time.time(),
        rules=nodes,
        mentions=mentions(nodes),
        scopes=scopes(enforcer),
        origins=rules,
    )
