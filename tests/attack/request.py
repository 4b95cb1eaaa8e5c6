"""The bytes of a case's request, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from attack.case import UUID, Case, bytes_of

_CLOSE = b"Connection: close"


def request_of(case: Case, tokens: Mapping[str, str]) -> bytes:
    """The whole request.

    `raw` is all of it. Otherwise it is made of `method`, `target`, `version`, `headers` (raw lines)
    and `body`; a Host, the token, a microversion, `Connection: close` and the framing of the body
    are added where the case does not name them itself, or nothing is if it says `only`.

    :param tokens: what `<admin>` and the like stand for. `<uuid>` is a UUID.
    """
    sent = case.sent
    if "raw" in sent:
        return _filled(bytes_of(sent["raw"]), tokens)
    body = bytes_of(sent["body"]) if "body" in sent else None
    method = bytes_of(sent.get("method", "GET" if body is None else "POST"))
    target = bytes_of(sent.get("target", "/resource_providers"))
    lines = [bytes_of(line) for line in sent.get("headers", ())]
    if not sent.get("only"):
        lines += _added(lines, body, tokens.get(case.who, ""))
    version = bytes_of(sent.get("version", "HTTP/1.1"))
    head = b"\r\n".join([b" ".join([method, target, version]), *lines])
    return _filled(head + b"\r\n\r\n" + (body or b""), tokens)


def _added(lines: list[bytes], body: bytes | None, token: str) -> list[bytes]:
    given = {line.partition(b":")[0].strip().lower() for line in lines}
    framed = given & {b"content-length", b"transfer-encoding"}
    wanted = {
        b"host": b"Host: placement.example.org",
        b"x-auth-token": b"X-Auth-Token: " + token.encode() if token else b"",
        b"openstack-api-version": b"OpenStack-API-Version: placement 1.39",
        b"content-type": b"Content-Type: application/json" if body is not None else b"",
        b"connection": _CLOSE,
    }
    if body is not None and not framed:
        wanted[b"content-length"] = b"Content-Length: %d" % len(body)
    return [line for name, line in wanted.items() if line and name not in given]


def _filled(text: bytes, tokens: Mapping[str, str]) -> bytes:
    for name, value in {**tokens, "uuid": UUID}.items():
        text = text.replace(f"<{name}>".encode(), value.encode())
    return text


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as a client reads it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("x-openstack-request-id", "")

    @property
    def key(self) -> tuple[str, int]:
        return self.request_id, self.status

    @property
    def is_ours(self) -> bool:
        """Whether the proxy made or passed on this answer, and not the server alone."""
        return self.request_id.startswith("req-")

    @property
    def document(self) -> Any:
        return json.loads(self.body)


_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*(?:\r\n((?:[^\r\n]+\r\n)*)\r\n)?")


def answers_in(heard: bytes, *, to_head: bool = False) -> Iterator[Answered]:
    """The answers of a connection, in their order, without those that only tell to go on.

    :param to_head: whether the answers have no bodies.
    """
    while found := _HEAD.match(heard):
        status = int(found[1])
        lines = [line.partition(":") for line in (found[2] or b"").decode("latin-1").splitlines()]
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        heard = heard[found.end() :]
        body, heard = _body(heard, headers, none=to_head or status in (100, 204, 304))
        if status != 100:  # "go on" (RFC 9110, section 15.2.1)
            yield Answered(status, headers, body)


def _body(heard: bytes, headers: Mapping[str, str], *, none: bool) -> tuple[bytes, bytes]:
    if none:
        return b"", heard
    if headers.get("transfer-encoding") == "chunked":
        return _chunks(heard)
    if "content-length" in headers:
        length = int(headers["content-length"])
        return heard[:length], heard[length:]
    return heard, b""


def _chunks(heard: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, heard = heard.partition(b"\r\n")
        length = int(size.partition(b";")[0] or b"0", 16)
        if not length:
            return body, heard.partition(b"\r\n")[2]
        body, heard = body + heard[:length], heard[length + 2 :]
