"""What a comparison says of an operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from policy_proxy.model import Identity, Target
from policy_proxy.policy.diff.atoms import Literals
from policy_proxy.policy.snapshot import PolicySnapshot

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
class Doubt:
    """What could not be told.

    :param gain: whether it may be that somebody gains by it; `loss` likewise.
    """

    text: str
    gain: bool = False
    loss: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one operation.

    :param undecided: what could not be told; nobody else gains or loses.
    :param remark: empty, or what is worth knowing of an operation that does not change.
    """

    rule: str
    gained: tuple[Kind, ...] = ()
    lost: tuple[Kind, ...] = ()
    undecided: tuple[Doubt, ...] = ()
    remark: str = ""

    @property
    def unchanged(self) -> bool:
        return not (self.gained or self.lost or self.undecided)
