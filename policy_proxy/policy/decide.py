"""The decision: one request, one identity, one policy, one target."""

from __future__ import annotations

from policy_proxy.model import Decision, Effect, Identity, Request, Snapshot, Target


def decide(request: Request, identity: Identity, snapshot: Snapshot, target: Target) -> Decision:
    """What `snapshot` says of `identity` asking for `request` on `target`.

    Allowed only if the answer is True itself: nothing else that Python takes for true counts.
    """
    rule = request.operation.rule
    allowed = snapshot.authorize(rule, target, identity) is True
    return Decision(
        operation=rule,
        effect=Effect.ALLOW if allowed else Effect.DENY,
        reason=f"rule {rule} of revision {snapshot.revision} {'allows' if allowed else 'denies'}",
        revision=snapshot.revision,
        target=dict(target),
    )
