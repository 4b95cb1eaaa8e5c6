"""Requests that are decided otherwise, put together by what they have in common.

`policy replay` finds them by deciding again; a record can also say it itself, of a candidate that
was asked beside the policy in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Record = Mapping[str, Any]

EXAMPLES = 3
"""Of each group, the first ones."""
MOST = 5_000
"""Groups that are told apart, in some 10 MB; whatever would make one more is only counted."""
_SHOWN = ("time", "request_id", "user_id", "method", "path", "outcome", "status", "revision")


class Kin(NamedTuple):
    """What the requests of a group share.

    :param gained: whether they are newly allowed; else they are newly denied.
    :param roles: those in the token, sorted.
    """

    gained: bool
    rule: str
    roles: tuple[str, ...]
    project_id: str


class Example(NamedTuple):
    """
    :param place: `file:line` of the record.
    :param says: some of its fields.
    """

    place: str
    says: Mapping[str, Any]


@dataclass(slots=True)
class Group:
    """
    :param count: how many requests.
    """

    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Flips:
    """Collects them.

    `gained` and `lost` count all; `beyond` those of them that are in no group.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._groups: dict[Kin, Group] = {}
        self.gained = self.lost = self.beyond = 0

    def add(self, file: str, number: int, record: Record, *, gained: bool) -> None:
        """
        :param record: with an operation, roles and a project; it stands on this line of this file.
        :raises TypeError: if they are of another kind; then nothing is counted.
        """
        kin = Kin(gained, record["operation"], tuple(record["roles"]), record["project_id"])
        if not all(isinstance(one, str) for one in (kin.rule, *kin.roles, kin.project_id)):
            raise TypeError
        group = self._groups.get(kin)
        if gained:
            self.gained += 1
        else:
            self.lost += 1
        if group is None:
            if len(self._groups) >= self._most:
                self.beyond += 1
                return
            group = self._groups[kin] = Group()
        group.count += 1
        if group.count <= EXAMPLES:
            says = {name: record[name] for name in _SHOWN}
            group.examples.append(Example(f"{file}:{number}", says))

    def groups(self) -> list[tuple[Kin, Group]]:
        """By rule; of each, those newly allowed and then those with most requests first."""
        merged: dict[Kin, Group] = {}
        for kin, group in self._groups.items():
            same = merged.setdefault(kin._replace(roles=tuple(sorted(kin.roles))), Group())
            same.count += group.count
            same.examples = [*same.examples, *group.examples][:EXAMPLES]
        return sorted(merged.items(), key=lambda each: _place(*each))


def _place(kin: Kin, group: Group) -> tuple[Any, ...]:
    return kin.rule, not kin.gained, -group.count, kin.roles, kin.project_id
