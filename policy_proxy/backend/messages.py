"""What goes to the backend and what comes back, as values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from policy_proxy.model import Headers


class Outbound(NamedTuple):
    """A request as the backend shall get it.

    :param method: GET, POST, PUT, PATCH or DELETE.
    :param target: path and query, encoded, starting with `/`; sent verbatim after the path of the
        base URL.
    :param headers: every header that is sent, except Host and Content-Length, which are ours.
    :param body: None for no body; PUT, POST and PATCH then carry an empty one.
    """

    method: str
    target: str
    headers: Headers
    body: bytes | None = None

    def __repr__(self) -> str:
        """Without what may be secret."""
        return f"Outbound(method={self.method!r}, target={self.target!r})"


class Answer(NamedTuple):
    """The backend's answer.

    :param headers: in the backend's order, names in lower case, without hop-by-hop headers and
        Content-Length: the framing of what the client gets is not the backend's.
    :param body: to be read once, by one thread at a time. Raises `errors.AnswerBroken` when an
        answer too large to be verified beforehand breaks off.
    :param length: bytes in `body`; None for the statuses that never have one (204, 304).
    """

    status: int
    headers: Headers
    body: Iterable[bytes]
    length: int | None

    def close(self) -> None:
        """Give up what was not read. Closes the connection to the backend if that is anything."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()
