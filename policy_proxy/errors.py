"""The tree of refusals: what the client may read and, apart, what only the log may.

Refusal
├── Rejected                the request itself cannot be understood or accepted
│   ├── Malformed             400
│   ├── Unauthenticated       401
│   ├── NotFound              404
│   ├── MethodNotAllowed      405  (Allow)
│   ├── NotAcceptable         406
│   ├── LengthRequired        411
│   ├── BodyTooLarge          413
│   ├── TargetTooLong         414
│   ├── UnsupportedMedia      415
│   └── HeadersTooLarge       431
├── Denied                  403: policy said no
└── Failed                  something behind or inside the proxy does not work
    ├── Internal              500
    ├── BackendFailed         502
    ├── Unavailable           503  (Retry-After)
    └── BackendTimedOut       504
ConfigurationError          the service refuses to start
AnswerBroken                an answer broke after its first byte had gone out
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """Ends a request.

    :param detail: one sentence for the client; it must say nothing about the inside.
    :param private: what the operator needs to know; it goes to the log under the request id.
    :param headers: response headers that belong to this refusal.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"
    outcome: ClassVar[str] = "error"

    def __init__(
        self, detail: str, *, private: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.private = private
        self.headers = headers


class Rejected(Refusal):
    outcome = "rejected"


class Malformed(Rejected):
    status, title = 400, "Bad Request"


class Unauthenticated(Rejected):
    status, title = 401, "Unauthorized"


class NotFound(Rejected):
    status, title = 404, "Not Found"


class MethodNotAllowed(Rejected):
    status, title = 405, "Method Not Allowed"


class NotAcceptable(Rejected):
    status, title = 406, "Not Acceptable"


class LengthRequired(Rejected):
    status, title = 411, "Length Required"


class BodyTooLarge(Rejected):
    status, title = 413, "Request Entity Too Large"


class TargetTooLong(Rejected):
    status, title = 414, "Request-URI Too Long"


class UnsupportedMedia(Rejected):
    status, title = 415, "Unsupported Media Type"


class HeadersTooLarge(Rejected):
    status, title = 431, "Request Header Fields Too Large"


class Denied(Refusal):
    status, title, outcome = 403, "Forbidden", "denied"


class Failed(Refusal):
    """Something that the service needs does not work; the client did nothing wrong."""


class Internal(Failed):
    status, title = 500, "Internal Server Error"


class BackendFailed(Failed):
    status, title = 502, "Bad Gateway"


class Unavailable(Failed):
    status, title = 503, "Service Unavailable"


class BackendTimedOut(Failed):
    status, title = 504, "Gateway Timeout"


def beginning_of(error: BaseException) -> BaseException:
    """What an error began with: it says the same as the layers above it, in fewer words.

    What a layer has left out (`from None`) stays out.
    """
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return beginning_of(before) if before else error


class ConfigurationError(Exception):
    """The service cannot start like this.

    :param problems: every problem found, each a sentence with its file, option and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class AnswerBroken(Exception):
    """The backend's answer ended early after its head was passed on; the connection must break."""
