"""nginx in front of the backend: by itself, or with `auth_request` to an authorizer.

https://nginx.org/en/docs/http/ngx_http_auth_request_module.html
"""

from __future__ import annotations

from bench import nginx
from bench.candidates import stock
from bench.processes import Running
from bench.world import World
from policy_proxy.embedded import ports
from policy_proxy.embedded.processes import Child

_ASK = """
        auth_request /authorized;"""
_ASKED = """
        location = /authorized {
            internal;
            proxy_pass http://authorizer/;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
        }"""
_SERVER = """{upstreams}
    server {{
        listen {host}:{port} backlog=4096;
        location / {{{ask}
            proxy_pass http://backend;
        }}
        location = /healthcheck {{ return 200 ''; }}{asked}
    }}"""


def plain(world: World) -> Running:
    """A C proxy that authorizes nothing: the bound of a loopback hop."""
    return _start(world, "nginx-plain", "", ())


def with_stock(world: World) -> Running:
    """nginx that asks the stock authorizer before it forwards."""
    url, child = stock.authorizer(world, "nginx-stock")
    return _start(world, "nginx-stock", url, (child,))


def _start(world: World, name: str, authorizer: str, others: tuple[Child, ...]) -> Running:
    port = ports.free()
    upstreams = nginx.upstream("backend", world.backend)
    if authorizer:
        upstreams += nginx.upstream("authorizer", authorizer)
    http = _SERVER.format(
        upstreams=upstreams,
        host=ports.LOOPBACK,
        port=port,
        ask=_ASK if authorizer else "",
        asked=_ASKED if authorizer else "",
    )
    child = nginx.start(world.children, world.folder, name, http)
    behind = tuple(f"{authorizer}/healthcheck" for _ in others)
    return Running(f"http://{ports.LOOPBACK}:{port}", (*others, child), behind=behind)
