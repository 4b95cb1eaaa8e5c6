"""One id for one request, in every answer, in every log line and in the backend's log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

from policy_proxy.model import REQUEST_ID, Environ, StartResponse, WSGIApp

HEADER = "X-Openstack-Request-Id"
_LOWER = HEADER.lower()
_ENVIRON_HEADER = "HTTP_X_OPENSTACK_REQUEST_ID"
_WELL_FORMED = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_request_id() -> str:
    """`req-` and a random UUID (RFC 9562, version 4), from the operating system's CSPRNG.

    Put together here because `uuid.uuid4` takes three times as long.
    """
    bits = secrets.token_hex(16)
    variant = "89ab"[int(bits[16], 16) & 3]
    return f"req-{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:]}"


class RequestId:
    """Give the request an id, and put it on whatever answer comes back.

    An id from outside is taken over if it has the form that OpenStack's services give theirs
    (https://specs.openstack.org/openstack/oslo-specs/specs/pike/global-req-id.html); anything
    else could forge lines in a log, and is replaced.
    """

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        received = environ.get(_ENVIRON_HEADER, "")
        request_id = received if _WELL_FORMED.fullmatch(received) else new_request_id()
        environ[_ENVIRON_HEADER] = environ[REQUEST_ID] = request_id

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = [pair for pair in headers if pair[0].lower() != _LOWER]
            return start_response(status, [*kept, (HEADER, request_id)], exc_info)

        return self._app(environ, start)
