"""Logs on the disk, whole or rotated, plain or compressed → their lines, one at a time.

However long a log or a line of it is, no more than `LONGEST` bytes of it are held.
"""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

STDIN = "-"
LONGEST = 1 << 20
"""Bytes of a line, its end included. A record has some thousand."""
_BUFFER = 1 << 18
_EVERY = 4096
"""Lines between two words of progress."""

_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_NO_OPENER = {b"\x28\xb5\x2f\xfd": "zstd -dc", b"\x04\x22\x4d\x18": "lz4 -dc"}
_HEAD = 6
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class Line(NamedTuple):
    """A line with its place, counted from 1.

    :param text: None where the line cannot be given; `why` says the reason.
    """

    file: str
    number: int
    text: bytes | None
    why: str = ""


class LogError(Exception):
    """A log cannot be read at all; the text says which, why, and what to do."""


Tick = Callable[[int], None]
"""Is told how many bytes of the files, as they lie on the disk, have been read since last time."""


def files(named: Iterable[str]) -> list[str]:
    """The files that are meant, in the order of their names, each once.

    :param named: files, patterns such as `audit.jsonl*`, directories, which stand for every file
        right in them whose name begins with no dot, and `-` for standard input.
    :raises LogError: for a name or a pattern that stands for nothing.
    """
    found: dict[tuple[int, int] | str, str] = {}
    for name in named:
        for path in [STDIN] if name == STDIN else _meant(name):
            found.setdefault(_identity(path), path)
    return list(found.values())


def size(paths: Iterable[str]) -> int | None:
    """Bytes of the files on the disk; None where standard input is among them."""
    paths = list(paths)
    return None if STDIN in paths else sum(Path(path).stat().st_size for path in paths)


def lines(paths: Iterable[str], tick: Tick = lambda _: None) -> Iterator[Line]:
    """The lines of files, one file after the other.

    A file that breaks off, or is damaged within, ends with a line that has no text.

    :param paths: as `files` gives them.
    :raises LogError: for a file that cannot be opened, or is compressed in an unknown way.
    """
    for path in paths:
        if path == STDIN:
            yield from _lines(path, sys.stdin.buffer, tick, measured=False)
            continue
        try:
            raw = Path(path).open("rb", buffering=0)  # noqa: SIM115  closed below
        except OSError as error:
            raise LogError(f"{path}: cannot be read ({error.strerror})") from error
        with raw:
            measured = stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
            yield from _lines(path, raw, tick, measured=measured)


def _meant(name: str) -> list[str]:
    path = Path(name)
    if path.is_dir():
        inside = [each for each in path.iterdir() if not each.name.startswith(".")]
        found = sorted(str(each) for each in inside if each.is_file())
    elif path.exists() or not glob.has_magic(name):
        found = [name]
    else:
        found = sorted(each for each in glob.glob(name) if Path(each).is_file())  # noqa: PTH207  a pattern may be absolute
    if not found or (found == [name] and not path.exists()):
        raise LogError(f"{name}: there is no such log: name a file, a directory or a pattern")
    return found


def _identity(path: str) -> tuple[int, int] | str:
    """The same file has the same, whatever it is called. A pipe can be read once as well."""
    if path == STDIN:
        return path
    status = os.stat(path)  # noqa: PTH116  the two numbers are all that is wanted
    return (status.st_dev, status.st_ino)


def _lines(path: str, raw: Any, tick: Tick, *, measured: bool) -> Iterator[Line]:
    """
    :param measured: whether the file has a position that says something.
    """
    number = told = 0
    try:
        read = partial(_opened(path, raw).readline, LONGEST)
        for text in iter(read, b""):
            number += 1
            if len(text) == LONGEST and not text.endswith(b"\n"):
                _skip(read)
                yield Line(path, number, None, f"is longer than {LONGEST} bytes")
            else:
                yield Line(path, number, text)
            if measured and number % _EVERY == 0:
                tick(raw.tell() - told)
                told = raw.tell()
        if measured:
            tick(raw.tell() - told)
    except _DAMAGE as error:
        yield Line(path, number + 1, None, f"cannot be read, nor what follows ({error})")


def _opened(path: str, raw: Any) -> io.BufferedReader:
    """The file as it was before it was compressed, by what it begins with.

    :raises LogError: if it is compressed in a way that the standard library does not know.
    """
    packed = io.BufferedReader(raw, _BUFFER)
    head = packed.peek(_HEAD)[:_HEAD]
    for magic, program in _NO_OPENER.items():
        if head.startswith(magic):
            raise LogError(f"{path}: cannot be unpacked here: {program} {path} | … --log -")
    for magic, opener in _OPENERS.items():
        if head.startswith(magic):
            return io.BufferedReader(opener(packed), _BUFFER)
    return packed


def _skip(read: Callable[[], bytes]) -> None:
    """To the end of the line."""
    for text in iter(read, b""):
        if text.endswith(b"\n"):
            return
