"""The chain of an authorizer in this process, asked as each of the front ends asks."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import webob

from harness.keystone import Grant, Keystone
from harness.proxy import ADMIN
from policy_proxy import chain, config
from policy_proxy.placement.service import SERVICE

SAYS = {
    "nginx": ("X-Original-Method", "X-Original-URI"),
    "caddy": ("X-Forwarded-Method", "X-Forwarded-Uri"),
    "traefik": ("X-Forwarded-Method", "X-Forwarded-Uri"),
}


def section(front_end: str, **more: str) -> str:
    """The section `[authorizer]`."""
    lines = [f"{name} = {value}" for name, value in {"front_end": front_end, **more}.items()]
    return "\n".join(["[authorizer]", *lines])


@dataclass(slots=True)
class Authorizer:
    """The chain, and what it leaves behind."""

    app: chain.Chain
    keystone: Keystone
    folder: Path
    front_end: str
    sent: int = field(default=0)

    @classmethod
    def built(cls, path: Path, keystone: Keystone) -> Authorizer:
        settings = config.load([str(path)], authorizing=True)
        front_end = settings.authorizer.front_end or ""
        return cls(chain.authorizer(settings, SERVICE), keystone, path.parent, front_end)

    def ask(
        self,
        method: str,
        target: str,
        *,
        grant: Grant | None = ADMIN,
        headers: dict[str, str] | None = None,
        environ: dict[str, Any] | None = None,
    ) -> webob.Response:
        """Ask as the front end would about a request with this method, target and header.

        :param environ: what the server says otherwise; None takes a key away.
        """
        said = SAYS.get(self.front_end)
        if said:
            request = webob.Request.blank("/authorize")
            request.headers.update(zip(said, (method, target), strict=True))
        else:
            request = webob.Request.blank(f"/authorize{target}", method=method)
        request.environ["REMOTE_ADDR"] = "127.0.0.1"
        if grant is not None:
            request.headers["X-Auth-Token"] = self.keystone.issue(grant)
        request.headers.update(headers or {})
        request.environ.setdefault("wsgi.input", io.BytesIO())
        raw = {**request.environ, **(environ or {})}
        raw = {name: value for name, value in raw.items() if value is not None}
        self.sent += 1
        answer = webob.Request(raw).get_response(self.app)
        answer.body  # noqa: B018  read to its end, as a front end would
        return answer

    def records(self) -> list[dict[str, Any]]:
        """The audit records so far."""
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]
