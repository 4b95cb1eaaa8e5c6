"""Two policies → for each operation who gains access, who loses it, or that nobody does.

The answer is exact: it is decided over all callers and targets, not over some. Each gain and loss
comes with an example that was tried on both policies, in our form and in oslo.policy itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from policy_proxy.model import Identity, Target
from policy_proxy.policy.diff.atoms import (
    ANY_TARGET,
    Atom,
    Literals,
    Scoped,
    TargetFacts,
    atoms_of,
    leaves_reached,
)
from policy_proxy.policy.diff.realise import Case, realised
from policy_proxy.policy.diff.space import Function, Space, TooLarge
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.diff.words import described
from policy_proxy.policy.nodes import Foreign, Never, Node, Reference, parts_of
from policy_proxy.policy.remote import KINDS as REMOTE
from policy_proxy.policy.snapshot import PolicySnapshot

MAX_KINDS = 12
"""Most kinds of caller that are told apart for one operation and direction."""

TRIES = 16
"""Cases tried for one kind of caller before it is left undecided."""

SAMPLES = 300
"""Combinations of atoms that are looked at where it cannot be decided."""

SAMPLES_SHOWN = 3

_VERB = {True: "gain", False: "lose"}

Verdict = Callable[[str, Target, Identity], bool]
"""Whether a rule allows a caller something on a target: `PolicySnapshot.authorize`, say."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two policies.

    :param oracle: oslo.policy's own verdict under the same policy.
    """

    snapshot: PolicySnapshot
    oracle: Verdict


@dataclass(frozen=True, slots=True)
class Kind:
    """Callers who gain, or lose; and one of them, with the target on which it shows.

    :param who: them in words; in atoms as `cube`.
    """

    who: str
    cube: Literals
    identity: Identity
    target: Target


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one operation.

    :param undecided: what could not be told; nobody else gains or loses.
    :param remark: empty, or what is worth knowing of an operation that does not change.
    """

    rule: str
    gained: tuple[Kind, ...] = ()
    lost: tuple[Kind, ...] = ()
    undecided: tuple[str, ...] = ()
    remark: str = ""

    @property
    def unchanged(self) -> bool:
        return not (self.gained or self.lost or self.undecided)


def changes(
    old: Side, new: Side, rules: Iterable[str], facts: Mapping[str, TargetFacts]
) -> Iterator[Change]:
    """What becomes of each of these rules, in their order.

    :param facts: what is known of the targets of a rule; any target is possible where there are
        none.
    """
    for rule in rules:
        comparison = _Comparison(old, new, rule)
        change = comparison.change(facts.get(rule, ANY_TARGET))
        if change.unchanged and rule in facts and not comparison.change(ANY_TARGET).unchanged:
            remark = "differs only for targets that this operation never has"
            change = Change(rule, remark=remark)
        yield change


class _Comparison:
    """Of one rule in two policies."""

    def __init__(self, old: Side, new: Side, rule: str) -> None:
        self._sides = (old, new)
        self._rule = rule
        self._nodes = tuple(side.snapshot.rules.get(rule, Never()) for side in self._sides)
        self._scopes = tuple(side.snapshot.scopes.get(rule) for side in self._sides)
        leaves = itertools.chain.from_iterable(map(leaves_reached, self._nodes))
        self._remote = {str(leaf) for leaf in leaves if isinstance(leaf, Foreign) and _asks(leaf)}

    def change(self, facts: TargetFacts) -> Change:
        if self._scopes[0] == self._scopes[1] and _alike(*self._nodes):
            return Change(self._rule)
        try:
            return self._decided(Space(self._nodes, facts), facts)
        except (TooLarge, RecursionError):
            return self._some(facts)

    def _decided(self, space: Space, facts: TargetFacts) -> Change:
        before, after = (
            space.never
            if scopes is None
            else space.all([space.function(node), space.scoped(scopes)])
            for node, scopes in zip(self._nodes, self._scopes, strict=True)
        )
        more, doubtful = self._kinds(
            space, space.all([after, space.not_(before)]), facts, gain=True
        )
        less, unclear = self._kinds(
            space, space.all([before, space.not_(after)]), facts, gain=False
        )
        return Change(self._rule, tuple(more), tuple(less), (*doubtful, *unclear))

    def _kinds(
        self, space: Space, wanted: Function, facts: TargetFacts, *, gain: bool
    ) -> tuple[list[Kind], list[str]]:
        kinds, doubtful = [], []
        cubes = list(itertools.islice(space.cubes(wanted), MAX_KINDS + 1))
        for cube in space.needed(cubes[:MAX_KINDS], wanted):
            models = space.models(space.all([wanted, space.of(cube)]))
            cases = (realised(model, facts) for model in itertools.islice(models, TRIES))
            case = next((case for case in cases if self._shown(case, gain=gain)), None)
            if case:
                kinds.append(Kind(described(cube), cube, *case))
            else:
                why = "a remote server decides" if self._remote else "no example was found"
                doubtful.append(f"perhaps {_VERB[gain]}: {described(cube)} ({why})")
        if len(cubes) > MAX_KINDS:
            doubtful.append(f"more kinds of caller {_VERB[gain]} than are told apart")
        return kinds, doubtful

    def _some(self, facts: TargetFacts) -> Change:
        """What differs for callers of whom little is true, or little is not."""
        found: dict[bool, list[Kind]] = {True: [], False: []}
        for model in _simple_models([*atoms_of(self._nodes, facts)]):
            case = realised(model, facts)
            for gain, kinds in found.items():
                if len(kinds) < SAMPLES_SHOWN and self._shown(case, gain=gain):
                    who = described({atom: True for atom, holds in model.items() if holds})
                    kinds.append(Kind(f"for example {who}", model, *case))
        undecided = "too large to be decided: others may gain or lose as well"
        return Change(self._rule, tuple(found[True]), tuple(found[False]), (undecided,))

    def _shown(self, case: Case, *, gain: bool) -> bool:
        """Whether this caller has access in the one policy, and not in the other.

        No remote server is asked about callers who do not exist.
        """
        identity, target = case
        return not self._remote and all(
            verdict(self._rule, target, identity) is access
            for side, access in zip(self._sides, (not gain, gain), strict=True)
            for verdict in (side.snapshot.authorize, side.oracle)
        )


def _asks(leaf: Foreign) -> bool:
    return leaf.written.partition(":")[0] in REMOTE


def _alike(one: Node, other: Node) -> bool:
    """Whether two nodes are written alike, down to what they refer to."""
    if isinstance(one, Reference) and isinstance(other, Reference):
        return _alike(one.rules[one.name], other.rules[other.name])
    mine, theirs = parts_of(one), parts_of(other)
    if type(one) is not type(other) or len(mine) != len(theirs):
        return False
    return all(map(_alike, mine, theirs)) if mine else one == other


def _simple_models(atoms: list[Atom]) -> Iterator[Literals]:
    """For each scope: all atoms false or all true, but for a few."""
    rest = [atom for atom in atoms if not isinstance(atom, Scoped)]
    some = itertools.chain.from_iterable(itertools.combinations(rest, n) for n in range(4))
    for few in itertools.islice(some, SAMPLES):
        for scope, most in itertools.product(SCOPES, (False, True)):
            yield {atom: (atom in few) is not most for atom in rest} | {Scoped(scope): True}
