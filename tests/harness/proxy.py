"""The whole chain in this process, over a Keystone for tests and a backend that records."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import webob

from harness import caches
from harness.keystone import Grant, Keystone
from policy_proxy import chain, config
from policy_proxy.placement.service import SERVICE

PROXY_USER = "placement-proxy"
ADMIN = Grant("admin-user", ("admin", "member", "reader"), "admin-project")
READER = Grant("reader-user", ("reader",), "alpha")
SERVICE_GRANT = Grant(PROXY_USER, ("service",), "service")

CONFIGURATION = """
[backend]
url = {backend}
connect_timeout = 1
read_timeout = 2
total_timeout = 4
{backend_options}
[audit]
file = {folder}/audit.jsonl
[health]
interval = 3600
[server]
log_level = debug
[oslo_policy]
policy_file = {folder}/policy.yaml
[keystone_authtoken]
auth_type = password
auth_url = {keystone}/v3
www_authenticate_uri = http://keystone.example/v3
username = {user}
password = {password}
project_name = service
user_domain_name = Default
project_domain_name = Default
http_connect_timeout = 2
{options}
"""


def configuration(folder: Path, *, backend: str, keystone: str, password: str, **more: str) -> Path:
    """Write a configuration and, unless there is one, a policy that keeps the defaults."""
    path = folder / "policy-proxy.conf"
    parts = {"options": "", "backend_options": ""} | more
    text = CONFIGURATION.format(
        backend=backend,
        keystone=keystone,
        folder=folder,
        user=PROXY_USER,
        password=password,
        **parts,
    )
    path.write_text(caches.chosen(text))
    policy = folder / "policy.yaml"
    if not policy.exists():
        policy.write_text("{}\n")
    return path


@dataclass(slots=True)
class Proxy:
    """The chain, and what it leaves behind."""

    app: chain.Chain
    keystone: Keystone
    folder: Path
    sent: int = field(default=0)

    @classmethod
    def built(cls, path: Path, keystone: Keystone) -> Proxy:
        return cls(chain.proxy(config.load([str(path)]), SERVICE), keystone, path.parent)

    def ask(
        self,
        method: str,
        target: str,
        *,
        grant: Grant | None = ADMIN,
        headers: dict[str, str] | None = None,
        document: Any = None,
        environ: dict[str, Any] | None = None,
    ) -> webob.Response:
        """Send one request as a WSGI server would hand it on, and read the whole answer."""
        request = webob.Request.blank(target, method=method)
        if grant is not None:
            request.headers["X-Auth-Token"] = self.keystone.issue(grant)
        if document is not None:
            request.body = json.dumps(document).encode()
            request.content_type = "application/json"
        request.headers.update(headers or {})
        raw = {**request.environ, "wsgi.input": io.BytesIO(request.body), **(environ or {})}
        answer = webob.Request(raw).get_response(self.app)
        answer.body  # noqa: B018  read to its end, as a client would
        self.sent += 1
        return answer

    def records(self) -> list[dict[str, Any]]:
        """The audit records so far."""
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]
