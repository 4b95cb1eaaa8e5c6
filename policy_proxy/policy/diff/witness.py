"""Somebody for whom a check holds, or does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.diff.atoms import ANY_TARGET, TargetFacts, TooLarge
from policy_proxy.policy.diff.cubes import models
from policy_proxy.policy.diff.realise import Case, realised
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.nodes import Node
from policy_proxy.policy.snapshot import scope_of

TRIES = 64


class Undecided(Exception):
    """Nobody was found, which is no proof that there is nobody."""


def witness(
    node: Node,
    value: bool,  # noqa: FBT001  it is what is asked for
    scopes: Iterable[str] = (),
    facts: TargetFacts = ANY_TARGET,
) -> Case | None:
    """A caller and a target for whom a node holds (`value` True) or does not (False).

    To ask more of them, join nodes by `And`, `Or` and `Not`.

    :param scopes: the token is of one of these scope types, as oslo.policy sees it; empty for any.
    :param facts: what is known of the target.
    :returns: None only if there can be none.
    :raises Undecided: if the question is too large, or depends on checks that cannot be looked
        into.
    """
    wanted = frozenset(scopes)
    try:
        space = Space([node], facts)
        holds = space.function(node)
        asked = space.diagrams.all(
            [holds if value else space.diagrams.not_(holds), space.scoped(wanted)]
        )
        tried = False
        for model in itertools.islice(models(space, asked), TRIES):
            identity, target = realised(model, facts)
            right_scope = not wanted or scope_of(identity) in wanted
            if right_scope and node.holds(credentials(identity), target) is value:
                return identity, target
            tried = True
    except (TooLarge, RecursionError) as error:
        raise Undecided(str(node)) from error
    if tried:
        raise Undecided(str(node))
    return None
