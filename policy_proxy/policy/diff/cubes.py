"""Functions in words that people can follow: descriptions that together are the function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policy_proxy.policy.diff.atoms import Literals, Scoped
from policy_proxy.policy.diff.space import LIKELY, Function, Space


def cubes(space: Space, wanted: Function) -> Iterator[Literals]:
    """Descriptions of the possible part of a function, none with a literal that can be spared.

    Every possible case has one; what is impossible does not lengthen them.

    :raises TooLarge: if the next one cannot be found.
    """
    left = space.seen(wanted)
    outside = space.seen(space.not_(wanted))
    while left != space.never:
        cube = _shortest(space, space.path(left), outside)
        yield cube
        left = space.all([left, space.not_(space.of(cube))])


def needed(space: Space, found: Iterable[Literals], wanted: Function) -> list[Literals]:
    """The descriptions without those that the others make superfluous, the longest first.

    :raises TooLarge: if it cannot be told which those are.
    """
    kept = sorted(found, key=len, reverse=True)
    for cube in [*kept]:
        others = space.any(space.of(other) for other in kept if other is not cube)
        if not space.meets(space.all([space.seen(wanted), space.not_(others)]), cube):
            kept = [other for other in kept if other is not cube]
    return kept[::-1]


def models(space: Space, wanted: Function) -> Iterator[Literals]:
    """Possible cases of a function, each in full and with as little true as can be.

    :raises TooLarge: if the next one cannot be found.
    """
    left = space.all([wanted, space.possible])
    while left != space.never:
        path = space.path(left)
        yield {atom: path.get(atom, atom in LIKELY) for atom in space.atoms}
        known = {atom: path[atom] for atom in space.asked if atom in path}
        left = space.all([left, space.not_(space.of(known))])


def _shortest(space: Space, found: Literals, outside: Function) -> Literals:
    """Without the literals that can be spared: denials first, then scopes.

    :param outside: what must not be described.
    """
    kept = dict(found)
    for atom in sorted(found, key=lambda atom: (found[atom], not isinstance(atom, Scoped))):
        rest = {other: holds for other, holds in kept.items() if other != atom}
        if not space.meets(outside, rest):
            kept = rest
    return kept
