"""Answers of a real Placement, with the requests that led to them, as the contract gets them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from policy_proxy.model import Operation, PublicError, Request, UpstreamError
from policy_proxy.placement.contract import public_error
from policy_proxy.placement.operations import OPERATIONS

DATA = Path(__file__).parent / "data" / "placement-errors.jsonl"
ROWS: list[dict[str, Any]] = [
    row
    for row in map(json.loads, DATA.read_text(encoding="utf-8").splitlines())
    if row["response"]["status"] >= 400
]


def row_named(name: str) -> dict[str, Any]:
    return next(row for row in ROWS if row["name"] == name)


def request_of(row: dict[str, Any]) -> Request:
    """What admission would have made of the captured request (most of them it would refuse)."""
    sent = row["request"]
    path, _, query = sent["path"].partition("?")
    operation, params = _matched(sent["method"], path)
    return Request(
        operation=operation,
        method=sent["method"],
        path=path,
        params=params,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        microversion=sent["headers"].get("OpenStack-API-Version", "").removeprefix("placement "),
        document=_document(sent["body"]),
    )


def upstream_of(row: dict[str, Any]) -> UpstreamError:
    answer = row["response"]
    body = answer["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return UpstreamError(answer["status"], answer["headers"].get("content-type", ""), text.encode())


def public_of(row: dict[str, Any]) -> PublicError:
    return public_error(upstream_of(row), request_of(row))


def sentence_of(detail: str) -> str:
    """What follows the explanation of the status."""
    return detail.partition("\n\n")[2].strip()


def _matched(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for operation in OPERATIONS:
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", operation.template)
        match = re.fullmatch(pattern, path)
        if match and operation.method == method:
            return operation, {name: unquote(text) for name, text in match.groupdict().items()}
    return Operation(rule="", method=method, template=path), {}


def _document(body: Any) -> Any:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return None
