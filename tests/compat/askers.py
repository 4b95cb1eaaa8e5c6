"""Callers and targets made up for a service's rules: of the values that these compare with."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from policy_proxy.model import Identity
from policy_proxy.policy.checks import words
from policy_proxy.policy.credentials import LISTS, TEXTS

ANY = ("p", "q")
"""Values that no rule names; of so few that two of them are often the same."""
_IN_TARGET = re.compile(r"%\(([^()]+)\)s")
_FIELD = re.compile(r"field:[^:]+:(.+)=~?(\S+)")
_SCOPES = ({}, {"domain_id": True}, {"system_scope": True})


@dataclass(frozen=True, slots=True)
class Asker:
    """
    :param more: attributes of the caller that the proxy's tokens do not have.
    """

    identity: Identity
    more: dict[str, Any]
    target: dict[str, Any]


class Vocabulary:
    """What a service's rules speak of."""

    def __init__(self, check_strings: Iterable[str]) -> None:
        self.roles = {"somebody"}
        self.callers: dict[str, set[Any]] = {}
        self.targets: dict[str, set[Any]] = {}
        for check in check_strings:
            for word in words(check):
                kind, colon, match = word.partition(":")
                if colon:
                    self._learn(kind, match, word)

    def _learn(self, kind: str, match: str, word: str) -> None:
        names = _IN_TARGET.findall(match)
        for name in names:
            self.targets.setdefault(name, set(ANY))
        field = _FIELD.fullmatch(word)
        if field:
            self.targets.setdefault(field[1], set(ANY)).add(field[2].lstrip("^") + "x")
            self.targets[field[1]].add(field[2])
        elif kind == "role" and not names:
            self.roles.add(match)
        elif kind not in ("role", "rule"):
            self._compare(kind, match, names)

    def _compare(self, kind: str, match: str, names: list[str]) -> None:
        try:
            value = ast.literal_eval(kind)
        except (ValueError, SyntaxError):
            pool = self.callers.setdefault(kind, set(ANY))
            if not names:
                pool.add(match)
        else:
            for name in names if value is not None else ():
                self.targets[name] |= {value, str(value)}


def askers(spoken: Vocabulary, count: int, seed: str) -> Iterator[Asker]:
    """The same ones at each call."""
    draw = random.Random(seed)
    for at in range(count):
        identity = _identity(spoken, draw)
        more = _more(spoken, draw) if at % 2 else {}
        yield Asker(identity, more, _target(spoken, draw))


def _identity(spoken: Vocabulary, draw: random.Random) -> Identity:
    texts = {name: draw.choice(_pool(spoken.callers.get(name))) for name in TEXTS}
    if draw.random() < 0.9:
        wanted = draw.choice(["project_id", "project_id", "domain_id", "system_scope"])
        texts |= dict.fromkeys({"project_id", "domain_id", "system_scope"} - {wanted}, "")
        texts["system_scope"] = texts["system_scope"] and "all"
    absent = {name for name in TEXTS if draw.random() < 0.1}
    return Identity(
        **{name: "" if name in absent else value for name, value in texts.items()},
        **{name: _roles(spoken, draw) for name in LISTS},
        is_admin_project=draw.random() < 0.7,
    )


def _roles(spoken: Vocabulary, draw: random.Random) -> tuple[str, ...]:
    roles = draw.sample(sorted(spoken.roles), k=min(draw.choice((0, 1, 2, 4)), len(spoken.roles)))
    return tuple(draw.choice((role, role.upper())) for role in roles)


def _more(spoken: Vocabulary, draw: random.Random) -> dict[str, Any]:
    """What is dotted lies in mappings; now and then it is a list."""
    more: dict[str, Any] = {}
    for path in sorted(spoken.callers):
        first, *rest = path.split(".")
        if first in (*TEXTS, *LISTS, "system", "is_admin_project") or draw.random() < 0.2:
            continue
        value: Any = draw.choice(
            [True, False] if first.startswith("is_") else _pool(spoken.callers[path])
        )
        for name in reversed(rest):
            value = {name: draw.choice((value, [value, "other"]))}
        more[first] = _merged(more.get(first), value)
    return more


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{name: _merged(one.get(name), value) for name, value in other.items()}}
    return other


def _target(spoken: Vocabulary, draw: random.Random) -> dict[str, Any]:
    return {
        name: draw.choice(_pool(pool))
        for name, pool in sorted(spoken.targets.items())
        if draw.random() < 0.8
    }


def _pool(values: Iterable[Any] | None) -> list[Any]:
    return sorted(values or ANY, key=repr)
