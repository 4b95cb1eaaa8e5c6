"""One request and its answer on a channel: started, read piece by piece, then over or given up."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable

import pycurl

from policy_proxy import errors
from policy_proxy.backend.channel import Channel
from policy_proxy.backend.head import BROKEN, Head, HeadReader, broken
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

    :param options: libcurl options of this request.
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
        self._reader = HeadReader()
        self._pieces: list[bytes] = []
        self._arrived = 0
        self._body_bytes = 0
        self._failure: errors.Failed | None = None
        self._over = False
        self._easy = pycurl.Curl()
        for option, value in options:
            self._easy.setopt(option, value)
        self._easy.setopt(pycurl.HEADERFUNCTION, self._on_header)
        self._easy.setopt(pycurl.WRITEFUNCTION, self._on_body)
        channel.start(self._easy)

    def head(self) -> Head:
        """Wait for the head of the answer.

        Raises `errors.BackendFailed`, `errors.BackendTimedOut` or `errors.Unavailable`.
        """
        while self._reader.head is None and not self._over:
            self._await_bytes()
        if self._failure is not None or self._reader.head is None:
            raise self._failure or broken("it has no head")
        return self._reader.head

    def read(self) -> bytes:
        """Wait for more of the body; empty at the end of an answer that is complete.

        Raises as `head` does; then the answer is worth nothing.
        """
        while not self._pieces and not self._over:
            self._await_bytes()
        if self._failure is not None:
            raise self._failure
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece

    def close(self) -> None:
        """Give up: the connection is closed, unless the answer was complete."""
        if not self._over:
            self._end(broken("it was given up"))

    def _await_bytes(self) -> None:
        before = self._arrived
        deadline = time.monotonic() + self._longest_pause
        while True:
            outcome = self._channel.outcome()
            if outcome is not None:
                self._end(self._failure or self._judged(*outcome))
                return
            if self._arrived != before:
                return
            left = deadline - time.monotonic()
            if left <= 0:
                self._end(_silent(self._longest_pause))
                return
            self._channel.turn(left)

    def _judged(self, code: int, words: str) -> errors.Failed | None:
        """libcurl's end is believed only if it is the one that the head declared."""
        head = self._reader.head
        if code != pycurl.E_OK:
            return _translated(code, words, self._easy.getinfo(pycurl.OS_ERRNO))
        if head is not None and head.length not in {None, self._body_bytes}:
            return broken(f"{head.length} bytes were declared, {self._body_bytes} came")
        return None

    def _end(self, failure: errors.Failed | None) -> None:
        """Part with the channel, which may serve another transfer only after a sound answer."""
        head = self._reader.head
        self._over = True
        self._failure = failure
        self._channel.finish(self._easy)
        if failure is None and head is not None and head.ends_clean:
            self._give_back(self._channel)
        else:
            self._channel.close()

    def _on_header(self, line: bytes) -> int | None:
        """An exception cannot pass through libcurl: it is kept, and any number aborts."""
        self._arrived += len(line)
        try:
            self._reader.feed(line)
        except errors.BackendFailed as refused:
            self._failure = refused
            return -1
        return None

    def _on_body(self, piece: bytes) -> None:
        self._arrived += len(piece)
        self._body_bytes += len(piece)
        self._pieces.append(piece)


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
