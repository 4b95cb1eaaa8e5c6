"""The answer to a question to policy: the verdict, why, and what would be enough."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from policy_proxy.cli.policy.past import Past
from policy_proxy.cli.policy.question import Question
from policy_proxy.model import Identity, Target
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.explain import Explained, explain
from policy_proxy.policy.listing import origins_of
from policy_proxy.policy.nodes import Asked, Reference
from policy_proxy.policy.snapshot import PolicySnapshot, scope_of
from policy_proxy.policy.sufficient import Sufficient, sufficient
from policy_proxy.policy.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy says, and why.

    :param scopes: the scope types that the rule is for; none for any.
    :param fits: whether the token has one of them.
    :param enough: None if the rule allows.
    :param past: the request that is explained, if it is one.
    """

    question: Question
    identity: Identity
    target: Target
    revision: str
    scopes: tuple[str, ...]
    fits: bool
    tree: Explained
    enough: Sufficient | None
    past: Past | None

    @property
    def allowed(self) -> bool:
        """As `PolicySnapshot.authorize` decides."""
        return self.fits and self.tree.value is True


def answered(
    snapshot: PolicySnapshot,
    question: Question,
    identity: Identity,
    target: Target,
    own: Collection[str],
    past: Past | None = None,
) -> Answer:
    """
    :param question: about a rule of this snapshot.
    :param own: the attributes of the target that are the caller's, whoever that is.
    """
    asked = Asked(question.rule, snapshot.ask)
    scopes = snapshot.scopes.get(question.rule, frozenset())
    fits = not scopes or scope_of(identity) in scopes
    rule = Reference(question.rule, snapshot.rules)
    creds = credentials(identity)
    origins = origins_of(snapshot, SERVICE.defaults())
    tree = explain(rule, creds, target, origins, asked)
    world = World(creds, target, question.supplied, own, asked)
    allowed = fits and tree.value is True
    return Answer(
        question=question,
        identity=identity,
        target=target,
        revision=snapshot.revision,
        scopes=tuple(sorted(scopes)),
        fits=fits,
        tree=tree,
        enough=None if allowed else sufficient(rule, world, scopes),
        past=past,
    )
