"""Which answers of the backend can be the service's: any other is not passed on."""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.backend.messages import Answer
from policy_proxy.errors import BackendFailed

_UNUSABLE = "The service behind this proxy gave an answer that cannot be used."
_SUCCESSES = frozenset({200, 201, 202, 204})
_ERRORS = 400


def check(answer: Answer, named: Mapping[str, str]) -> None:
    """Let pass a success without a body or with one in plain JSON, and whatever is an error: that
    is rebuilt.

    :param named: the answer's headers; of several of one name the last.
    :raises BackendFailed: for a redirect, another status, another type, or a coded body.
    """
    if answer.status >= _ERRORS:
        return
    if answer.status not in _SUCCESSES:
        raise _unusable(f"with status {answer.status}")
    if not answer.length:
        return
    content_type = named.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise _unusable(f"with content of type {content_type!r}")
    coding = named.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise _unusable(f"with content coded as {coding!r}, which nobody asked for")


def _unusable(how: str) -> BackendFailed:
    return BackendFailed(_UNUSABLE, private=f"the backend answered {how}")
