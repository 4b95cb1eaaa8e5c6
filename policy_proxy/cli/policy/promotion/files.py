"""A policy file, and what is kept beside it under names that are never read as policy.

Of `policy.yaml` that is:

- `.policy.yaml.new`, being written;
- `.policy.yaml.before`, what it was, until all workers have reported the new one;
- `.policy.yaml.previous`, what a rollback goes back to;
- `.policy.yaml.history`, of the policy as a whole beside its main file.

oslo.policy and the proxy pass over names in `policy_dirs` that begin with a dot, and `policy lint`
over those that do not end like a policy file.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.history import Entry, entries, line

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def real(path: str) -> Path:
    """The file itself, where a link leads: a link stays one."""
    return Path(os.path.realpath(path))


def beside(file: Path, what: str) -> Path:
    return file.with_name(f".{file.name}.{what}")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else replaces a file of this policy meanwhile. The lock ends with the process.

    :param file: the policy's main file: what is locked is its directory.
    :raises ConfigurationError: if somebody else does.
    """
    with _opened(file.parent) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "try again when it has ended; lslocks tells which process it is"
            raise ConfigurationError(
                [f"{file.parent}: another promotion or rollback is under way here: {remedy}"]
            ) from None
        yield


def replace(file: Path, content: bytes) -> None:
    """Put `content` in the place of a file, at once: whoever reads it reads the old or the new one.
    Mode, owner and extended attributes stay; the time is now, for those who go by it.

    :raises OSError: if it cannot be; then it is the old one.
    """
    _place(file, content, file)


def keep(file: Path) -> None:
    """Lay what the file holds aside as what it was before."""
    _place(file, file.read_bytes(), beside(file, "before"))


def confirm(file: Path) -> None:
    """What it was before is now what a rollback goes back to."""
    beside(file, "before").replace(beside(file, "previous"))
    _settle(file.parent)


def forget(file: Path) -> None:
    """The file is what it was before."""
    beside(file, "before").unlink(missing_ok=True)


def is_unfinished(file: Path) -> bool:
    """Clears up after a replacement that was cut short.

    :returns: whether the file had been replaced by then, without knowing what the workers say. What
        it was is now what a rollback goes back to.
    """
    beside(file, "new").unlink(missing_ok=True)
    before = beside(file, "before")
    if not before.exists():
        return False
    if before.read_bytes() == file.read_bytes():
        before.unlink()
        return False
    confirm(file)
    return True


def remember(file: Path, entry: Entry) -> None:
    """Append to the history.

    :param file: the policy's main file, whose owner and mode a new history gets.
    :raises OSError: if it cannot be written.
    """
    make_history(file)
    with beside(file, "history").open("a+b") as opened:
        opened.seek(max(0, opened.tell() - 1))
        cut_off = opened.read() not in (b"", b"\n")
        opened.write((b"\n" if cut_off else b"") + line(entry))
        opened.flush()
        os.fsync(opened.fileno())


def make_history(file: Path) -> None:
    """
    :raises OSError: if it cannot be written.
    """
    history = beside(file, "history")
    if not history.exists():
        _place(file, b"", history)
    history.open("ab").close()


def remembered(file: Path) -> tuple[list[Entry], int]:
    """The history, and how many lines of it are not understood; nothing if there is none."""
    history = beside(file, "history")
    return entries(history.read_bytes()) if history.exists() else ([], 0)


def _place(like: Path, content: bytes, where: Path) -> None:
    """Write it under another name, then give it its own; a leftover of that name is ours."""
    new = beside(like, "new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, _CREATE, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(content)
            _liken(new, like)
            written.flush()
            os.fsync(written.fileno())
        new.replace(where)
    except BaseException:  # Ctrl-C as well: half a file must not stay beside the policy
        new.unlink(missing_ok=True)
        raise
    _settle(where.parent)


def _liken(new: Path, like: Path) -> None:
    """
    :raises OSError: if the owner cannot be the same.
    """
    wanted, given = like.stat(), new.stat()
    if (wanted.st_uid, wanted.st_gid) != (given.st_uid, given.st_gid):
        try:
            os.chown(new, wanted.st_uid, wanted.st_gid)
        except PermissionError as error:
            why = "its owner and group could not be kept: do it as its owner, or as root"
            raise PermissionError(error.errno, why, str(like)) from None
    shutil.copystat(like, new)
    os.utime(new)


def _settle(folder: Path) -> None:
    """A rename is on the disk when its directory is."""
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
