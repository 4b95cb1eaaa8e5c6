"""Keystone over the client that the backend is reached with, for the libraries that ask Keystone.

They ask through requests, whose timeout is one for each wait: a server that says a byte a second
holds a thread for as long as it likes. Here a call has a total deadline, and an answer a size.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from oslo_config import cfg
from requests.adapters import BaseAdapter

from policy_proxy import errors
from policy_proxy.backend.client import Backend
from policy_proxy.backend.messages import Outbound
from policy_proxy.backend.outgoing import OURS
from policy_proxy.config import authtoken
from policy_proxy.config.backend import BackendSettings
from policy_proxy.model import Headers

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. A token with a large catalogue has some hundred thousand."""
_AT_ONCE = nullcontext()
_NOT_SENT = OURS | {"accept-encoding"}
"""libcurl is told not to decode anything."""


@dataclass(slots=True)
class Calls:
    """What one thread asks for one purpose.

    :param until: when no further call begins, on the monotonic clock.
    :param usable: whether Keystone is, by what others were answered.
    :param status: of the last call's answer; 0 if there was none.
    """

    until: float = math.inf
    usable: Callable[[], bool] = lambda: True
    status: int = 0


class Bounded(BaseAdapter):
    """A transport of requests; any number of threads may share one.

    Certificates are always verified, and there is never a proxy between.

    :param timeout: seconds that one call may take from connecting to the last byte.
    :param tls: `cafile`, `certfile` and `keyfile` by name, None for what is not set.
    """

    def __init__(self, timeout: float, tls: Mapping[str, str | None]) -> None:
        super().__init__()
        self._timeout = timeout
        self._tls = tls
        self._clients: dict[str, Backend] = {}
        self._mine = threading.local()

    @contextmanager
    def within(self, seconds: float, usable: Callable[[], bool]) -> Iterator[Calls]:
        """In this thread no further call begins after so many seconds, or once Keystone is not
        usable.
        """
        calls = self._mine.calls = Calls(time.monotonic() + seconds, usable)
        try:
            yield calls
        finally:
            del self._mine.calls

    def send(
        self,
        request: requests.PreparedRequest,
        *_how: Any,
        **_more: Any,
    ) -> requests.Response:
        """
        :raises requests.ConnectionError: if there is no whole answer.
        :raises requests.Timeout: if there is none in time.
        :raises requests.RequestException: if this call must not begin; it is not tried again.
        """
        calls = getattr(self._mine, "calls", None) or Calls()
        calls.status = 0
        if time.monotonic() >= calls.until or not calls.usable():
            raise requests.RequestException("an earlier call failed or was slow")
        response = self._exchanged(request)
        calls.status = response.status_code
        return response

    def _exchanged(self, request: requests.PreparedRequest) -> requests.Response:
        url = str(request.url)
        parts = urlsplit(url)
        body: Any = request.body.encode() if isinstance(request.body, str) else request.body
        outbound = Outbound(str(request.method), request.path_url, _headers(request), body)
        try:
            answer = self._client(f"{parts.scheme}://{parts.netloc}").exchange(outbound)
            content = b"".join(answer.body)
        except errors.BackendTimedOut as failure:
            raise requests.ReadTimeout(failure.private, request=request) from None
        except (errors.Failed, errors.AnswerBroken) as failure:
            private = getattr(failure, "private", "") or str(failure)
            raise requests.ConnectionError(private, request=request) from None
        return _response(request, url, answer.status, answer.headers, content)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, url: str) -> Backend:
        """Keystone's documents may lead to another address than the one that is configured."""
        client = self._clients.get(url)
        if client is None:
            client = self._clients.setdefault(
                url, Backend(_settings(url, self._timeout, self._tls))
            )
        return client


def session(conf: cfg.ConfigOpts, group: str, bounded: Bounded | None = None) -> Any:
    """A keystoneauth session with the timeout and the TLS options that the section sets.

    :param bounded: its transport, if the caller has one already.
    """
    made = authtoken.session(conf, group)
    mount(made, bounded or transport(conf, group))
    return made


def transport(conf: cfg.ConfigOpts, group: str) -> Bounded:
    """The transport of such a session."""
    section = conf[group]
    tls = {name: section[name] for name in ("cafile", "certfile", "keyfile")}
    return Bounded(authtoken.timeout(conf, group), tls)


def mount(made: Any, bounded: Bounded) -> None:
    """Have a keystoneauth session ask through this transport alone, and at once.

    Its adapters bring a semaphore that reads the wall clock also where no rate is to be kept: once
    that clock is set back to before they were made, it sleeps until then (`_fair_semaphore.py`).
    """
    for scheme in ("http://", "https://"):
        made.session.mount(scheme, bounded)
    request = made.request
    made.request = lambda *what, **more: request(*what, **{**more, "rate_semaphore": _AT_ONCE})


def _headers(request: requests.PreparedRequest) -> Headers:
    pairs = ((_text(name), _text(value)) for name, value in request.headers.items())
    return tuple((name, value) for name, value in pairs if name.lower() not in _NOT_SENT)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(
    request: requests.PreparedRequest, url: str, status: int, headers: Headers, content: bytes
) -> requests.Response:
    response = requests.Response()
    response.request, response.url = request, url
    response.status_code, response.reason = status, ""
    response.headers.update(headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response._content = content  # noqa: SLF001  requests has no other way to make one
    return response


def _settings(url: str, timeout: float, tls: Mapping[str, str | None]) -> BackendSettings:
    return BackendSettings(
        url=url,
        credentials="",
        auth_section="",
        connect_timeout=timeout,
        read_timeout=timeout,
        total_timeout=timeout,
        max_answer_bytes=LARGEST_ANSWER,
        **{"cafile": None, "certfile": None, "keyfile": None, **tls},
    )
