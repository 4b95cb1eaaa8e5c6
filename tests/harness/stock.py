"""oslo.policy as any service uses it: a policy file and an Enforcer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import opts, policy

from policy_proxy.model import Identity
from policy_proxy.policy.credentials import LISTS, TEXTS


def enforcer(
    path: Path,
    rules: Mapping[str, Any],
    defaults: Iterable[Any],
    *,
    new_only: bool = True,
    default_rule: str = "default",
) -> policy.Enforcer:
    """
    :param path: where the policy file is written.
    :param rules: what is in it.
    :param defaults: the service's rule defaults.
    :param new_only: `enforce_new_defaults`.
    """
    path.write_text(yaml.safe_dump(dict(rules)), encoding="utf-8")
    conf = cfg.ConfigOpts()
    conf([], project="stock", default_config_files=[], default_config_dirs=[])
    opts.set_defaults(conf)
    for name, value in {
        "policy_file": str(path),
        "policy_dirs": [],
        "enforce_new_defaults": new_only,
        "policy_default_rule": default_rule,
    }.items():
        conf.set_override(name, value, group="oslo_policy")
    made = policy.Enforcer(conf)
    made.suppress_deprecation_warnings = made.suppress_default_change_warnings = True
    made.register_defaults(list(defaults))
    made.load_rules()
    return made


def credentials(identity: Identity) -> dict[str, Any]:
    """What oslo.context makes of an identity: None for what is absent."""
    context = RequestContext(
        overwrite=False,
        **{name: getattr(identity, name) or None for name in TEXTS},
        **{name: list(getattr(identity, name)) for name in LISTS},
        is_admin_project=identity.is_admin_project,
    )
    return dict(context.to_policy_values())


def present(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is absent."""
    return {name: value for name, value in attributes.items() if value not in (None, "")}


def verdict(made: policy.Enforcer, rule: str, target: Any, creds: Mapping[str, Any]) -> bool:
    """As a service acts on it: a check that raises denies, since there is no other way to take it.

    `enforce` writes into the credentials that it is given.
    """
    try:
        return bool(made.authorize(rule, target, dict(creds)))
    except Exception:  # noqa: BLE001  that it raises, however it does, is a denial
        return False
