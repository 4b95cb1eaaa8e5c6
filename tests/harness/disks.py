"""Disks of their own for files of the proxy: small ones, ones that hang, ones that turn read-only.

They are mounted, so they are for root.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.programs import missing

_BROKEN = "broken"
_NOWHERE = 4_000_000_000
"""The number of a block that no disk here has."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 256 KiB, mounted there."""
    with _mounted(folder, "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        yield


@contextmanager
def disk_that_can_hang(folder: Path) -> Iterator[Callable[[str], object]]:
    """A file system of its own, in a file beside the folder; gives what does `freeze` and
    `unfreeze`.
    """
    image = _made(folder, "-q")
    with _mounted(folder, "-o", "loop", str(image)):
        try:
            yield lambda how: subprocess.run(["fsfreeze", f"--{how}", str(folder)], check=True)
        finally:
            thaw = ["fsfreeze", "--unfreeze", str(folder)]
            subprocess.run(thaw, check=False, capture_output=True)


@dataclass(frozen=True, slots=True)
class Failing:
    """A disk with a fault, on which nobody has come yet."""

    folder: Path
    image: Path

    def turn_read_only(self) -> None:
        """What the kernel does when it finds a fault: files that are open can be written no more.
        A disk cannot be mounted anew read-only while a file on it is open for writing.
        """
        with suppress(OSError):
            list((self.folder / _BROKEN).iterdir())
        with pytest.raises(OSError, match=os.strerror(errno.EROFS)):
            (self.folder / "probe").touch()

    def mend(self) -> None:
        """What an operator does: nothing may have a file open there any more."""
        subprocess.run(["umount", str(self.folder)], check=True)
        checked = subprocess.run(
            ["e2fsck", "-f", "-y", str(self.image)], check=False, capture_output=True
        )
        assert checked.returncode == 1, checked.stdout  # it found faults, and has mended them
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.folder)], check=True)


@contextmanager
def disk_that_can_fail(folder: Path) -> Iterator[Failing]:
    """Without a journal, since a disk whose journal was given up takes longer to mend."""
    files = folder.with_name("files")
    (files / _BROKEN).mkdir(parents=True)
    image = _made(folder, "-q", "-O", "^has_journal", "-d", str(files))
    _done("debugfs", "-w", "-R", f"set_inode_field {_BROKEN} block[0] {_NOWHERE}", str(image))
    with _mounted(folder, "-o", "loop,errors=remount-ro", str(image)):
        yield Failing(folder, image)


def _made(folder: Path, *options: str) -> Path:
    image = folder.with_name("disk.img")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    _done("mkfs.ext4", *options, str(image))
    return image


@contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[None]:
    _done("mount", *what, str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _done(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        missing(f"a disk cannot be made here: {error}: apt-get install e2fsprogs mount")
    if done.returncode:
        missing(f"a disk cannot be made here: {done.stderr.strip()}: run the tests as root")
