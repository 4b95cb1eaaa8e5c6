"""One request and its answer on a channel: started, read piece by piece, then over or given up."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable

import pycurl

from policy_proxy import errors
from policy_proxy.backend.channel import Channel
from policy_proxy.backend.head import BROKEN, MAX_LINES, Head, broken, final
from policy_proxy.backend.options import Options

UNREACHABLE = "The service behind this proxy cannot be reached."
TIMED_OUT = "The service behind this proxy did not answer in time."
OVERLOADED = "This proxy cannot open another connection; try again shortly."

_NO_CONNECTION = frozenset({
    pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT, pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CIPHER, pycurl.E_SSL_ISSUER_ERROR,
})  # fmt: skip
_NO_DESCRIPTOR = frozenset({0, errno.EMFILE, errno.ENFILE})
"""A connection that could not even be tried leaves libcurl with no error of the system: 0."""

_QUOTED = re.compile(r"['\"(]")
"""Where libcurl may begin to repeat what the backend said, which may be anything, even a token."""


class Transfer:
    """Driven only while `head` or `read` wait, by one thread at a time.

    :param options: libcurl options of this request, all that change from one to the next.
    :param longest_pause: seconds without a byte from the backend, while waited for, that end it.
    :param give_back: gets the channel when the answer is complete and the channel is still good.
    """

    def __init__(
        self,
        channel: Channel,
        options: Options,
        longest_pause: float,
        give_back: Callable[[Channel], None],
    ) -> None:
        self._channel = channel
        self._longest_pause = longest_pause
        self._give_back = give_back
        self._head: Head | None = None
        self._lines = channel.lines
        self._pieces = channel.pieces
        self._body_bytes = 0
        self._failure: errors.Failed | None = None
        self._over = False
        channel.start(options)

    def head(self) -> Head:
        """Wait for the head of the answer.

        Raises `errors.BackendFailed`, `errors.BackendTimedOut` or `errors.Unavailable`.
        """
        if self._lines:  # on a kept connection it may be there before all of the request is gone
            self._understand(None)
        while self._head is None and not self._over:
            self._await_bytes()
        if self._failure is not None or self._head is None:
            raise self._failure or broken("it has no head")
        return self._head

    def read(self) -> bytes:
        """Wait for more of the body; empty at the end of an answer that is complete.

        Raises as `head` does; then the answer is worth nothing.
        """
        while not self._pieces and not self._over:
            self._await_bytes()
        if self._failure is not None:
            raise self._failure
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._body_bytes += len(piece)
        return piece

    def close(self) -> None:
        """Give up: the connection is closed, unless the answer was complete."""
        if not self._over:
            self._end(broken("it was given up"))

    def _await_bytes(self) -> None:
        before = len(self._lines) + len(self._pieces)
        now = time.monotonic()
        deadline = now + self._longest_pause
        while True:
            outcome = self._channel.outcome()
            if outcome is not None or len(self._lines) + len(self._pieces) != before:
                self._understand(outcome)
                return
            if now >= deadline:
                self._end(_silent(self._longest_pause))
                return
            self._channel.turn(now, deadline)
            now = time.monotonic()

    def _understand(self, outcome: tuple[int, str] | None) -> None:
        """What came so far; and the end of it, if that is reached."""
        try:
            if self._head is None or len(self._lines) > MAX_LINES:
                self._head = final(self._lines)
        except errors.BackendFailed as refused:
            self._end(refused)
        else:
            if outcome is not None:
                self._end(self._judged(*outcome))

    def _judged(self, code: int, words: str) -> errors.Failed | None:
        """libcurl's end is believed only if it is the one that the head declared."""
        head = self._head
        if code != pycurl.E_OK:
            return _translated(code, words, self._channel.system_error())
        came = self._body_bytes + sum(map(len, self._pieces))
        if head is not None and head.length not in {None, came}:
            return broken(f"{head.length} bytes were declared, {came} came")
        return None

    def _end(self, failure: errors.Failed | None) -> None:
        """Part with the channel, which may serve another transfer only after a sound answer."""
        head = self._head
        self._over = True
        self._failure = failure
        self._pieces = [*self._pieces]  # the channel's own list is for the next transfer
        self._channel.finish()
        if failure is None and head is not None and head.ends_clean:
            self._give_back(self._channel)
        else:
            self._channel.close()


def _silent(seconds: float) -> errors.BackendTimedOut:
    return errors.BackendTimedOut(TIMED_OUT, private=f"the backend sent nothing for {seconds:g} s")


def _translated(code: int, words: str, system_error: int) -> errors.Failed:
    """libcurl's failure as ours. Codes: https://curl.se/libcurl/c/libcurl-errors.html"""
    private = f"libcurl {code}: {words}"
    if code == pycurl.E_COULDNT_CONNECT and system_error in _NO_DESCRIPTOR:
        return errors.Unavailable(OVERLOADED, private=private)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return errors.BackendTimedOut(TIMED_OUT, private=private)
    if code in _NO_CONNECTION:
        return errors.BackendFailed(UNREACHABLE, private=private)
    return errors.BackendFailed(BROKEN, private=_QUOTED.split(private)[0].rstrip(" :"))
