"""Every server by the name that `--server` takes."""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.cli.servers import (
    apache,
    caddy,
    envoy,
    gunicorn,
    haproxy,
    in_process,
    nginx,
    serve,
    traefik,
    uwsgi,
    waitress,
)
from policy_proxy.cli.servers.rule import Server

SERVERS: Mapping[str, Server] = {
    "apache": apache.SERVER,
    "caddy": caddy.SERVER,
    "envoy": envoy.SERVER,
    "granian": serve.SERVER,
    "gunicorn": gunicorn.SERVER,
    "haproxy": haproxy.SERVER,
    "in-process": in_process.SERVER,
    "nginx": nginx.SERVER,
    "serve": serve.SERVER,
    "traefik": traefik.SERVER,
    "uwsgi": uwsgi.SERVER,
    "waitress": waitress.SERVER,
}
