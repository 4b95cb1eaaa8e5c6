"""A libcurl multi handle as a channel to the backend: one transfer at a time, one connection kept.

It is driven through libcurl's event interface (https://curl.se/libcurl/c/curl_multi_socket_action.html)
by whoever wants the next bytes, so nothing is received that nobody asked for. libcurl's own
`select` would do as well if its sets of descriptors did not end at number 1023.
"""

from __future__ import annotations

import math
import select
import time
from collections import deque
from contextlib import suppress

import pycurl

from policy_proxy.backend.head import MAX_LINES
from policy_proxy.backend.options import Options

_INTEREST = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}
_FOUND = {select.POLLIN: pycurl.CSELECT_IN, select.POLLOUT: pycurl.CSELECT_OUT}


class Channel:
    """Used by one thread at a time, not always the same; never shared with a forked process.

    `lines` are those of heads and trailers, `pieces` those of the body, that came so far. libcurl
    calls their methods itself, and what the interpreter runs without a frame of its own is cheap.

    :param fixed: libcurl options of all transfers. Every other option that is ever set must be set
        for each transfer: the handle keeps them.
    """

    def __init__(self, fixed: Options) -> None:
        self.lines: deque[bytes] = deque(maxlen=MAX_LINES + 1)
        self.pieces: list[bytes] = []
        self._poll = select.poll()
        self._quiet = select.poll()
        self._timers: deque[int] = deque(maxlen=1)
        self._due = math.inf
        self._kept = -1
        self._fixed: Options = [
            *fixed,
            (pycurl.HEADERFUNCTION, self.lines.append),
            (pycurl.WRITEFUNCTION, self.pieces.append),
        ]
        self._easy = pycurl.Curl()
        self._set(self._fixed)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._timers.append)

    def start(self, options: Options) -> None:
        """Begin a transfer, without waiting for anything."""
        self._set(options)
        self._multi.add_handle(self._easy)
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._wind()

    def turn(self, now: float, until: float) -> None:
        """Wait for the network and let libcurl act on what it finds.

        :param now, until: on `time.monotonic`'s clock.
        """
        seconds = min(until, self._due) - now
        events = self._poll.poll(math.ceil(seconds * 1000) if seconds > 0 else 0)
        for descriptor, event in events:
            self._multi.socket_action(descriptor, _FOUND.get(event) or _found(event))
        if not events:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._wind()

    def outcome(self) -> tuple[int, str] | None:
        """None while the transfer is under way, then libcurl's code (0 is good) and its words."""
        _, good, bad = self._multi.info_read()
        if good:
            return pycurl.E_OK, ""
        return (bad[0][1], bad[0][2]) if bad else None

    def finish(self) -> None:
        """Part with a transfer that is over, and with what came; its connection may serve the next
        one.
        """
        kept = self._easy.getinfo(pycurl.ACTIVESOCKET)
        if kept != self._kept:
            self._watch_kept(kept)
        self._multi.remove_handle(self._easy)
        self.lines.clear()
        self.pieces.clear()

    def forget(self) -> None:
        """Let go of the body of the last transfer, which the handle would keep; not of the
        connection.
        """
        self._easy.reset()
        self._set(self._fixed)

    def system_error(self) -> int:
        """The `errno` of the transfer's failed connection; 0 for none."""
        return int(self._easy.getinfo(pycurl.OS_ERRNO))

    def is_quiet(self) -> bool:
        """Whether the kept connection, if there is one, has been silent since the last transfer.

        One that has closed is of no use, and what one says unasked would be taken for the next
        answer: libcurl (8.23) looks for either only after a connection was idle for a second.
        """
        return self._kept < 0 or not self._quiet.poll(0)

    def close(self) -> None:
        """Close the connection, whatever it is doing."""
        self._multi.close()
        self._easy.close()

    def _set(self, options: Options) -> None:
        for option, value in options:
            self._easy.setopt(option, value)

    def _wind(self) -> None:
        """A timer runs from when libcurl sets it, though the next turn may be long in coming."""
        if self._timers:  # milliseconds; negative for none
            milliseconds = self._timers.pop()
            self._due = time.monotonic() + milliseconds / 1000 if milliseconds >= 0 else math.inf

    def _watch_kept(self, descriptor: int) -> None:
        if self._kept >= 0:
            self._quiet.unregister(self._kept)
        if descriptor >= 0:
            self._quiet.register(descriptor, select.POLLIN)
        self._kept = descriptor

    def _on_socket(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            with suppress(KeyError):
                self._poll.unregister(descriptor)
        else:
            self._poll.register(descriptor, _INTEREST[what])


def _found(event: int) -> int:
    """poll's events in libcurl's terms; a hang-up is read as what it is, the end of the input."""
    found = 0
    if event & (select.POLLIN | select.POLLHUP):
        found |= pycurl.CSELECT_IN
    if event & select.POLLOUT:
        found |= pycurl.CSELECT_OUT
    if event & (select.POLLERR | select.POLLNVAL):
        found |= pycurl.CSELECT_ERR
    return found
