"""Whether there is a token for which a check holds, or one for which it does not.

A search through the ways to answer its single checks with yes or no, together with what is known of
tokens. It is exact as long as it ends within its bound; single checks that it knows nothing of are
taken to be free of each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.nodes import (
    Always,
    And,
    HasRole,
    Literal,
    Matches,
    Never,
    Node,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.values import Text

MAX_LOOKS = 200_000
"""Most looks at single checks in one search: some tenths of a second. A rule of 300 is decided."""
ALL_LOOKS = 1_000_000
"""Most looks in all searches of one policy, but for the first few of each."""
FEW_LOOKS = 2_000
"""Looks that each search may take, however many others took: a rule of 30 is decided."""

SCOPES = ("project", "domain", "system")

_SYSTEM = ("system_scope", "system")
_SCOPE_OF = {
    "project_id": "project",
    "project_domain_id": "project",
    "domain_id": "domain",
    **dict.fromkeys(_SYSTEM, "system"),
}
"""Attributes that only tokens of one scope have."""


class Undecided(Exception):
    """The search did not end within its bound."""


class Budget:
    """The looks that are left for the searches of one policy."""

    def __init__(self, looks: int = ALL_LOOKS) -> None:
        self._left = looks

    def share(self) -> int:
        """How many one search may take."""
        return max(FEW_LOOKS, min(MAX_LOOKS, self._left))

    def take(self, looks: int) -> None:
        self._left -= looks


def possible(
    node: Node,
    *,
    value: bool,
    scopes: Collection[str],
    as_meant: bool,
    own: Collection[str] = (),
    budget: Budget | None = None,
) -> bool:
    """Whether a token of one of these scopes can give the check this value.

    :param as_meant: `@` holds and `!` does not. Otherwise they are checks like any other, that
        some tokens meet and some do not: then what is always true is so without saying it.
    :param own: the attributes of the target that are the caller's own.
    :param budget: shared with other questions; one of its own if there is none.
    :raises Undecided: if that takes too long to find out.
    """
    budget = budget or Budget()
    for scope in scopes:
        search = _Search(scope, own, budget.share(), as_meant=as_meant)
        try:
            if search.finds(node, value=value):
                return True
        finally:
            budget.take(search.looks)
    return False


class _Search:
    def __init__(self, scope: str, own: Collection[str], most: int, *, as_meant: bool) -> None:
        self._scope = scope
        self._own = own
        self._as_meant = as_meant
        self._given: dict[Node, bool] = {}
        self._most = most
        self.looks = 0

    def finds(self, node: Node, *, value: bool) -> bool:
        """Whether there are answers to the single checks, besides those given, that lead there."""
        try:
            found = self._value(node)
            if isinstance(found, bool):
                return found is value
            for answer in self._answers(found):
                self._given[found] = answer
                if self.finds(node, value=value):
                    return True
        except RecursionError as error:
            raise Undecided from error
        self._given.pop(found, None)
        return False

    def _value(self, node: Node) -> bool | Node:
        """The value of a check, or the first single check that still has to be answered for it."""
        if isinstance(node, Reference):
            return self._value(node.rules[node.name])
        if isinstance(node, Not):
            value = self._value(node.part)
            return not value if isinstance(value, bool) else value
        if isinstance(node, And | Or):
            return self._joined(node)
        self.looks += 1
        if self.looks > self._most:
            raise Undecided
        return self._single(node)

    def _joined(self, node: And | Or) -> bool | Node:
        """One part that is true decides an `or`, one that is false an `and`."""
        deciding = isinstance(node, Or)
        first: bool | Node = not deciding
        for part in node.parts:
            value = self._value(part)
            if value is deciding:
                return deciding
            if isinstance(first, bool) and not isinstance(value, bool):
                first = value
        return first

    def _single(self, leaf: Node) -> bool | Node:
        if isinstance(leaf, Always | Never) and self._as_meant:
            return isinstance(leaf, Always)
        if isinstance(leaf, Literal) and not leaf.wanted.names:
            return leaf.holds({}, {})
        if isinstance(leaf, HasRole) and not leaf.name.names:  # roles are the same in any case
            leaf = HasRole(Text(leaf.name.form.lower()))
        if isinstance(leaf, Matches) and len(leaf.path) == 1:
            return self._match(leaf)
        return self._given.get(leaf, leaf)

    def _match(self, leaf: Matches) -> bool | Node:
        """A token has the attributes of its scope; the scope of the system is `all` of it."""
        name, fixed = leaf.path[0], leaf.wanted.filled({})
        if _SCOPE_OF.get(name, self._scope) != self._scope:
            return False
        if name in self._own and leaf.wanted.form == f"%({name})s":
            return True
        if name in _SYSTEM and fixed is not None:
            return fixed == "all"
        if name == "is_admin_project" and fixed == "False":
            answer = self._single(replace(leaf, wanted=Text("True")))
            return not answer if isinstance(answer, bool) else answer
        return self._given.get(leaf, leaf)

    def _answers(self, leaf: Node) -> Iterator[bool]:
        """An attribute has one value: two checks for different ones do not hold together."""
        held = (other for other, answer in self._given.items() if answer)
        if not any(_exclude(leaf, other) for other in held):
            yield True
        yield False


def _exclude(leaf: Node, other: Node) -> bool:
    if not (isinstance(leaf, Matches) and isinstance(other, Matches)):
        return False
    if leaf.path != other.path or leaf.path[0] not in TEXTS:
        return False
    one, another = leaf.wanted.filled({}), other.wanted.filled({})
    return one is not None and another is not None and one != another
