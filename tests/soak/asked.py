"""What a client knows of one request."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum


class Done(Enum):
    """Whether a write happened, as far as its client can know."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


UNANSWERED = 0
"""In the place of a status."""
_MAY_HAVE_HAPPENED = frozenset({UNANSWERED, 500, 502, 504})


@dataclass(slots=True)
class Asked:
    """One request; times are of the monotonic clock, in seconds.

    :param rule: that must decide, as the client knows from what it asks.
    :param target: what the rule must be asked about, as far as the client knows.
    :param error: what went wrong, if there was no answer.
    """

    caller: str
    rule: str
    method: str
    path: str
    target: dict[str, str] = field(default_factory=dict)
    request_id: str = ""
    began: float = 0.0
    ended: float = 0.0
    status: int = UNANSWERED
    error: str = ""

    def __post_init__(self) -> None:
        self.request_id = f"req-{uuid.uuid4()}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def done(self) -> Done:
        """A refusal and 503 promise that nothing happened; after 500, 502 and 504 nobody knows."""
        if 200 <= self.status < 300:
            return Done.YES
        return Done.MAYBE if self.status in _MAY_HAVE_HAPPENED else Done.NO

    @property
    def expected(self) -> bool:
        """Whether it is what a client wants to see when nothing is broken: done, or denied."""
        return self.done is Done.YES or self.status == 403
