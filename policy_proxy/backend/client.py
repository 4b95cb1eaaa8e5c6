"""The HTTP client to the one backend."""

from __future__ import annotations

import os
from collections import deque
from functools import partial
from urllib.parse import urlsplit

import pycurl

from policy_proxy import errors
from policy_proxy.backend import answers, options, outgoing
from policy_proxy.backend.channel import Channel
from policy_proxy.backend.messages import Answer, Outbound
from policy_proxy.backend.transfer import OVERLOADED, Transfer
from policy_proxy.config.backend import BackendSettings


class Backend:
    """Carries requests to the backend; any number of threads may share it.

    A channel belongs to one exchange until its answer is complete or closed. Idle ones wait in a
    stack, so that the connection used last, the likeliest to be alive, is used next. Each process
    has a stack of its own: a connection that was open before a fork stays with the parent.
    """

    def __init__(self, settings: BackendSettings) -> None:
        self._settings = settings
        self._prefix = urlsplit(settings.url).path.rstrip("/")
        self._fixed = options.fixed(settings)
        self._idle: dict[int, deque[Channel]] = {}

    def exchange(self, outbound: Outbound) -> Answer:
        """Send one request and return its answer, to be closed by the caller.

        A write is sent at most once. A GET is sent again if a kept connection turns out to be dead.

        Raises `errors.BackendFailed` (refused, broken, too large, unverifiable),
        `errors.BackendTimedOut`, `errors.Unavailable` (no file descriptor left) and
        `errors.Internal` (a request that must not be sent).
        """
        outgoing.check(outbound)
        idle = self._idle.setdefault(os.getpid(), deque())
        chosen = options.of(outbound, self._prefix)
        channel = _take(idle) or self._opened()
        give_back = idle.append if outbound.body is None else partial(_give_back_bare, idle)
        transfer = Transfer(channel, chosen, self._settings.read_timeout, give_back)
        return answers.receive(transfer, self._settings.max_answer_bytes)

    def close(self) -> None:
        """Close the idle connections of this process."""
        idle = self._idle.pop(os.getpid(), deque())
        while idle:
            idle.pop().close()

    def _opened(self) -> Channel:
        try:
            return Channel(self._fixed)
        except pycurl.error as failure:
            raise errors.Unavailable(OVERLOADED, private=f"libcurl: {failure}") from failure


def _give_back_bare(idle: deque[Channel], channel: Channel) -> None:
    channel.forget()
    idle.append(channel)


def _take(idle: deque[Channel]) -> Channel | None:
    """The channel used last that is still good, if any; a deque's `pop` needs no lock."""
    while idle:
        try:
            channel = idle.pop()
        except IndexError:  # another thread was faster
            break
        if channel.is_quiet():
            return channel
        channel.close()
    return None
