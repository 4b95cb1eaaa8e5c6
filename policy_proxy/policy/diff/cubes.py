"""Functions as descriptions: what holds, and what does not, of somebody for whom they are true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policy_proxy.policy.diff.atoms import Literals, Scoped
from policy_proxy.policy.diff.diagrams import Answers, Function
from policy_proxy.policy.diff.space import Space


def cubes(space: Space, wanted: Function, among: Function | None = None) -> Iterator[Literals]:
    """Descriptions of the possible part of a function, none with a literal that can be spared.

    Every possible case has one; what is impossible does not lengthen them.

    :param among: what is known already, so that no description says it; all that is possible if
        it is not given.
    :raises TooLarge: if the next one cannot be found.
    """
    made = space.diagrams
    known = space.seen if among is None else among
    left = made.all([known, wanted])
    outside = made.all([known, made.not_(wanted)])
    while left != made.never:
        cube = _shortest(space, made.path(left, space.likely), outside)
        yield space.literals(cube)
        left = made.all([left, made.not_(made.of(cube))])


def needed(
    space: Space, found: Iterable[Literals], wanted: Function, among: Function | None = None
) -> list[Literals]:
    """The descriptions without those that the others make superfluous, the longest first.

    :param among: as for `cubes`.
    :raises TooLarge: if it cannot be told which those are.
    """
    made = space.diagrams
    known = space.seen if among is None else among
    kept = sorted(found, key=len, reverse=True)
    for cube in [*kept]:
        others = made.any(space.of(other) for other in kept if other is not cube)
        alone = made.all([known, wanted, made.not_(others)])
        if not made.meets(alone, space.answers(cube)):
            kept = [other for other in kept if other is not cube]
    return kept[::-1]


def models(space: Space, wanted: Function) -> Iterator[Literals]:
    """Possible cases of a function, each in full and with as little true as can be.

    :raises TooLarge: if the next one cannot be found.
    """
    made = space.diagrams
    left = made.all([wanted, space.possible])
    while left != made.never:
        path = made.path(left, space.likely)
        unasked = {level: level in space.likely for level in range(len(space.atoms))}
        yield space.literals(unasked | path)
        known = {level: holds for level, holds in path.items() if level in space.asked}
        left = made.all([left, made.not_(made.of(known))])


def _shortest(space: Space, found: Answers, outside: Function) -> Answers:
    """Without what can be spared: denials first, then scopes.

    :param outside: what must not be described.
    """
    kept = dict(found)
    scopes = [level for level in found if isinstance(space.atoms[level], Scoped)]
    todo = [sorted(found, key=lambda level: (found[level], level not in scopes))]
    while todo:  # many at once, as most can be: what comes out is the same as one by one
        some = todo.pop()
        fewer = {level: holds for level, holds in kept.items() if level not in some}
        if not space.diagrams.meets(outside, fewer):
            kept = fewer
        elif len(some) > 1:
            half = len(some) // 2
            todo += [some[half:], some[:half]]
    return kept
