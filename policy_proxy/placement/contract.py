"""The error contract of Placement: rebuilds an error from what may be said, and nothing else.

The shape and the words that clients depend on survive: status, title, code, Placement's fixed
sentences and whatever the client itself sent. Exception text, SQL, schemas, policy rules, the
generations and names of others do not, because nothing of upstream's text is ever passed on.
docs/errors.md says which client reads what.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from policy_proxy.model import PublicError, Request, UpstreamError
from policy_proxy.placement.rebuild import rebuilt_sentence
from policy_proxy.placement.schema_errors import rebuilt_failure
from policy_proxy.placement.statuses import Status, status_of

DEFAULT_CODE = "placement.undefined_code"
# placement/errors.py: once there, a code never changes its meaning.
CODES = frozenset(
    {
        DEFAULT_CODE,
        "placement.concurrent_update",
        "placement.duplicate_name",
        "placement.inventory.inuse",
        "placement.query.bad_value",
        "placement.query.duplicate_key",
        "placement.query.missing_value",
        "placement.resource_provider.cannot_delete_parent",
        "placement.resource_provider.inuse",
        "placement.resource_provider.not_found",
    }
)

_BODY_AT_MOST = 256 * 1024  # bytes; Placement's own are a few KiB
_DETAIL_AT_MOST = 2048  # bytes of UTF-8
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,4}")
# Answers whose text depends on the inside only: one sentence for each of these statuses.
_UNTOLD = frozenset({401, 403})
_INVALID_BODY = "JSON does not validate: "
_INVALID_QUERY = "Invalid query string parameters: "


def public_error(error: UpstreamError, request: Request | None) -> PublicError:
    """What the client may know of an error of Placement, or of the server that runs it.

    :param error: status and body as received. The body may be anything; what is not an error of
        Placement's own shape, or is larger than 256 KiB, counts as empty.
    :param request: what was forwarded. Without it, no value is put back into the sentences.
    """
    fields = _first_error(error.body)
    status = status_of(error.status)
    negotiating = error.status == HTTPStatus.NOT_ACCEPTABLE
    return PublicError(
        status=error.status,
        title=status.title,
        detail=_detail(status, _sentence(error.status, fields, request)),
        code=_one_of_ours(fields.get("code")),
        min_version=_version(fields.get("min_version")) if negotiating else "",
        max_version=_version(fields.get("max_version")) if negotiating else "",
    )


def _first_error(body: bytes) -> dict[str, Any]:
    """`errors[0]` of a body in Placement's shape, otherwise nothing."""
    if len(body) > _BODY_AT_MOST:
        return {}
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        return {}
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return first if isinstance(first, dict) else {}


def _one_of_ours(code: Any) -> str:
    return code if isinstance(code, str) and code in CODES else DEFAULT_CODE


def _version(value: Any) -> str:
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else ""


def _sentence(status: int, fields: dict[str, Any], request: Request | None) -> str | None:
    """Upstream's sentence made anew, if this status has one and it is known."""
    detail = fields.get("detail")
    untold = status in _UNTOLD or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if untold or not isinstance(detail, str):
        return None
    explanation, blank_line, text = detail.partition("\n\n")
    text = (text if blank_line else explanation).removeprefix(" ").removesuffix("  ")
    return _invalid(text, request) or rebuilt_sentence(text, request)


def _invalid(text: str, request: Request | None) -> str | None:
    """What a failed JSON schema has to say, made anew."""
    if request is None:
        return None
    if text.startswith(_INVALID_QUERY):
        prefix, documents = _INVALID_QUERY, [dict(request.query)]
    elif text.startswith(_INVALID_BODY):
        # PUT /resource_classes/{name} validates an object made of the path's parameter.
        prefix, documents = _INVALID_BODY, [request.document, dict(request.params)]
    else:
        return None
    failure = rebuilt_failure(text.removeprefix(prefix), documents)
    return failure and prefix + failure


def _detail(status: Status, sentence: str | None) -> str:
    """WebOb's form: the explanation, an empty line, the sentence between blanks.

    osc-placement shows the last line, so a sentence is one line of printable characters.
    """
    line = "".join(filter(str.isprintable, sentence or status.reason))
    start, end = f"{status.explanation}\n\n ", "  "
    room = _DETAIL_AT_MOST - len(start) - len(end)
    return start + line.encode()[:room].decode(errors="ignore") + end
