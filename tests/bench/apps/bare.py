"""Only forwards, with pycurl: the floor of a Python proxy on granian. It looks at nothing.

Each thread has one handle on one kept connection. The backend's URL is BENCH_BACKEND. With
BENCH_ONE_CORE all threads keep to one core.
"""

from __future__ import annotations

import os
import threading
from io import BytesIO

import pycurl

from policy_proxy.cores import Cores, OnOneCore

BACKEND = os.environ["BENCH_BACKEND"]
_HEADERS = {
    "HTTP_X_AUTH_TOKEN": "X-Auth-Token",
    "HTTP_OPENSTACK_API_VERSION": "OpenStack-API-Version",
    "HTTP_ACCEPT": "Accept",
    "CONTENT_TYPE": "Content-Type",
}
_DROPPED = {b"connection", b"transfer-encoding", b"server", b"date"}
_local = threading.local()


class _Exchange:
    """A thread's handle, and what it has heard of the answer under way."""

    def __init__(self):
        self.head = []
        self.pieces = []
        self.curl = pycurl.Curl()

    def perform(self, method, url, headers, body):
        self.head.clear()
        self.pieces.clear()
        curl = self.curl
        curl.reset()  # keeps the connection
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTPHEADER, headers)
        curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
        curl.setopt(pycurl.WRITEFUNCTION, self.pieces.append)
        if method != "GET":
            curl.setopt(pycurl.CUSTOMREQUEST, method)
        if body:
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.INFILESIZE, len(body))
            curl.setopt(pycurl.READFUNCTION, BytesIO(body).read)
        curl.perform()


def forwarded(environ, start_response):
    try:
        exchange = _local.exchange
    except AttributeError:
        exchange = _local.exchange = _Exchange()
    query = environ["QUERY_STRING"]
    url = BACKEND + environ["PATH_INFO"] + (f"?{query}" if query else "")
    headers = [f"{name}: {environ[key]}" for key, name in _HEADERS.items() if key in environ]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    exchange.perform(environ["REQUEST_METHOD"], url, [*headers, "Expect:"], body)
    start_response(*_started(exchange.head))
    return [b"".join(exchange.pieces)]


def _started(lines):
    """Status and headers of the last head, as WSGI wants them."""
    status = lines[0].decode("latin-1").split(" ", 1)[1].strip()
    headers = []
    for line in lines[1:]:
        name, separator, value = line.partition(b":")
        if separator and name.lower() not in _DROPPED:
            headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return status, headers


def _bound(app):
    core = Cores().of(0) if os.environ.get("BENCH_ONE_CORE") else None
    return app if core is None else OnOneCore(app, core)


application = _bound(forwarded)
