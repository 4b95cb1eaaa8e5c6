"""From a transfer to an answer: verified before it goes out if it can be, watched closely if not.

A server ends a chunked answer cleanly even when its application fails in the middle; only a
Content-Length lets a client see that something is missing. Hence an answer leaves here with a
known length or not at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import IO

from policy_proxy import errors
from policy_proxy.backend.head import Framing, Head, broken
from policy_proxy.backend.messages import Answer
from policy_proxy.backend.transfer import Transfer

WHOLE_BYTES = 256 * 1024
"""Answers up to this size are read to their end, in memory, before anything is passed on."""

PIECE_BYTES = 64 * 1024


def receive(transfer: Transfer, limit: int) -> Answer:
    """The answer of a started transfer, of which at most `limit` bytes are accepted.

    Raises `errors.BackendFailed`, `errors.BackendTimedOut` or `errors.Unavailable`; the transfer
    is over then.
    """
    try:
        head = transfer.head()
        _refuse_unverifiable(head, limit)
        if head.framing is Framing.COUNTED:
            return _counted(transfer, head)
        body, length = _whole(transfer, limit)
    except BaseException:  # whatever ends this, nobody else would give the connection back
        transfer.close()
        raise
    return Answer(
        head.status, head.headers, body, None if head.framing is Framing.EMPTY else length
    )


def _counted(transfer: Transfer, head: Head) -> Answer:
    """An answer that says how long it is: the transfer fails if that is not true."""
    if (head.length or 0) > WHOLE_BYTES:
        return Answer(head.status, head.headers, Streamed(transfer), head.length)
    pieces = [*iter(transfer.read, b"")]
    return Answer(head.status, head.headers, pieces, head.length)


class Streamed:
    """A body passed on as it comes, no faster than it is asked for."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = self._transfer.read()
        except errors.Failed as failure:
            raise errors.AnswerBroken(failure.private) from failure
        if not piece:
            raise StopIteration
        return piece

    def close(self) -> None:
        self._transfer.close()


class Spooled:
    """A body that was verified and waits, mostly on disk."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._spool.read(PIECE_BYTES), b"")

    def close(self) -> None:
        self._spool.close()


def _refuse_unverifiable(head: Head, limit: int) -> None:
    if head.framing is Framing.UNTIL_CLOSE and head.status < HTTPStatus.BAD_REQUEST:
        raise broken("nothing tells where it ends")
    if head.length is not None and head.length > limit:
        raise _too_large(limit)


def _whole(transfer: Transfer, limit: int) -> tuple[Iterable[bytes], int]:
    """The body of a complete answer and its length."""
    spool = tempfile.SpooledTemporaryFile(max_size=WHOLE_BYTES)  # noqa: SIM115 - it is handed on
    try:
        for piece in iter(transfer.read, b""):
            if spool.tell() + len(piece) > limit:
                raise _too_large(limit)
            spool.write(piece)
        length = spool.tell()
        spool.seek(0)
    except BaseException:  # nobody gets the file, so nobody else would close it
        spool.close()
        raise
    if length > WHOLE_BYTES:
        return Spooled(spool), length
    with spool:
        return ([spool.read()] if length else []), length


def _too_large(limit: int) -> errors.BackendFailed:
    return broken(f"it is larger than [backend] max_answer_bytes = {limit}")
