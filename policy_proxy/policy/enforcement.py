"""The layer that asks policy, and lets through only what it allows."""

from __future__ import annotations

from collections.abc import Iterable

from policy_proxy import model
from policy_proxy.errors import Denied, Unavailable
from policy_proxy.policy.decide import decide
from policy_proxy.policy.watch import PolicyWatch

_RETRY = (("Retry-After", "5"),)


class TakePolicy:
    """Takes the policy in force, once: whatever asks policy about this request asks this one.

    :raises Unavailable: while no policy is in force.
    """

    def __init__(self, app: model.WSGIApp, watch: PolicyWatch) -> None:
        self._app = app
        self._watch = watch

    def __call__(
        self, environ: model.Environ, start_response: model.StartResponse
    ) -> Iterable[bytes]:
        request: model.Request = environ[model.REQUEST]
        if not request.operation.public:
            snapshot = self._watch.current
            if snapshot is None:
                private = "no policy is in force: see the log of policy_proxy.policy.watch"
                raise Unavailable("Policy is not loaded.", private=private, headers=_RETRY)
            environ[model.SNAPSHOT] = snapshot
        return self._app(environ, start_response)


class Enforce:
    """Takes request, identity and policy from the environ, and leaves the decision there.

    :raises Denied: if policy says no.
    """

    def __init__(self, app: model.WSGIApp, service: model.Service) -> None:
        self._app = app
        self._service = service

    def __call__(
        self, environ: model.Environ, start_response: model.StartResponse
    ) -> Iterable[bytes]:
        request: model.Request = environ[model.REQUEST]
        if request.operation.public:
            return self._app(environ, start_response)
        identity: model.Identity = environ[model.IDENTITY]
        snapshot: model.Snapshot = environ[model.SNAPSHOT]
        target = self._service.target(request, identity)
        decision = decide(request, identity, snapshot, target)
        environ[model.DECISION] = decision
        if decision.effect is not model.Effect.ALLOW:
            private = f"{decision.reason}; {_credentials(identity)}"
            raise Denied("Access was denied to this resource.", private=private)
        return self._app(environ, start_response)


def _credentials(identity: model.Identity) -> str:
    """What a denial mostly comes from: the scope of the token, and the roles in it."""
    scopes = {
        "the system": identity.system_scope,
        f"project {identity.project_id}": identity.project_id,
        f"domain {identity.domain_id}": identity.domain_id,
    }
    scope = next((name for name, value in scopes.items() if value), "nothing")
    return f"token for {scope}, roles: {[*identity.roles]}"
