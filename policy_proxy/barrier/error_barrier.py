"""No error passes here as it is: each is rebuilt from what may be said, and logged as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import webob.exc

from policy_proxy.barrier import headers as header_rules
from policy_proxy.barrier import rendering
from policy_proxy.errors import AnswerBroken, Failed, Internal, Refusal
from policy_proxy.model import (
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    TOKENS_SENT,
    Environ,
    Headers,
    Identity,
    PublicError,
    Service,
    StartResponse,
    UpstreamError,
    WSGIApp,
)

_LOG = logging.getLogger(__name__)
_READ_AT_MOST = 64 * 1024
_INTERNAL = "The proxy failed while handling this request. Quote the request id to its operator."


class ErrorBarrier:
    """Rebuild every answer of 400 and above, whoever made it.

    What a client sees is a status, a title, a code, a sentence and the request id. What the
    operator sees in the log, under the same id, is the traceback or the original body.

    :param shown: the response headers of a success that go out.
    """

    def __init__(
        self, app: WSGIApp, service: Service, shown: frozenset[str] = header_rules.SUCCESS
    ) -> None:
        self._app = app
        self._service = service
        self._shown = shown

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, headers, body = _called(self._app, environ)
            code = int(status.split(" ", 1)[0])
            if code < webob.exc.HTTPBadRequest.code:
                start_response(status, list(header_rules.passed_on(headers, self._shown)))
                return _watched(body, environ[REQUEST_ID])
            error = self._rebuilt(environ, code, headers, body)
            kept = header_rules.passed_on(headers, header_rules.ERROR)
        except Refusal as refusal:
            _log_refusal(refusal, environ[REQUEST_ID])
            error = rendering.refusal_as_error(refusal, self._service.default_code)
            kept = refusal.headers
        except Exception:  # noqa: BLE001  whatever it is, the client must not see it
            _LOG.exception("%s unexpected failure", environ[REQUEST_ID])
            error = rendering.refusal_as_error(Internal(_INTERNAL), self._service.default_code)
            kept = ()
        return self._send(environ, start_response, error, kept)

    def _rebuilt(
        self,
        environ: Environ,
        status: int,
        headers: list[tuple[str, str]],
        body: Iterable[bytes],
    ) -> PublicError:
        content_type = {name.lower(): value for name, value in headers}.get("content-type")
        original = UpstreamError(status, content_type or "", _head_of(body))
        _LOG.log(
            logging.ERROR if status >= webob.exc.HTTPServerError.code else logging.INFO,
            "%s the service answered %d; its own words: %r",
            environ[REQUEST_ID],
            status,
            _without_tokens(original.body, _tokens(environ)),
        )
        return self._service.public_error(original, environ.get(REQUEST))

    def _send(
        self, environ: Environ, start_response: StartResponse, error: PublicError, kept: Headers
    ) -> Iterable[bytes]:
        response = rendering.response(error, environ[REQUEST_ID], kept)
        if environ["REQUEST_METHOD"] == "HEAD":
            response.body = b""
        start_response(response.status, response.headerlist)
        return [response.body]


def _called(app: WSGIApp, environ: Environ) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    """Call an application, and hold back how it starts its answer.

    PEP 3333 lets it start with the first piece of its body only, and `write` pieces before: then
    the whole body is collected.
    """
    started: list[Any] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        del exc_info
        started[:] = status, headers
        return written.append

    body = app(environ, start)
    if written or not started:
        try:
            written.extend(body)
        finally:
            _close(body)
        body = written
    status, headers = started
    return status, headers, body


def _head_of(body: Iterable[bytes]) -> bytes:
    """The first bytes of an error's body; an endless one is not worth waiting for."""
    collected = bytearray()
    try:
        for chunk in body:
            collected += chunk
            if len(collected) >= _READ_AT_MOST:
                break
    finally:
        _close(body)
    return bytes(collected[:_READ_AT_MOST])


def _tokens(environ: Environ) -> Iterator[str]:
    """Those that went out, and the caller's own, which may stand in what was asked."""
    yield from environ.get(TOKENS_SENT, ())
    who: Identity | None = environ.get(IDENTITY)
    if who is not None:
        yield from filter(None, (who.token, who.service_token))


def _without_tokens(body: bytes, tokens: Iterable[str]) -> bytes:
    """Servers repeat a request that they do not like, and the log is no place for its tokens."""
    for token in tokens:
        body = body.replace(token.rstrip("=").encode(), b"(a token)")  # `%3D` where it is encoded
    return body


def _watched(body: Iterable[bytes], request_id: str) -> Iterable[bytes]:
    """A complete body goes out as it is; of a streamed one, a failure is logged as it breaks."""
    return body if isinstance(body, list) else _Streamed(body, request_id)


class _Streamed:
    """Passes on a streamed body. An error in it must break the connection, so it goes on up."""

    def __init__(self, body: Iterable[bytes], request_id: str) -> None:
        self._body = body
        self._request_id = request_id

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except AnswerBroken as error:
            _LOG.error("%s the answer broke off: %s", self._request_id, error)
            raise
        except Exception:  # the status is out: it can only be logged, and break the connection
            _LOG.exception("%s unexpected failure while answering", self._request_id)
            raise

    def close(self) -> None:
        _close(self._body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _log_refusal(refusal: Refusal, request_id: str) -> None:
    _LOG.log(
        logging.ERROR if isinstance(refusal, Failed) else logging.INFO,
        "%s %d %s",
        request_id,
        refusal.status,
        refusal.private or refusal.detail,
        exc_info=refusal.__cause__ if isinstance(refusal, Failed) else None,
    )
