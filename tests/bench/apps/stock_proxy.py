"""The stock proxy: the stock decision, then requests to the backend at BENCH_BACKEND."""

from __future__ import annotations

import os
import threading

import requests

from bench.apps import stock_policy

BACKEND = os.environ["BENCH_BACKEND"]
_CONF = stock_policy.configured()
_POLICY = stock_policy.Policy(_CONF)
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}
_local = threading.local()


def _session():
    """requests' sessions are not for several threads at once."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    return _local.session


def _forward(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if not _POLICY.allows(environ, method, path):
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
    query = environ.get("QUERY_STRING")
    headers = {"X-Auth-Token": environ["HTTP_X_AUTH_TOKEN"]}
    for name in ("OpenStack-API-Version", "Accept"):
        value = environ.get("HTTP_" + name.upper().replace("-", "_"))
        if value:
            headers[name] = value
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    answer = _session().request(
        method,
        BACKEND + path + (f"?{query}" if query else ""),
        headers=headers,
        data=environ["wsgi.input"].read(length) if length else None,
        allow_redirects=False,
        timeout=60,
    )
    kept = [(n, v) for n, v in answer.headers.items() if n.lower() not in _HOP_BY_HOP]
    start_response(f"{answer.status_code} {answer.reason}", kept)
    return [answer.content]


_GUARDED = stock_policy.authenticated(_forward, _CONF)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/healthcheck":
        start_response("200 OK", [("Content-Length", "0")])
        return []
    return _GUARDED(environ, start_response)
