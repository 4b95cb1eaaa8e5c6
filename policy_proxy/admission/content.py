"""The body of an admitted request, read and understood once it is known who sends it.

Reading and parsing are the one part of admission that costs more than a glance. So they come after
authentication and, unless the decision depends on the body, after the decision: whoever is refused
cannot make the proxy wait for a body, hold it and parse it.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable
from functools import partial

from policy_proxy.admission import body, strict_json
from policy_proxy.admission.reading import Readers
from policy_proxy.config.limits import LimitSettings
from policy_proxy.model import (
    REQUEST,
    SNAPSHOT,
    BodyRule,
    Environ,
    Request,
    Service,
    Snapshot,
    StartResponse,
    WSGIApp,
)


class Content:
    """Complete the `Request` with its body, whole and strictly parsed; refuse what is not.

    The chain has two of them, before the decision and after it.

    :param readers: read the bodies; both layers share them.
    :param decisive: whether this one is for requests that are decided by their body: the rule in
        force looks at something in it.
    """

    def __init__(
        self,
        app: WSGIApp,
        service: Service,
        limits: LimitSettings,
        readers: Readers,
        *,
        decisive: bool,
    ) -> None:
        self._app = app
        self._decisive = decisive
        self._service = service
        self._limits = limits
        self._readers = readers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request: Request = environ[REQUEST]
        if _is_decisive(request, environ) is self._decisive:
            environ[REQUEST] = request = self._completed(request, environ)
            _describe(environ, request)
        return self._app(environ, start_response)

    def _completed(self, request: Request, environ: Environ) -> Request:
        """
        :raises Refusal: if the body is not whole, too large, not strict JSON, or misleading; or if
            too many others are being read.
        """
        if request.operation.public:  # whoever asks could make a thread wait for a body forever
            return request
        read = partial(body.read, environ, request.operation.body, self._limits.max_body_bytes)
        if body.is_declared(environ):
            content = self._readers.read(body.length_of(environ), read)
        else:
            content = read()
        if content is None:
            return request
        if not content:  # an empty one says nothing that could be misread: the service answers it
            return dataclasses.replace(request, body=content)
        document = strict_json.loads(content, self._limits.max_json_depth)
        self._service.check_body(request.operation, document)
        return dataclasses.replace(request, body=content, document=document)


def _is_decisive(request: Request, environ: Environ) -> bool:
    attributes = request.operation.body_attributes
    if not attributes:
        return False
    snapshot: Snapshot = environ[SNAPSHOT]
    return snapshot.looks_at(request.operation.rule, attributes)


def _describe(environ: Environ, request: Request) -> None:
    """Make the environ say of the body what is true of the one that was read."""
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
        environ.pop(name, None)
    if request.operation.body is not BodyRule.NONE:
        environ["CONTENT_TYPE"] = "application/json"
        environ["CONTENT_LENGTH"] = str(len(request.body or b""))
    environ["wsgi.input"] = io.BytesIO(request.body or b"")
    environ["wsgi.input_terminated"] = True
