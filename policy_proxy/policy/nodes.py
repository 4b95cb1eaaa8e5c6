"""Compiled checks: what a check string says, in a form that decides quickly and can tell why.

Each node is immutable and answers one question: does it hold for these credentials and this target?
The meaning is oslo.policy's (https://docs.openstack.org/oslo.policy/latest/), but for what is
absent: values.py says so. A node raises where oslo.policy would, and then whoever asked takes it
for no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from policy_proxy.policy.remote import Ask, not_asked, shown
from policy_proxy.policy.values import Attributes, Credentials, Text, found


class Asked(NamedTuple):
    """What only checks of somebody else's need to know.

    :param rule: the rule that was asked for, which need not be the one that the check stands in;
        None for a check by itself.
    :param ask: how a remote server is asked; unless it is said how, none is, and that denies.
    """

    rule: str | None = None
    ask: Ask = not_asked


BY_ITSELF = Asked()


@dataclass(frozen=True, slots=True)
class Always:
    """`@`"""

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        del creds, target, asked
        return True

    def __str__(self) -> str:
        return "@"


@dataclass(frozen=True, slots=True)
class Never:
    """`!`"""

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        del creds, target, asked
        return False

    def __str__(self) -> str:
        return "!"


@dataclass(frozen=True, slots=True)
class HasRole:
    """`role:NAME`, in whatever case."""

    name: Text

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        del asked
        wanted = self.name.filled(target)
        if wanted is None:
            return False
        wanted = wanted.lower()
        for role in creds.get("roles", ()):  # noqa: SIM110 - a generator costs more than the roles
            if role.lower() == wanted:
                return True
        return False

    def __str__(self) -> str:
        return f"role:{self.name.form}"


@dataclass(frozen=True, slots=True)
class Literal:
    """`'text':VALUE`: a literal of Python on the left, compared with the right side."""

    written: str
    value: str
    wanted: Text

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        del creds, asked
        return self.wanted.filled(target) == self.value

    def __str__(self) -> str:
        return f"{self.written}:{self.wanted.form}"


@dataclass(frozen=True, slots=True)
class Matches:
    """`ATTRIBUTE:VALUE`: an attribute of the credentials, dotted perhaps, and the right side."""

    path: tuple[str, ...]
    wanted: Text

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        del asked
        wanted = self.wanted.filled(target)
        if wanted is None:
            return False
        value = creds.get(self.path[0])
        if type(value) is str and len(self.path) == 1:  # as nearly always
            return value == wanted != ""
        return wanted in map(str, found(creds, self.path))

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}:{self.wanted.form}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A check of somebody else's, of the extension point `oslo.policy.rule_checks`: it is called.

    :param written: the check as it stands in the rule, for comparing.
    :param call: takes target, credentials, and what else it may need.
    """

    written: str = field(repr=False)
    call: Callable[[Attributes, Credentials, Asked], Any] = field(compare=False)

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        return bool(self.call(target, creds, asked))

    def __str__(self) -> str:
        return shown(self.written)


@dataclass(frozen=True, slots=True)
class Not:
    part: Node

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        return not self.part.holds(creds, target, asked)

    def __str__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True, slots=True)
class And:
    """Parts joined by `and`."""

    parts: tuple[Node, ...]

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        for part in self.parts:  # noqa: SIM110 - as above
            if not part.holds(creds, target, asked):
                return False
        return True

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Or:
    """Parts joined by `or`."""

    parts: tuple[Node, ...]

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        for part in self.parts:  # noqa: SIM110 - as above
            if part.holds(creds, target, asked):
                return True
        return False

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Reference:
    """`rule:NAME`: whatever that rule says. `rules` is where it is looked up.

    A check of somebody else's that misses something there (KeyError) is a no, as in oslo.policy's
    `RuleCheck`; outside of a reference it fails like any other.

    :param rules: every rule by name; filled when all of them are compiled.
    """

    name: str
    rules: Mapping[str, Node] = field(repr=False, compare=False)

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        try:
            return self.rules[self.name].holds(creds, target, asked)
        except KeyError:
            return False

    def __str__(self) -> str:
        return f"rule:{self.name}"


Node = Always | Never | HasRole | Literal | Matches | Foreign | Not | And | Or | Reference


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly within; a reference's rule is not within it."""
    if isinstance(node, And | Or):
        return node.parts
    return (node.part,) if isinstance(node, Not) else ()


def leaves_of(node: Node) -> Iterator[Node]:
    """The nodes at the ends of the tree; references among them, but not what they refer to."""
    parts = parts_of(node)
    if not parts:
        yield node
    for part in parts:
        yield from leaves_of(part)
