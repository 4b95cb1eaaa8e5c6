"""The keys with which audit records are sealed: a file with one in hexadecimal digits a line.

The first one seals. Those below are of former times, and only verify. Of a key nothing is ever told
but its id, which does not lead back to it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LEAST = 32
"""Bytes of a key."""
ID_LENGTH = 8
_OTHERS = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP
_NAMING = b"policy-proxy audit key id"


@dataclass(frozen=True, slots=True)
class Key:
    """
    :param id: eight hexadecimal digits, which every record has that was sealed with it.
    """

    id: str
    secret: bytes = field(repr=False)


class KeyFileError(Exception):
    """A key file cannot be used; the text says why, and what to do."""


def made() -> str:
    """A new key, as it stands in a key file."""
    return secrets.token_hex(LEAST)


def read(path: str) -> tuple[Key, ...]:
    """The keys in a file, the one that seals first.

    :raises KeyFileError: if it cannot be read, others could read it, or it holds anything else.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read(1 << 16).splitlines()
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read ({error.strerror})") from None
    if mode & _OTHERS:
        said = f"{path} has mode {stat.S_IMODE(mode):04o}: others could use it"
        raise KeyFileError(f"{said}; chmod 0400 it, or 0440 for its group")
    keys = tuple(_key(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    if not keys:
        raise KeyFileError(f"{path} holds no key: write policy-proxy audit key into it")
    return keys


def by_id(keys: tuple[Key, ...]) -> Mapping[bytes, bytes]:
    """The secrets, by the ids as they stand in a record."""
    return {key.id.encode(): key.secret for key in keys}


def _key(path: str, number: int, line: bytes) -> Key:
    try:
        secret = bytes.fromhex(line.strip().decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) < LEAST or len(set(secret)) == 1:
        wanted = f"a key is {2 * LEAST} hexadecimal digits or more, as of openssl rand -hex {LEAST}"
        raise KeyFileError(f"{path}:{number} is no key: {wanted}")
    return Key(hmac.digest(secret, _NAMING, "sha256").hex()[:ID_LENGTH], secret)
