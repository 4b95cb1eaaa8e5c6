"""The layer that asks policy, and lets through only what it allows."""

from __future__ import annotations

from collections.abc import Iterable

from policy_proxy import model
from policy_proxy.errors import Denied, Unavailable
from policy_proxy.policy.decide import decide
from policy_proxy.policy.watch import PolicyWatch

_RETRY = (("Retry-After", "5"),)


class Enforce:
    """Takes the request and the identity from the environ and leaves the decision there.

    :raises Unavailable: while no policy is in force.
    :raises Denied: if policy says no.
    """

    def __init__(self, app: model.WSGIApp, service: model.Service, watch: PolicyWatch) -> None:
        self._app = app
        self._service = service
        self._watch = watch

    def __call__(
        self, environ: model.Environ, start_response: model.StartResponse
    ) -> Iterable[bytes]:
        request: model.Request = environ[model.REQUEST]
        if request.operation.public:
            return self._app(environ, start_response)
        identity: model.Identity = environ[model.IDENTITY]
        snapshot = self._watch.current
        if snapshot is None:
            private = "no policy is in force: see the log of policy_proxy.policy.watch"
            raise Unavailable("Policy is not loaded.", private=private, headers=_RETRY)
        target = self._service.target(request, identity)
        decision = decide(request, identity, snapshot, target)
        environ[model.DECISION] = decision
        if decision.effect is not model.Effect.ALLOW:
            private = f"{decision.reason}; roles: {', '.join(identity.roles) or 'none'}"
            raise Denied("Access was denied to this resource.", private=private)
        return self._app(environ, start_response)
