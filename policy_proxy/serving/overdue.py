"""The end of requests that take forever, since their bodies do.

granian waits for a body as long as its client does, and a thread with it: another thread cannot end
that, but the kernel can be told that nothing more comes.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time

from policy_proxy.serving.closing import clients

_LOG = logging.getLogger(__name__)
_LAST_SENT = struct.Struct("@44xI")
"""Of `struct tcp_info` (linux/tcp.h): milliseconds since data was sent, or since the beginning."""
_LOOKS = 10
"""At the connections, in the time that one may be without an answer."""


def watch(address: object, seconds: float) -> None:
    """From now on, end what is overdue. Returns at once.

    :param address: of a listener that is no unix socket.
    :param seconds: longer than a request may take otherwise.
    """

    def look() -> None:
        while True:
            time.sleep(seconds / _LOOKS)
            if ended := end_overdue(address, seconds):
                _LOG.warning("gave up %d requests whose bodies never ended", ended)

    threading.Thread(target=look, name="overdue", daemon=True).start()


def end_overdue(address: object, seconds: float) -> int:
    """Read no more from clients to which nothing was sent for so long; how many that were.

    None of them waits between two requests, where granian has a time limit, nor for an answer: its
    body takes too long. Whoever reads that finds it broken off, and refuses it.
    """
    ended = 0
    for sock in clients(address):
        if _silence(sock) > seconds:
            sock.shutdown(socket.SHUT_RD)
            ended += 1
    return ended


def _silence(sock: socket.socket) -> float:
    """Seconds for which nothing has been sent."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_SENT.size)
    (milliseconds,) = _LAST_SENT.unpack(info)
    return float(milliseconds) / 1000
