"""Which checks decided: those by which the answer would be another if they were."""

from __future__ import annotations

from policy_proxy.policy.explain import Explained

SCOPE = "scope"
"""What decides when the token is of a scope that the rule is not for."""

_SETTLES = {"all of": False, "any of": True}
_CONNECTIVES = (*_SETTLES, "not")


def deciding(tree: Explained) -> frozenset[str]:
    """The checks that settled the value, as they are written, and the references on the way there.

    Of parts that are joined, it is the first that settles the value; where none does, all of them.
    """
    return _deciding(tree, {})


def _deciding(node: Explained, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """
    :param known: what decided in the rules that were opened so far: each is opened once.
    """
    if node.text in known:
        return known[node.text]
    below = [_deciding(part, known) for part in node.parts]
    if node.text in _SETTLES:
        for part, found in zip(node.parts, below, strict=True):
            if part.value in (None, _SETTLES[node.text]):
                return found
    found = frozenset().union(*below)
    if node.text not in _CONNECTIVES:
        found |= {node.text}
    if node.origin:
        known[node.text] = found
    return found
