"""Two policies → for each operation who gains access, who loses it, or that nobody does.

The answer is exact: it is decided over all callers and targets, not over some. Each gain and loss
comes with an example that was tried on both policies, in our form and in oslo.policy itself.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace

from policy_proxy.policy.diff.atoms import ANY_TARGET, Literals, Scoped, TargetFacts, TooLarge
from policy_proxy.policy.diff.change import Change, Doubt, Kind, Side
from policy_proxy.policy.diff.cubes import cubes, models, needed
from policy_proxy.policy.diff.diagrams import Budget, Function
from policy_proxy.policy.diff.meaning import asks, leaves_reached, names_of
from policy_proxy.policy.diff.realise import Case, realised
from policy_proxy.policy.diff.samples import samples
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.diff.words import described
from policy_proxy.policy.nodes import Foreign, Never, Node, Reference, parts_of

MAX_KINDS = 24
"""Most kinds of caller that are told apart for one operation and direction."""

TRIES = 16
"""Cases tried for one kind of caller before it is left undecided."""

SAMPLES_SHOWN = 3
"""Examples where it cannot be decided."""

_VERB = {True: "gain", False: "lose"}


def changes(
    old: Side, new: Side, rules: Iterable[str], facts: Mapping[str, TargetFacts]
) -> Iterator[Change]:
    """What becomes of each of these rules, in their order.

    :param facts: what is known of the targets of a rule; any target is possible where there are
        none.
    """
    budget, known = Budget(), _Known()
    for rule in rules:
        comparison = _Comparison(old, new, rule, budget)
        change = known.change(comparison, facts.get(rule, ANY_TARGET))
        if change.unchanged and rule in facts:
            anywhere = known.change(comparison, ANY_TARGET)
            if anywhere.gained or anywhere.lost:
                remark = "differs only for targets that this operation never has"
                change = replace(change, remark=remark)
        if change.unchanged and not change.remark and comparison.extensions:
            remark = f"as far as {' and '.join(comparison.extensions)} answers alike in both"
            change = replace(change, remark=remark)
        yield change


class _Known:
    """The changes found so far: most operations have the same checks, by way of one rule."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Change] = {}

    def change(self, comparison: _Comparison, facts: TargetFacts) -> Change:
        facts = comparison.relevant(facts)
        key = (comparison.question, facts)
        if key not in self._found:
            self._found[key] = comparison.change(facts)
        return replace(self._found[key], rule=comparison.rule)


class _Comparison:
    """Of one rule in two policies.

    :ivar question: what is compared: the same for rules of which the same is true.
    """

    def __init__(self, old: Side, new: Side, rule: str, budget: Budget) -> None:
        self.rule = rule
        self._sides = (old, new)
        self._budget = budget
        self._nodes = tuple(side.snapshot.rules.get(rule, Never()) for side in self._sides)
        self._scopes = tuple(side.snapshot.scopes.get(rule) for side in self._sides)
        leaves = itertools.chain.from_iterable(map(leaves_reached, self._nodes))
        foreign = {str(leaf): asks(leaf) for leaf in leaves if isinstance(leaf, Foreign)}
        self.extensions = [check for check, remote in foreign.items() if not remote]
        self._named = names_of(self._nodes)
        # No server is asked about callers who do not exist.
        self._remote = any(foreign.values())
        # An extension may look at the name of the rule.
        asked_for = rule if self.extensions else None
        self.question: Hashable = (self._nodes, self._scopes, asked_for)

    def relevant(self, facts: TargetFacts) -> TargetFacts:
        """The facts as far as the checks can see: but for extensions, only what they name."""
        if self.extensions:
            return facts
        supplied = None if facts.supplied is None else facts.supplied & self._named
        return TargetFacts(supplied, facts.own & self._named)

    def change(self, facts: TargetFacts) -> Change:
        """
        :param facts: those that are relevant.
        """
        if self._scopes[0] == self._scopes[1] and _alike(*self._nodes):
            return Change(self.rule)
        try:
            space = Space(self._nodes, facts, self._budget)
            made, (before, after) = space.diagrams, self._allowed(space)
            more = made.all([space.seen, after, made.not_(before)])
            less = made.all([space.seen, before, made.not_(after)])
        except (TooLarge, RecursionError):
            return self._some(facts)
        gained, doubtful = self._kinds(space, more, facts, gain=True)
        lost, unclear = self._kinds(space, less, facts, gain=False)
        return Change(self.rule, tuple(gained), tuple(lost), (*doubtful, *unclear))

    def _allowed(self, space: Space) -> list[Function]:
        """Who is allowed by the one policy, and by the other."""
        return [
            space.diagrams.never
            if scopes is None
            else space.diagrams.all([space.function(node), space.scoped(scopes)])
            for node, scopes in zip(self._nodes, self._scopes, strict=True)
        ]

    def _kinds(
        self, space: Space, wanted: Function, facts: TargetFacts, *, gain: bool
    ) -> tuple[list[Kind], list[Doubt]]:
        found, complete = _described(space, wanted)
        kinds, doubts = [], []
        for cube in found:
            cases = () if self._remote else _cases(space, wanted, cube, facts)
            case = next((case for case in cases if self._shown(case, gain=gain)), None)
            if case:
                kinds.append(Kind(described(cube), cube, *case))
            else:
                why = "a remote server decides" if self._remote else "no example was found"
                text = f"perhaps {_VERB[gain]}: {described(cube)} ({why})"
                doubts.append(Doubt(text, gain=gain, loss=not gain))
        if not complete:
            text = f"more kinds of caller {_VERB[gain]} than are told apart"
            doubts.append(Doubt(text, gain=gain, loss=not gain))
            kinds = kinds or self._samples(facts, gain=gain)
        return kinds, doubts

    def _some(self, facts: TargetFacts) -> Change:
        gained, lost = (tuple(self._samples(facts, gain=gain)) for gain in (True, False))
        why = "the comparison as a whole is too large" if self._budget.spent else "too large"
        text = f"{why} to be decided: others may gain or lose as well"
        return Change(self.rule, gained, lost, (Doubt(text, gain=True, loss=True),))

    def _samples(self, facts: TargetFacts, *, gain: bool) -> list[Kind]:
        """Some who meet one policy in one way, and are nothing else."""
        other, node = self._nodes if gain else reversed(self._nodes)
        found: list[Kind] = []
        tried: list[Case] = []
        for model in () if self._remote else samples(node, other, facts):
            case = realised(model, facts)
            if case in tried:
                continue
            tried.append(case)
            if self._shown(case, gain=gain):
                found.append(Kind(f"for example {described(model)}", model, *case))
            if len(found) == SAMPLES_SHOWN:
                break
        return found

    def _shown(self, case: Case, *, gain: bool) -> bool:
        """Whether this caller has access in the one policy, and not in the other."""
        identity, target = case
        ours, theirs = (
            [side.snapshot.authorize for side in self._sides],
            [side.oracle for side in self._sides],
        )
        return all(
            verdict(self.rule, target, identity) is access
            for verdicts in (ours, theirs)
            for verdict, access in zip(verdicts, (not gain, gain), strict=True)
        )


def _described(space: Space, wanted: Function) -> tuple[list[Literals], bool]:
    """Descriptions of a function, and whether they are all of it."""
    found: list[Literals] = []
    complete = wanted == space.diagrams.never
    with contextlib.suppress(TooLarge):
        for cube in () if complete else cubes(space, wanted):
            if len(found) == MAX_KINDS:
                break
            found.append(cube)
        else:
            complete = True
        found = needed(space, found, wanted)
    return found, complete


def _cases(space: Space, wanted: Function, cube: Literals, facts: TargetFacts) -> Iterator[Case]:
    """Callers of this description, with targets: to be tried."""
    try:
        known = space.diagrams.all([wanted, space.of(cube)])
        for model in itertools.islice(models(space, known), TRIES):
            yield realised(model, facts)
    except TooLarge:
        for scope in SCOPES:
            yield realised({Scoped(scope): True, **cube}, facts)


def _alike(one: Node, other: Node) -> bool:
    """Whether two nodes are written alike, down to what they refer to."""
    if isinstance(one, Reference) and isinstance(other, Reference):
        return _alike(one.rules[one.name], other.rules[other.name])
    mine, theirs = parts_of(one), parts_of(other)
    if type(one) is not type(other) or len(mine) != len(theirs):
        return False
    return all(map(_alike, mine, theirs)) if mine else one == other
