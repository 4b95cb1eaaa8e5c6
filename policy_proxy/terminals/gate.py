"""The last look before anything leaves the chain: nothing passes that was not allowed."""

from __future__ import annotations

from policy_proxy.errors import Internal
from policy_proxy.model import DECISION, REQUEST, Decision, Effect, Environ, Request


def admitted(environ: Environ) -> Request:
    """The request, if it is public or a decision allows it.

    :raises Internal: if a layer is missing from the chain. Whatever the reason, nothing passes.
    """
    request: Request | None = environ.get(REQUEST)
    decision: Decision | None = environ.get(DECISION)
    if request is not None and request.operation.public:
        return request
    if request is None or decision is None or decision.effect is not Effect.ALLOW:
        raise Internal(
            "The proxy is not put together as it should be.",
            private="a request without an allowing decision reached the end of the chain",
        )
    return request
