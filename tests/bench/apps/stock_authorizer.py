"""The stock decision alone, for a gateway that asks before it forwards: 200, 401 or 403.

nginx's auth_request says in X-Original-Method and X-Original-URI what it is about; Envoy's
ext_authz sends the method and the path themselves.
"""

from __future__ import annotations

from bench.apps import stock_policy

_CONF = stock_policy.configured()
_POLICY = stock_policy.Policy(_CONF)


def _decide(environ, start_response):
    method = environ.get("HTTP_X_ORIGINAL_METHOD", environ["REQUEST_METHOD"])
    target = environ.get("HTTP_X_ORIGINAL_URI", environ["PATH_INFO"])
    allowed = _POLICY.allows(environ, method, target)
    # 200 for Envoy, to which nothing else is a yes; any 2xx is one to nginx
    start_response("200 OK" if allowed else "403 Forbidden", [("Content-Length", "0")])
    return []


_GUARDED = stock_policy.authenticated(_decide, _CONF)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/healthcheck":
        start_response("200 OK", [("Content-Length", "0")])
        return []
    return _GUARDED(environ, start_response)
