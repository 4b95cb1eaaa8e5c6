"""Compiled checks: what a check string says, in a form that decides quickly and can tell why.

Each node is immutable and answers one question: does it hold for these credentials and this target?
The meaning is oslo.policy's (https://docs.openstack.org/oslo.policy/latest/), with one difference,
on purpose: an attribute that is absent matches nothing, on neither side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Credentials = Mapping[str, Any]
Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Text:
    """The right side of a check: text in which attributes of the target may be named.

    :param form: as written, for example `%(project_id)s`.
    :param names: the attributes that it names.
    """

    form: str
    names: tuple[str, ...] = ()

    def filled(self, target: Attributes) -> str | None:
        """The text with the attributes in their places; None if one of them is absent."""
        for name in self.names:
            if not target.get(name):
                return None
        return self.form % target


@dataclass(frozen=True, slots=True)
class Always:
    """`@`"""

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        del creds, target
        return True

    def __str__(self) -> str:
        return "@"


@dataclass(frozen=True, slots=True)
class Never:
    """`!`"""

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        del creds, target
        return False

    def __str__(self) -> str:
        return "!"


@dataclass(frozen=True, slots=True)
class HasRole:
    """`role:NAME`, in whatever case."""

    name: Text

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        wanted = self.name.filled(target)
        if wanted is None:
            return False
        wanted = wanted.lower()
        return any(role.lower() == wanted for role in creds.get("roles", ()))

    def __str__(self) -> str:
        return f"role:{self.name.form}"


@dataclass(frozen=True, slots=True)
class Literal:
    """`'text':VALUE`: a literal of Python on the left, compared with the right side."""

    written: str
    value: str
    wanted: Text

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        del creds
        return self.wanted.filled(target) == self.value

    def __str__(self) -> str:
        return f"{self.written}:{self.wanted.form}"


@dataclass(frozen=True, slots=True)
class Matches:
    """`ATTRIBUTE:VALUE`: an attribute of the credentials, dotted perhaps, and the right side."""

    path: tuple[str, ...]
    wanted: Text

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        wanted = self.wanted.filled(target)
        return wanted is not None and any(str(value) == wanted for value in found(creds, self.path))

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}:{self.wanted.form}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A check of somebody else's, of the extension point `oslo.policy.rule_checks`: it is called.

    :param written: the check as it stands in the rule.
    :param call: takes target and credentials.
    """

    written: str
    call: Callable[[Attributes, Credentials], Any] = field(compare=False)

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        return bool(self.call(target, creds))

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class Not:
    part: Node

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        return not self.part.holds(creds, target)

    def __str__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True, slots=True)
class And:
    """Parts joined by `and`."""

    parts: tuple[Node, ...]

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        for part in self.parts:  # noqa: SIM110 - a generator would cost more than the parts
            if not part.holds(creds, target):
                return False
        return True

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Or:
    """Parts joined by `or`."""

    parts: tuple[Node, ...]

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        for part in self.parts:  # noqa: SIM110 - as above
            if part.holds(creds, target):
                return True
        return False

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Reference:
    """`rule:NAME`: whatever that rule says. `rules` is where it is looked up.

    :param rules: every rule by name; filled when all of them are compiled.
    """

    name: str
    rules: Mapping[str, Node] = field(repr=False, compare=False)

    def holds(self, creds: Credentials, target: Attributes) -> bool:
        return self.rules[self.name].holds(creds, target)

    def __str__(self) -> str:
        return f"rule:{self.name}"


Node = Always | Never | HasRole | Literal | Matches | Foreign | Not | And | Or | Reference


def found(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value at the path. A list stands for each of its entries; what is absent for none."""
    if isinstance(value, list | tuple):
        for entry in value:
            yield from found(entry, path)
    elif path:
        if isinstance(value, Mapping) and path[0] in value:
            yield from found(value[path[0]], path[1:])
    elif value is not None and value != "":
        yield value


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


def mentions(rules: Mapping[str, Node]) -> dict[str, frozenset[str]]:
    """For each rule the attributes of the target that it may look at, every reference followed."""
    direct = {name: frozenset(_named_in(node)) for name, node in rules.items()}
    references = {
        name: {leaf.name for leaf in leaves_of(node) if isinstance(leaf, Reference)}
        for name, node in rules.items()
    }
    return {
        name: frozenset().union(*(direct[other] for other in _reached(name, references)))
        for name in rules
    }


def _named_in(node: Node) -> Iterator[str]:
    for leaf in leaves_of(node):
        if isinstance(leaf, HasRole):
            yield from leaf.name.names
        elif isinstance(leaf, Literal | Matches):
            yield from leaf.wanted.names


def _reached(name: str, references: Mapping[str, set[str]]) -> set[str]:
    reached, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one not in reached and one in references:
            reached.add(one)
            todo += references[one]
    return reached
