"""The head of a raw WSGI request becomes a `Request`; nothing else of the client stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from policy_proxy.admission import body, headers, path
from policy_proxy.admission.understand import Sent, Understood, sent, understand
from policy_proxy.config.limits import LimitSettings
from policy_proxy.model import (
    CLIENT,
    ORIGINAL,
    REQUEST,
    REQUEST_ID,
    Environ,
    Request,
    Service,
    StartResponse,
    WSGIApp,
)

_KEPT = frozenset(
    {
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "REMOTE_ADDR",
        "HTTP_X_AUTH_TOKEN",
        "HTTP_X_SERVICE_TOKEN",
        "HTTP_X_OPENSTACK_REQUEST_ID",
        "CONTENT_TYPE",  # what describes the body stays until it is read, in content.py
        "CONTENT_LENGTH",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_ORIGIN",  # the CORS middleware outside reads it again on the way out
        "webob.adhoc_attrs",  # where WebOb keeps what that middleware sets on its request
        REQUEST_ID,
        CLIENT,
        ORIGINAL,  # the end of an authorizer's chain compares it with what was understood
        "wsgi.version",
        "wsgi.url_scheme",
        "wsgi.input",
        "wsgi.input_terminated",
        "wsgi.errors",
        "wsgi.multithread",
        "wsgi.multiprocess",
        "wsgi.run_once",
    }
)
_LONGEST_REMEMBERED = 1024
_MOST_PAIRS_REMEMBERED = 32
"""Each takes ten times as much memory as the few characters that it may be written with."""


class Admission:
    """Let in what is understood, in its one spelling; refuse all else.

    Clients ask the same again and again, so what was understood lately is remembered: by all of the
    head that it was understood from.

    The body is not touched here: nobody has said yet who sends it.

    :raises ConfigurationError: if the service's operations are ambiguous.
    """

    def __init__(self, app: WSGIApp, service: Service, limits: LimitSettings) -> None:
        self._app = app
        self._limits = limits
        router = path.Router(service.operations)
        self._understand: Callable[[Sent], Understood] = partial(
            understand, router=router, service=service, longest=limits.max_target_bytes
        )
        self._remembered = lru_cache(limits.remembered_requests)(self._understand)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        understood = self._understood(environ)
        _keep(environ, understood)
        return self._app(environ, start_response)

    def admit(self, environ: Environ) -> Request:
        """The request as understood, without its body. Nothing in `environ` changes.

        :raises Refusal: whichever of the checks fails first.
        """
        return self._understood(environ).request

    def _understood(self, environ: Environ) -> Understood:
        headers.check(environ, self._limits)
        head = sent(environ)
        understood = self._remembered(head) if _is_small(head) else self._understand(head)
        body.check_declared(environ, understood.request.operation.body, self._limits.max_body_bytes)
        return understood


def _is_small(head: Sent) -> bool:
    """Whether it may be remembered: anybody can send it, without a token."""
    pairs = head.query.count("&") + 1
    return pairs <= _MOST_PAIRS_REMEMBERED and len("".join(head)) <= _LONGEST_REMEMBERED


def _keep(environ: Environ, understood: Understood) -> None:
    """Leave nothing of what the client sent but what was understood.

    In place, so that the layers outside see what the layers inside add.
    """
    names = [*environ.keys() & _KEPT]
    kept = dict(zip(names, map(environ.__getitem__, names), strict=True))
    environ.clear()
    environ.update(kept, **understood.spelling)
    environ[REQUEST] = understood.request
