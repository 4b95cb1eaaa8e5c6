"""Two policies of this service, compared."""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.cli.policy.own import own
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.diff.change import Change, Side
from policy_proxy.policy.diff.compare import changes


def compared(before: Side, after: Side, *, any_target: bool = False) -> list[Change]:
    """What becomes of every operation.

    :param any_target: whether targets count that an operation never has here.
    """
    rules = dict.fromkeys(one.rule for one in SERVICE.operations if one.rule)
    return list(changes(before, after, list(rules), {} if any_target else _facts()))


def _facts() -> Mapping[str, TargetFacts]:
    callers = own()
    return {rule: TargetFacts(SERVICE.attributes[rule], callers[rule]) for rule in callers}
