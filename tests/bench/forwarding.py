"""One request: through the whole chain, beside libcurl asking the same backend and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pycurl
import webob

from bench import backend
from bench.measure import Candidate, Comparison
from harness.keystone import Keystone
from harness.proxy import ADMIN, PROXY_USER, SERVICE_GRANT, Proxy, configuration
from harness.server import serving

CALLS = 300
TARGET = "/traits?name=startswith:HW_"


def comparisons(folder: Path) -> Iterator[Comparison]:
    """A GET by a caller whose token is remembered, without a WSGI server on either side.

    :raises AssertionError: if the two do not get the same answer.
    """
    password = secrets.token_urlsafe()
    keystone = Keystone({PROXY_USER: (password, SERVICE_GRANT)})
    with ExitStack() as stack:
        url = stack.enter_context(backend.running())
        keystone_url = stack.enter_context(serving(keystone))
        path = configuration(folder, backend=url, keystone=keystone_url, password=password)
        proxy = Proxy.built(path, keystone)
        stack.callback(proxy.app.close)
        environ = webob.Request.blank(
            TARGET, headers={"X-Auth-Token": keystone.issue(ADMIN)}
        ).environ

        def chain():
            return webob.Request(dict(environ)).call_application(proxy.app)

        libcurl = _Libcurl(url + TARGET)
        status, _, body = chain()
        assert (status, b"".join(body), libcurl()) == ("200 OK", backend.BODY, backend.BODY)
        yield Comparison(
            f"GET /traits, {len(backend.BODY)} bytes of answer",
            Candidate("the whole chain", chain, CALLS),
            Candidate("pycurl alone", libcurl, CALLS),
        )


class _Libcurl:
    """One handle on one kept connection: the least that forwarding can cost."""

    def __init__(self, url: str) -> None:
        self._pieces: list[bytes] = []
        self._curl = pycurl.Curl()
        self._curl.setopt(pycurl.URL, url)
        self._curl.setopt(pycurl.PROXY, "")
        self._curl.setopt(pycurl.WRITEFUNCTION, self._pieces.append)

    def __call__(self) -> bytes:
        self._pieces.clear()
        self._curl.perform()
        return b"".join(self._pieces)
