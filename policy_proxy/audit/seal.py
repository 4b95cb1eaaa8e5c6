"""A keyed chain of records: each line vouches for itself and for the one before it.

A sealed line ends with the id of its chain, its place in it, and an HMAC-SHA256 over the code of
the line before and all of this line's bytes up to the code. Nothing is parsed or spelt anew for it:
what is vouched for is what is written.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import NamedTuple

from policy_proxy.audit.keys import ID_LENGTH, Key

BEGIN = "begin"
RESUME = "resume"
END = "end"
FIRST = bytes(32)
"""Stands for the code of the line before the first one."""
_CHAIN = b',"chain":"'
_SEQ = b'","seq":'
_MAC = b',"mac":"'
_TAIL = len(_MAC) + 2 * len(FIRST) + len(b'"}')
_CHAIN_ID = re.compile(rb"[0-9a-f]{%d}-[0-9a-f]{16}" % ID_LENGTH)
_NUMBER = re.compile(rb"0|[1-9][0-9]{0,17}")


class Sealed(NamedTuple):
    """A line that has a seal, which need not be right.

    :param body: the bytes that the code is for.
    :param chain: the id, which begins with the id of the key.
    """

    body: bytes
    chain: bytes
    seq: int
    mac: bytes

    @property
    def key_id(self) -> bytes:
        return self.chain[:ID_LENGTH]


class Seal:
    """Seals the lines of one writer. Not for several threads at a time."""

    def __init__(self, key: Key) -> None:
        self._secret = key.secret
        self._chain = f"{key.id}-{secrets.token_hex(8)}".encode()
        self._last = FIRST
        self._seq = 0

    @property
    def begun(self) -> bool:
        return self._seq > 0

    @property
    def last(self) -> str:
        """The code of the last line, in hexadecimal digits."""
        return self._last.hex()

    def on(self, line: bytes) -> tuple[bytes, bytes]:
        """The line with a seal, and its code for `keep`.

        :param line: a JSON object that is not empty, without the end of the line.
        """
        body = b"%s%s%s%s%d" % (line[:-1], _CHAIN, self._chain, _SEQ, self._seq)
        mac = code(self._secret, self._last, body)
        return b'%s%s%s"}' % (body, _MAC, mac.hex().encode()), mac

    def keep(self, mac: bytes) -> None:
        """The line with this code has been written: the next one comes after it."""
        self._last = mac
        self._seq += 1


def code(secret: bytes, last: bytes, body: bytes) -> bytes:
    """
    :param last: the code of the line before.
    """
    return hmac.digest(secret, last + body, "sha256")


def sealed(line: bytes) -> Sealed | None:
    """What the seal of a line says; None if it has none in its one spelling.

    :param line: without the end of the line.
    """
    body, tail = line[:-_TAIL], line[-_TAIL:]
    before, _, rest = body.rpartition(_CHAIN)
    chain, found, seq = rest.partition(_SEQ)
    if not (before and found and tail.startswith(_MAC) and tail.endswith(b'"}')):
        return None
    mac = _bytes(tail[len(_MAC) : -2])
    if mac is None or not _NUMBER.fullmatch(seq) or not _CHAIN_ID.fullmatch(chain):
        return None
    return Sealed(body, chain, int(seq), mac)


def _bytes(digits: bytes) -> bytes | None:
    """Only lower-case digits are ever written, so that every other spelling is a change."""
    try:
        found = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return None
    return found if found.hex().encode() == digits else None
