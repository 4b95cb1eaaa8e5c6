"""An error as it goes out: always JSON, always in Placement's own shape.

https://docs.openstack.org/api-ref/placement/#errors and the API-SIG's guideline
https://specs.openstack.org/openstack/api-wg/guidelines/errors.html
"""

from __future__ import annotations

from typing import Any

import webob

from policy_proxy.errors import Refusal
from policy_proxy.model import Headers, PublicError


def refusal_as_error(refusal: Refusal, code: str) -> PublicError:
    """What a refusal of ours says in public."""
    return PublicError(status=refusal.status, title=refusal.title, detail=refusal.detail, code=code)


def response(error: PublicError, request_id: str, headers: Headers = ()) -> webob.Response:
    """The whole answer. `headers` are those that belong to the error (Allow, Retry-After, …)."""
    body: dict[str, Any] = {
        "status": error.status,
        "title": error.title,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.min_version and error.max_version:
        body |= {"min_version": error.min_version, "max_version": error.max_version}
    answer = webob.Response(
        status=f"{error.status} {error.title}",
        json_body={"errors": [body]},
        content_type="application/json",
        charset=None,
    )
    answer.headers.extend(headers)
    return answer
