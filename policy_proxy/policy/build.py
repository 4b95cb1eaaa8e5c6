"""Policy files → a policy that can be in force, or every reason why not."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.assembly import Defaults
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.lint.supply import Attributes
from policy_proxy.policy.problem import PolicyError, errors
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources

__all__ = ["UNKNOWN", "Attributes", "Defaults", "build"]

UNKNOWN: Attributes = MappingProxyType({})


def build(
    sources: Sources,
    settings: PolicySettings,
    defaults: Defaults,
    attributes: Attributes = UNKNOWN,
    in_force: Collection[str] = (),
) -> PolicySnapshot:
    """Build the policy whole. What `lint` calls an error is never in it; warnings are no matter.

    :param attributes: for the rule of each operation what its target can have.
    :param in_force: the files that have rules in the policy which this one would replace.
    :raises PolicyError: with every error found; then nothing was built.
    """
    service = Service(defaults, attributes)
    linted = lint(sources, settings, service, in_force)
    if linted.snapshot is None:
        raise PolicyError(errors(linted.problems))
    return linted.snapshot
