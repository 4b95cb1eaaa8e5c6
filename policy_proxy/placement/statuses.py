"""What each error status is called and how it is explained: never in upstream's own words.

The titles and explanations are those of `webob.exc` 1.8, which Placement's answers are made with;
where WebOb would put the client's method or header into them, they do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple


class Status(NamedTuple):
    """`reason` is said when nothing more exact may be."""

    title: str
    explanation: str
    reason: str


_REFUSED = "The service refused the request; its reason is in the log under this request id."
_FAILED = "The service failed; the cause is in the log under this request id."

STATUSES: Mapping[int, Status] = {
    400: Status(
        "Bad Request",
        "The server could not comply with the request since it is either malformed or otherwise "
        "incorrect.",
        _REFUSED,
    ),
    401: Status(
        "Unauthorized",
        "This server could not verify that you are authorized to access the document you "
        "requested. Either you supplied the wrong credentials (e.g., bad password), or your "
        "browser does not understand how to supply the credentials required.",
        "The request you have made requires authentication.",
    ),
    403: Status(
        "Forbidden",
        "Access was denied to this resource.",
        "Policy does not allow this operation to be performed.",
    ),
    404: Status(
        "Not Found",
        "The resource could not be found.",
        "There is no such resource at this microversion.",
    ),
    405: Status(
        "Method Not Allowed",
        "The method is not allowed for this resource.",
        "The method specified is not allowed for this resource.",
    ),
    406: Status(
        "Not Acceptable",
        "The resource could not be generated that was acceptable to your browser.",
        "Only application/json is provided",
    ),
    408: Status(
        "Request Timeout",
        "The server has waited too long for the request to be sent by the client.",
        "Send the request again.",
    ),
    409: Status(
        "Conflict",
        "There was a conflict when trying to complete your request.",
        _REFUSED,
    ),
    411: Status("Length Required", "Content-Length header required.", _REFUSED),
    413: Status(
        "Request Entity Too Large",
        "The body of your request was too large for this server.",
        "Send less in one request.",
    ),
    414: Status(
        "Request-URI Too Long",
        "The request URI was too long for this server.",
        "Ask for less in one request.",
    ),
    415: Status(
        "Unsupported Media Type",
        "The request media type is not supported by this server.",
        "The media type is not supported, use application/json",
    ),
    429: Status(
        "Too Many Requests",
        "The client has sent too many requests in a given amount of time",
        "Send the request again later.",
    ),
    431: Status(
        "Request Header Fields Too Large",
        "The request header fields were too large",
        _REFUSED,
    ),
    500: Status(
        "Internal Server Error",
        "The server has either erred or is incapable of performing the requested operation.",
        _FAILED,
    ),
    501: Status("Not Implemented", "The request method is not implemented.", _FAILED),
    502: Status("Bad Gateway", "Bad gateway.", "The service gave no valid answer."),
    503: Status(
        "Service Unavailable",
        "The server is currently unavailable. Please try again at a later time.",
        "A service that this one needs does not answer.",
    ),
    504: Status(
        "Gateway Timeout", "The gateway has timed out.", "The service did not answer in time."
    ),
}

_OTHER_REFUSAL = Status("Client Error", "The server refused the request.", _REFUSED)
_OTHER_FAILURE = Status("Server Error", "The server failed to perform the request.", _FAILED)


def status_of(number: int) -> Status:
    """The words for a status; any number has some."""
    failed = number >= HTTPStatus.INTERNAL_SERVER_ERROR
    return STATUSES.get(number, _OTHER_FAILURE if failed else _OTHER_REFUSAL)
