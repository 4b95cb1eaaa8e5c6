"""What the head of a request asks for. The answer depends on nothing but what is in `Sent`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import NamedTuple

from policy_proxy.admission import accept, microversion, path, query
from policy_proxy.errors import Malformed, NotAcceptable, TargetTooLong
from policy_proxy.model import Environ, Operation, Request, Service

_TOO_LONG = "The path and the query of the request are too long."
_NAMES = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "RAW_URI",
    "REQUEST_URI",
    "HTTP_OPENSTACK_API_VERSION",
    "HTTP_ACCEPT",
)


class Sent(NamedTuple):
    """All of a request's head that is understood, as it came; empty what is absent.

    :param raw_uri, request_uri: the target as sent, from servers that show it.
    """

    method: str
    script_name: str
    path: str
    query: str
    raw_uri: str
    request_uri: str
    microversion: str
    accept: str


class Understood(NamedTuple):
    """:param spelling: what the environ shall say in place of what came."""

    request: Request
    spelling: Mapping[str, str]


def sent(environ: Environ) -> Sent:
    return Sent(*map(environ.get, _NAMES, repeat("")))


def understand(head: Sent, *, router: path.Router, service: Service, longest: int) -> Understood:
    """The request, still without its body.

    :param longest: the largest path and query together, in bytes.
    :raises Refusal: whichever of the checks fails first.
    """
    _check_target(head, longest)
    operation, raw = router.match(head.method, head.path)
    params = service.check_params(operation, raw)
    pairs = query.parse(head.query)
    service.check_query(operation, pairs)
    version = microversion.parse(head.microversion, service.type)
    _check_accept(operation, head.accept)
    request = Request(
        operation=operation,
        method=operation.method,
        path=path.rebuilt(operation.template, params),
        params=params,
        query=pairs,
        microversion=version,
    )
    return Understood(request, _spelling(request, service.type))


def _check_target(head: Sent, longest: int) -> None:
    """Servers that show the target as sent allow to be stricter; nothing is routed by it."""
    if not head.path and not head.script_name:
        raise Malformed("The path of the request is not written plainly.")  # `*`, or a host's name
    if len(head.path) + 1 + len(head.query) > longest:
        raise TargetTooLong(_TOO_LONG)
    for as_sent in filter(None, (head.raw_uri, head.request_uri)):
        if len(as_sent) > longest:
            raise TargetTooLong(_TOO_LONG)
        path.check_raw(as_sent)
        _check_whole(as_sent, head.query)


def _check_whole(as_sent: str, query: str) -> None:
    """Refuse a query that is not the one that was sent. uWSGI leaves it out where it does not fit
    into its buffer a second time: what was asked would be something else, and much more.
    """
    sent_query = as_sent.partition("?")[2].partition("#")[0]
    if sent_query in ("", query):
        return
    if not query:
        raise TargetTooLong(_TOO_LONG)
    raise Malformed("The query of the request is not written plainly.")


def _check_accept(operation: Operation, header: str) -> None:
    if operation.negotiates and not accept.admits_json(header):
        raise NotAcceptable("Only application/json is provided")


def _spelling(request: Request, service_type: str) -> dict[str, str]:
    spelling = {
        "PATH_INFO": request.path,
        "QUERY_STRING": query.canonical(request.query),
        "HTTP_ACCEPT": "application/json",
    }
    if request.microversion:
        spelling["HTTP_OPENSTACK_API_VERSION"] = microversion.header_value(
            request.microversion, service_type
        )
    return spelling
