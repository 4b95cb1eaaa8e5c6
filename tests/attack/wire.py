"""A client of raw bytes, which listens while it speaks: a server may refuse before it heard all."""

from __future__ import annotations

import re
import selectors
import socket

_PATIENCE = 3.0
"""Seconds of silence after which nothing more is waited for."""
_SHORT = 0.2
"""The same once there is a whole answer: the server may keep the connection open."""
_LAST = re.compile(rb"(?i)\r\nconnection: *close\r\n")
"""Says that no answer follows (RFC 9112, section 9.6). Envoy waits a second for a client that has
heard it to hang up.
"""


def exchanged(
    port: int, sent: bytes, *, half_close: bool = False, host: str = "127.0.0.1"
) -> bytes:
    """Send bytes as they are, and read until the server hangs up or says nothing more.

    :param half_close: whether our side ends after what was sent.
    """
    heard = b""
    left = memoryview(sent)
    with socket.create_connection((host, port)) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        patience = _PATIENCE
        while ready := selector.select(patience):
            try:
                if ready[0][1] & selectors.EVENT_READ:
                    more = sock.recv(65536)
                    if not more:
                        break
                    heard += more
                    patience = _SHORT if _is_whole(heard) else _PATIENCE
                    half_close = half_close or _is_last(heard)
                elif left:
                    left = left[sock.send(left[:65536]) :]
                if not left:
                    selector.modify(sock, selectors.EVENT_READ)
                    if half_close:
                        sock.shutdown(socket.SHUT_WR)
                        half_close = False
            except BlockingIOError:
                continue
            except OSError:  # the server has had enough
                break
    return heard


def _is_whole(heard: bytes) -> bool:
    """Whether there is at least one answer with all of its body."""
    head, end, body = heard.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


def _is_last(heard: bytes) -> bool:
    """Whether the first answer is there, and the server has said that no other follows."""
    head, _, _ = heard.partition(b"\r\n\r\n")
    return _is_whole(heard) and _LAST.search(head + b"\r\n") is not None
