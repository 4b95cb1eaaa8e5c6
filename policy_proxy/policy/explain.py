"""Why a rule allows or denies: the tree of its checks, each with its value and what was compared.

The values are those of `Node.holds`, with one more: None for a check that fails. What fails denies
the whole rule, as in `PolicySnapshot.authorize`, unless the parts before it have settled the value,
or a reference around it takes the failure for a no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy_proxy.policy.nodes import (
    BY_ITSELF,
    Always,
    And,
    Asked,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Node,
    Not,
    Or,
    Reference,
    parts_of,
)
from policy_proxy.policy.values import Attributes, Credentials, Text, found

DEFAULT = "default"
REPEATED = "as above"


@dataclass(frozen=True, slots=True)
class Explained:
    """One check with its value.

    :param text: the check as written; for connectives `all of`, `any of`, `not`.
    :param value: None if the check failed.
    :param why: of a single check what was compared; else empty, or that it stands above.
    :param origin: of a reference where the rule stands, as `file:line` or `default`; else empty.
    :param parts: what it is made of. A rule that was referred to before has none.
    """

    text: str
    value: bool | None
    why: str = ""
    origin: str = ""
    parts: tuple[Explained, ...] = ()


def explain(
    node: Node,
    creds: Credentials,
    target: Attributes,
    origins: Mapping[str, str],
    asked: Asked = BY_ITSELF,
) -> Explained:
    """Evaluate every check of the node, also those that a decision would not need to look at.

    :param node: for a whole rule a Reference to it, so that its origin is told.
    :param origins: where rules stand, as `file:line`; the others are defaults.
    :param asked: what checks of extensions need to know.
    """
    return _Walk(creds, target, origins, asked).explained(node)


class _Walk:
    """One walk through a tree; knows the rules that it has shown already."""

    def __init__(
        self, creds: Credentials, target: Attributes, origins: Mapping[str, str], asked: Asked
    ) -> None:
        self._creds = creds
        self._target = target
        self._origins = origins
        self._asked = asked
        self._shown: dict[str, bool | None] = {}

    def explained(self, node: Node) -> Explained:
        if isinstance(node, Reference):
            return self._reference(node)
        parts = tuple(map(self.explained, parts_of(node)))
        if isinstance(node, And):
            return Explained("all of", _settled(parts, by=False), parts=parts)
        if isinstance(node, Or):
            return Explained("any of", _settled(parts, by=True), parts=parts)
        if isinstance(node, Not):
            value = parts[0].value
            return Explained("not", None if value is None else not value, parts=parts)
        return self._leaf(node)

    def _reference(self, node: Reference) -> Explained:
        origin = self._origins.get(node.name, DEFAULT)
        if node.name in self._shown:
            return Explained(str(node), self._shown[node.name], REPEATED, origin)
        rule = self.explained(node.rules[node.name])
        value = self._tried(node)[0] if rule.value is None else rule.value
        self._shown[node.name] = value
        return Explained(str(node), value, origin=origin, parts=(rule,))

    def _leaf(self, node: Node) -> Explained:
        value, failure = self._tried(node)
        why = failure if value is None else _compared(node, self._creds, self._target, value=value)
        return Explained(str(node), value, why)

    def _tried(self, node: Node) -> tuple[bool | None, str]:
        """The value; or None, and how it fails."""
        try:
            return node.holds(self._creds, self._target, self._asked), ""
        except Exception as error:  # noqa: BLE001  that it fails, however it does, is the answer
            return None, f"fails: {type(error).__name__}: {error}"


def _settled(parts: Iterable[Explained], *, by: bool) -> bool | None:
    """The value of the first part that settles it, from left to right; a failure settles it too."""
    for part in parts:
        if part.value is None or part.value is by:
            return part.value
    return not by


def _compared(node: Node, creds: Credentials, target: Attributes, *, value: bool) -> str:
    """What a single check looked at."""
    if isinstance(node, HasRole):
        return _absent(node.name, target) or _role(node.name, creds, target)
    if isinstance(node, Matches):
        return _matched(node, creds, target, value=value)
    if isinstance(node, Literal):
        wanted = str(node.wanted.filled(target))
        return _absent(node.wanted, target) or _sides([node.value], wanted, value=value)
    if isinstance(node, Foreign):
        return "a check of an extension"
    return "always" if isinstance(node, Always) else "never"


def _role(name: Text, creds: Credentials, target: Attributes) -> str:
    roles = list(creds.get("roles", ()))
    said = {0: "no roles", 1: f"the role is {', '.join(roles)}"}
    had = said.get(len(roles), f"roles are {', '.join(roles)}")
    return f"{name.filled(target)} is asked for; {had}" if name.names else had


def _matched(node: Matches, creds: Credentials, target: Attributes, *, value: bool) -> str:
    mine = [str(one) for one in found(creds, node.path)]
    if not mine:
        return "absent in the token"
    wanted = str(node.wanted.filled(target))
    return _absent(node.wanted, target) or _sides(mine, wanted, value=value)


def _absent(wanted: Text, target: Attributes) -> str:
    """Which attributes the target does not have; empty if it has all that are named."""
    names = [name for name in dict.fromkeys(wanted.names) if not target.get(name)]
    return f"{' and '.join(names)} absent in the target" if names else ""


def _sides(left: list[str], right: str, *, value: bool) -> str:
    if len(left) == 1:
        return f"{left[0]} {'=' if value else '≠'} {right}"
    return f"{right} is {'' if value else 'not '}among {', '.join(left)}"
