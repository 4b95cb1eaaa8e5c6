"""The chain in front of a Keystone that answers whatever it is told to."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import webob

from harness.keystone import Keystone
from harness.proxy import PROXY_USER, SERVICE_GRANT, Proxy, configuration
from harness.secrets import folder_searched, made
from harness.server import serving
from integration.raw_backend import RawBackend, placement

OPERATION = "/usages?project_id=alpha"
"""Allowed to whoever has the role `reader` on the project alpha."""
NOT_OURS = {200, 401, 403, 503}


class Liar(Keystone):
    """Says of every token that begins with `fuzz` what `answer` holds."""

    answer = b"{}"
    status = 200

    def _validate(self, request: webob.Request) -> webob.Response:
        subject = request.headers.get("X-Subject-Token", "")
        if subject.startswith("fuzz"):
            return webob.Response(
                body=self.answer,
                status=self.status,
                content_type="application/json",
                headerlist=[("X-Subject-Token", subject)],
            )
        return super()._validate(request)


@contextmanager
def tokens_checked() -> Iterator[Callable[[Any], None]]:
    password = made()
    keystone = Liar({PROXY_USER: (password, SERVICE_GRANT)})
    with (
        folder_searched() as folder,
        serving(keystone) as url,
        RawBackend(placement) as backend,
    ):
        path = configuration(folder, backend=backend.url, keystone=url, password=password)
        proxies = [Proxy.built(path, keystone)]

        def check(answer: bytes) -> None:
            keystone.answer = answer
            token = {"X-Auth-Token": f"fuzz{secrets.token_hex(16)}"}
            status = proxies[-1].ask("GET", OPERATION, grant=None, headers=token).status_code
            if status == 503:  # the same one would not ask Keystone again for a moment
                proxies.pop().app.close()
                proxies.append(Proxy.built(path, keystone))
            assert status in NOT_OURS, status
            assert status != 200 or _is_reader(answer), "let in without the role or the project"

        try:
            yield check
        finally:
            proxies[-1].app.close()


def _is_reader(answer: bytes) -> bool:
    token = json.loads(answer.decode(errors="replace"))["token"]
    return token["project"]["id"] == "alpha" and any(
        str(role["name"]).lower() in ("reader", "member", "admin") for role in token["roles"]
    )
