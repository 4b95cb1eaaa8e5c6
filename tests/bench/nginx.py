"""nginx with a configuration made for one purpose."""

from __future__ import annotations

import os
from pathlib import Path

from bench import system
from policy_proxy.embedded.processes import Child, Children

# One worker process, as every candidate has one. Connections are kept, and nothing is logged.
_MAIN = """\
daemon off;
worker_processes 1;
{user}
pid {folder}/{name}.pid;
error_log stderr warn;
{modules}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_max_body_size 0;
    client_body_buffer_size 4m;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi;
    uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_read_timeout 300s;
{http}
}}
"""


def upstream(name: str, url: str) -> str:
    """An upstream with kept connections: https://nginx.org/en/docs/http/ngx_http_upstream_module.html
    (`keepalive`).
    """
    server = url.removeprefix("http://")
    limits = "keepalive 256; keepalive_requests 1000000000; keepalive_timeout 300s;"
    return f"    upstream {name} {{ server {server}; {limits} }}\n"


def start(
    children: Children, folder: Path, name: str, http: str, *, modules: tuple[Path, ...] = ()
) -> Child:
    """Start nginx with these lines in its `http` block."""
    path = folder / f"{name}.conf"
    text = _MAIN.format(
        folder=folder,
        name=name,
        user="user root;" if os.geteuid() == 0 else "",
        modules="".join(f"load_module {module};\n" for module in modules),
        http=http,
    )
    path.write_text(text, encoding="utf-8")
    command = [system.program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(path)]
    return children.start(name, command, folder / f"{name}.log", {})
