"""The end of the chain of an authorizer: say yes to the front end, which then forwards.

Nothing leaves here for the service. The front end passes on what its client sent, so yes is said
only of what two readers read alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from policy_proxy.errors import Internal, Malformed
from policy_proxy.model import (
    CREDENTIALS_SENT,
    IDENTITY,
    ORIGINAL,
    SNAPSHOT,
    BodyRule,
    Environ,
    Request,
    Service,
    Snapshot,
    StartResponse,
)
from policy_proxy.terminals.gate import admitted

TARGET = "X-Policy-Proxy-Target"
"""Path and query in their one spelling, without the slash that they begin with."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Answer 200 without content.

    :param sees_bodies: whether the client's body comes along, whole.
    :param tells: whether the answer says what is allowed, for a front end that can forward exactly
        that: the target, and the microversion in its one spelling.
    """

    sees_bodies: bool
    tells: bool

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = admitted(environ)
        self._check(environ, request)
        environ[CREDENTIALS_SENT] = "caller" if IDENTITY in environ else "none"
        headers = [("Content-Length", "0")]
        if self.tells:
            headers += _told(environ)
        start_response("200 OK", headers)
        return []

    def _check(self, environ: Environ, request: Request) -> None:
        """
        :raises Malformed: for a path in another spelling than its one, or without the body that
            should have come along.
        :raises Internal: if the rule looks at a body that nobody has seen.
        """
        if environ.get(ORIGINAL) != request.path:
            raise Malformed("The path of the request is not written plainly.")
        if self.sees_bodies:
            if request.operation.body is BodyRule.REQUIRED and not request.body:
                raise Malformed("The body of the request is missing.")
        elif _looks_at_body(environ, request):
            raise Internal(
                "The proxy is not put together as it should be.",
                private=f"rule {request.operation.rule} looks at the body, which does not come "
                "along: see [authorizer] body",
            )


def without_bodies(service: Service) -> Service:
    """The same service to an authorizer that sees no bodies: what comes from them is not supplied,
    so that a policy which names it is refused.
    """
    hidden: dict[str, frozenset[str]] = {}
    for operation in service.operations:
        hidden[operation.rule] = hidden.get(operation.rule, frozenset()) | operation.body_attributes
    attributes = {
        rule: supplied - hidden.get(rule, frozenset())
        for rule, supplied in service.attributes.items()
    }
    return replace(service, attributes=attributes)


def _looks_at_body(environ: Environ, request: Request) -> bool:
    """For a check of somebody else's, which is given all of the target, no policy file tells."""
    snapshot: Snapshot | None = environ.get(SNAPSHOT)
    attributes = request.operation.body_attributes
    return snapshot is not None and snapshot.looks_at(request.operation.rule, attributes)


def _told(environ: Environ) -> list[tuple[str, str]]:
    path, query = environ["PATH_INFO"].removeprefix("/"), environ["QUERY_STRING"]
    told = [(TARGET, f"{path}?{query}" if query else path)]
    version = environ.get("HTTP_OPENSTACK_API_VERSION")
    return [*told, ("OpenStack-API-Version", version)] if version else told
