"""One check string: whether oslo.policy understands it, and whether it can be evaluated at all.

oslo.policy logs what it cannot parse and goes on with "nobody" in its place, which `not` turns into
"everybody"; and a check that is malformed within raises only when a request meets it. Both are
found here, before the rule is in force.
https://docs.openstack.org/oslo.policy/latest/reference/api/oslo_policy.policy.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oslo_policy import _checks, policy  # some classes of checks have no public name

from policy_proxy.policy import comparisons, remote
from policy_proxy.policy.comparisons import Fault

MAX_DEPTH = 100
"""Most checks within each other, every reference followed."""

_CONNECTIVES = ("and", "or", "not")
_MARKS = ("(", ")", "!", "@")


def faults(check_string: str, *, allow_remote: bool = False) -> list[Fault]:
    """Everything that is wrong with a check string by itself, whatever other rules there are.

    :param allow_remote: whether `http:` and `https:` checks with a fixed URL may be used.
    """
    split = list(words(check_string))
    unknown = [fault for fault in map(_word_fault, split) if fault]
    if unknown:
        return unknown
    if not _well_formed(split):
        remedy = "join checks by and, or, not; close every parenthesis; write %(name)s in full"
        return [Fault("PP111", f"cannot be parsed: {check_string!r}", remedy)]
    try:
        tree = policy.RuleDefault("", check_string).check
        too_deep = depth(tree) > MAX_DEPTH
    except RecursionError:
        too_deep = True
    except Exception as error:  # noqa: BLE001  an extension may refuse what it is given, as it likes
        return [Fault("PP111", f"cannot be parsed ({error})", "write it as the extension wants it")]
    if too_deep:
        remedy = f"keep to {MAX_DEPTH} checks within each other"
        return [Fault("PP112", "is nested too deeply", remedy)]
    found = [_leaf_fault(leaf, allow_remote=allow_remote) for leaf in leaves(tree)]
    return [fault for fault in found if fault]


def leaves(check: Any) -> Iterator[Any]:
    """The single checks of a check tree, such as `role:admin`; without `!` and `@`."""
    if isinstance(check, policy.Check):
        yield check
    for part in _parts(check):
        yield from leaves(part)


def depth(check: Any) -> int:
    """How many checks stand within each other at most, this one included."""
    return 1 + max(map(depth, _parts(check)), default=0)


def _parts(check: Any) -> list[Any]:
    if isinstance(check, policy.NotCheck):
        return [check.rule]
    return list(check.rules) if isinstance(check, policy.AndCheck | policy.OrCheck) else []


def words(check_string: str) -> Iterator[str]:
    """As oslo.policy cuts it: at blanks, and at parentheses that begin or end a word."""
    for chunk in check_string.split():
        body = chunk.lstrip("(")
        word = body.rstrip(")")
        yield from "(" * (len(chunk) - len(body))
        if word:
            yield word
        yield from ")" * (len(body) - len(word))


def _word_fault(word: str) -> Fault | None:
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
    if word.lower() in _CONNECTIVES or word in _MARKS or (":" in word and not quoted):
        return None
    remedy = "write role:NAME, rule:NAME or the like"
    return Fault("PP111", f"holds {word!r}, which is no check", remedy)


def _well_formed(split: list[str]) -> bool:
    """Whether the connectives stand where they may. oslo.policy does not tell: it logs a traceback
    and returns "nobody".
    """
    opened, complete = 0, False
    for word in map(str.lower, split):
        if complete and word in ("and", "or"):
            complete = False
        elif complete and word == ")" and opened:
            opened -= 1
        elif not complete and word == "(":
            opened += 1
        elif not complete and word not in ("and", "or", ")"):
            complete = word != "not"
        else:
            return False
    return complete and not opened


def _leaf_fault(leaf: Any, *, allow_remote: bool) -> Fault | None:
    if leaf.kind in remote.KINDS:
        return _remote_fault(leaf, allowed=allow_remote)
    if type(leaf) not in (_checks.RoleCheck, _checks.GenericCheck):
        return None
    return comparisons.fault(leaf)


def _remote_fault(leaf: Any, *, allowed: bool) -> Fault | None:
    if not allowed:
        remedy = "decide by role, project or the like, or set [policy] allow_remote_checks"
        return Fault("PP113", f"asks a remote server ({leaf.kind}:)", remedy)
    fault = remote.fault(str(leaf))
    remedy = "write one https: URL in full"
    return (
        Fault("PP113", f"asks {remote.shown(str(leaf))}, which {fault}", remedy) if fault else None
    )
