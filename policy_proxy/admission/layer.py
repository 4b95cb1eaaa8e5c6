"""The head of a raw WSGI request becomes a `Request`; nothing else of the client stays."""

from __future__ import annotations

from collections.abc import Iterable

from policy_proxy.admission import accept, body, headers, microversion, path, query
from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import Malformed, NotAcceptable, TargetTooLong
from policy_proxy.model import (
    REQUEST,
    Environ,
    Operation,
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
    }
)
_TOO_LONG = "The path and the query of the request are too long."
_KEPT_PREFIXES = ("wsgi.", "policy_proxy.")


class Admission:
    """Let in what is understood, in its one spelling; refuse all else.

    The body is not touched here: nobody has said yet who sends it.

    :raises ConfigurationError: if the service's operations are ambiguous.
    """

    def __init__(self, app: WSGIApp, service: Service, limits: LimitSettings) -> None:
        self._app = app
        self._service = service
        self._limits = limits
        self._router = path.Router(service.operations)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = self.admit(environ)
        _clean(environ, request, self._service.type)
        return self._app(environ, start_response)

    def admit(self, environ: Environ) -> Request:
        """The request as understood, without its body. Nothing in `environ` changes.

        :raises Refusal: whichever of the checks fails first.
        """
        _check_target(environ, self._limits.max_target_bytes)
        headers.check(environ, self._limits)
        operation, raw = self._router.match(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        params = self._service.check_params(operation, raw)
        pairs = query.parse(environ.get("QUERY_STRING", ""))
        self._service.check_query(operation, pairs)
        version = microversion.parse(
            environ.get("HTTP_OPENSTACK_API_VERSION", ""), self._service.type
        )
        _check_accept(operation, environ.get("HTTP_ACCEPT", ""))
        body.check_declared(environ, operation.body, self._limits.max_body_bytes)
        return Request(
            operation=operation,
            method=operation.method,
            path=path.rebuilt(operation.template, params),
            params=params,
            query=pairs,
            microversion=version,
            client=environ.get("REMOTE_ADDR", ""),
        )


def _check_target(environ: Environ, most: int) -> None:
    """Servers that show the target as sent allow to be stricter; nothing is routed by it."""
    if not environ.get("PATH_INFO") and not environ.get("SCRIPT_NAME"):
        raise Malformed("The path of the request is not written plainly.")  # `*`, or a host's name
    if len(environ.get("PATH_INFO", "")) + 1 + len(environ.get("QUERY_STRING", "")) > most:
        raise TargetTooLong(_TOO_LONG)
    for name in ("RAW_URI", "REQUEST_URI"):
        if as_sent := environ.get(name):
            if len(as_sent) > most:
                raise TargetTooLong(_TOO_LONG)
            path.check_raw(as_sent)


def _check_accept(operation: Operation, header: str) -> None:
    if operation.negotiates and not accept.admits_json(header):
        raise NotAcceptable("Only application/json is provided")


def _clean(environ: Environ, request: Request, service_type: str) -> None:
    """Leave nothing of what the client sent but what was understood.

    In place, so that the layers outside see what the layers inside add.
    """
    for name in environ.keys() - _KEPT:
        if not name.startswith(_KEPT_PREFIXES):
            del environ[name]
    environ[REQUEST] = request
    environ["PATH_INFO"] = request.path
    environ["QUERY_STRING"] = query.canonical(request.query)
    environ["HTTP_ACCEPT"] = "application/json"
    if request.microversion:
        environ["HTTP_OPENSTACK_API_VERSION"] = microversion.header_value(
            request.microversion, service_type
        )
