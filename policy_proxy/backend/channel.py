"""A libcurl multi handle as a channel to the backend: one transfer at a time, one connection kept.

It is driven through libcurl's event interface (https://curl.se/libcurl/c/curl_multi_socket_action.html)
by whoever wants the next bytes, so nothing is received that nobody asked for. libcurl's own
`select` would do as well if its sets of descriptors did not end at number 1023.
"""

from __future__ import annotations

import math
import select
import time

import pycurl

from policy_proxy.backend.options import Options

_INTEREST = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}


class Channel:
    """Used by one thread at a time, not always the same; never shared with a forked process.

    :param fixed: libcurl options of all transfers. Every other option that is ever set must be set
        for each transfer: the handle keeps them.
    """

    def __init__(self, fixed: Options) -> None:
        self._watched: dict[int, int] = {}
        self._due: float | None = None
        self._kept = -1
        self._fixed = fixed
        self._easy = pycurl.Curl()
        self._set(fixed)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def start(self, options: Options) -> None:
        """Begin a transfer, without waiting for anything."""
        self._set(options)
        self._multi.add_handle(self._easy)
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def turn(self, seconds: float) -> None:
        """Wait up to `seconds` for the network and let libcurl act on what it finds."""
        if self._due is not None:
            seconds = min(seconds, self._due - time.monotonic())
        poll = select.poll()
        for descriptor, interest in self._watched.items():
            poll.register(descriptor, interest)
        events = poll.poll(math.ceil(max(seconds, 0) * 1000))
        for descriptor, event in events:
            self._multi.socket_action(descriptor, _found(event))
        if not events:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def outcome(self) -> tuple[int, str] | None:
        """None while the transfer is under way, then libcurl's code (0 is good) and its words."""
        _, good, bad = self._multi.info_read()
        if good:
            return pycurl.E_OK, ""
        return (bad[0][1], bad[0][2]) if bad else None

    def finish(self) -> None:
        """Part with a transfer that is over; its connection may serve the next one."""
        self._kept = self._easy.getinfo(pycurl.ACTIVESOCKET)
        self._multi.remove_handle(self._easy)

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
        if self._kept < 0:
            return True
        poll = select.poll()
        poll.register(self._kept, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Close the connection, whatever it is doing."""
        self._multi.close()
        self._easy.close()

    def _set(self, options: Options) -> None:
        for option, value in options:
            self._easy.setopt(option, value)

    def _on_socket(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._watched.pop(descriptor, None)
        else:
            self._watched[descriptor] = _INTEREST[what]

    def _on_timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000


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
