"""The policy files as they lie on the disk: which there are, what is in them.

The files are those that oslo.policy reads, in its order: the policy file, then of each directory
the files whose names do not start with a dot, by name, without sub-directories. Later ones win.
https://docs.openstack.org/oslo.policy/latest/configuration/ (`policy_dirs`)
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.cases.case import ENDING
from policy_proxy.policy.problem import Problem, errors

MAX_BYTES = 2 * 1024 * 1024
"""Some 20,000 rules. To read as many takes oslo.policy, and us, ten seconds."""

_ENDINGS = (".yaml", ".yml", ".json")
_BACKUP = re.compile(
    r"(~|#|\.(bak|backup|old|orig|rej|rpm\w+|dpkg-\w+|ucf-\w+|sav|save|sw[a-p]|tmp|disabled))$",
    re.IGNORECASE,
)
"""What editors, package managers and people append to the name of a file that they set aside."""

Stamp = tuple[int, ...]

_AS_THEY_ARE: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sources:
    """One look at the policy files.

    :param files: path and contents of each, in the order in which later ones win.
    :param problems: what could not be read, is read but should not be, or is not read. With any
        error such a set must not become policy.
    :param revision: names the contents (and the errors) in 16 hexadecimal digits.
    :param stamps: of each file device, inode, size, and times of change: two looks with the same
        stamps saw no write between them.
    """

    files: tuple[tuple[str, bytes], ...]
    problems: tuple[Problem, ...]
    revision: str
    stamps: tuple[Stamp, ...]


def read(settings: PolicySettings, instead: Mapping[str, bytes] = _AS_THEY_ARE) -> Sources:
    """Read all files once. Raises nothing: what cannot be read is among the problems.

    :param instead: contents that are taken for those of files, by path, to see what would be.
    """
    paths, problems = _paths(settings)
    files, stamps = [], []
    for path in paths:
        try:
            content, stamp = (instead[path], ()) if path in instead else _contents(path)
        except OSError as error:
            missing = path == settings.file and isinstance(error, FileNotFoundError)
            if settings.require_file or not missing:
                problems.append(_missing(settings) if missing else _unreadable(path, error))
        else:
            files.append((path, content))
            stamps.append(stamp)
    revision = _revision(settings.file, files, problems)
    return Sources(tuple(files), tuple(problems), revision, tuple(stamps))


def _paths(settings: PolicySettings) -> tuple[list[str], list[Problem]]:
    paths, problems = [settings.file], []
    if _BACKUP.search(settings.file):
        text = "is read as policy, though its name is that of a backup"
        problems.append(Problem("PP208", settings.file, 0, "", text, "rename it, or name another"))
    for folder in settings.dirs:
        try:
            entries = sorted(Path(folder).iterdir())
        except FileNotFoundError:
            entries = []
        except OSError as error:
            problems.append(_unreadable(folder, error))
            continue
        found = [str(entry) for entry in entries if _is_read(entry)]
        if not found and folder in settings.required_dirs:
            problems.append(_gone(folder))
        paths += found
        problems += [problem for entry in entries for problem in _misnamed(entry)]
    return paths, problems


def _is_read(entry: Path) -> bool:
    """What cannot even be looked at counts: that it cannot be read is told when it is."""
    return not entry.name.startswith(".") and not os.path.isdir(entry)  # noqa: PTH112  raises less


def _gone(folder: str) -> Problem:
    """So looks a volume that is not mounted, or a directory that is being replaced."""
    text = "holds no file any more, while rules of it are in force"
    remedy = "put its files back; to give up its rules, leave one file in it that holds {}"
    return Problem("PP101", folder, 0, "", text, remedy)


def _misnamed(entry: Path) -> Iterator[Problem]:
    """What in a policy directory is probably read against its author's wish, or not read."""
    named_so = entry.suffix.lower() in _ENDINGS
    if not _is_read(entry):
        if (named_so or not entry.name.startswith(".")) and not _holds_tests(entry):
            remedy = "put it into the directory itself, under a name that begins with no dot"
            yield Problem("PP207", str(entry), 0, "", "is not read", remedy)
    elif _BACKUP.search(entry.name):
        text = "looks like a backup, but is read as policy"
        yield Problem("PP102", str(entry), 0, "", text, "move it out of the directory")
    elif not named_so:
        text = f"is read as policy, though it does not end in {' or '.join(_ENDINGS)}"
        yield Problem("PP208", str(entry), 0, "", text, "rename it, or move it out")


def _holds_tests(entry: Path) -> bool:
    """Whether it is a directory of tests of the policy, and of nothing else."""
    with contextlib.suppress(OSError):
        names = os.listdir(entry)  # noqa: PTH208  the names are enough
        return bool(names) and all(name.endswith(ENDING) for name in names)
    return False


def _contents(path: str) -> tuple[bytes, Stamp]:
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES} bytes")
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return content, (status.st_dev, status.st_ino, status.st_size, *times)


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe would otherwise block until somebody writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _missing(settings: PolicySettings) -> Problem:
    remedy = "create it, or set [policy] require_file = false to run on the default rules"
    if settings.is_candidate:
        remedy = "create it, or leave [policy] candidate_file out"
    return Problem("PP101", settings.file, 0, "", "does not exist", remedy)


def _unreadable(path: str, error: OSError) -> Problem:
    remedy = "every file of the policy must be readable: mend it, or take it away"
    return Problem("PP101", path, 0, "", f"cannot be read ({error.strerror})", remedy)


def _revision(main: str, files: Iterable[tuple[str, bytes]], problems: Iterable[Problem]) -> str:
    """The same files in another directory, or on another host, have the same revision.

    :param main: the policy file, whose name makes no difference: a candidate has the revision that
        it will have in the policy file's place.
    """
    digest = hashlib.sha256()
    for path, content in files:
        name = b"" if path == main else os.fsencode(Path(path).name)
        digest.update(b"%d %d\n%b%b" % (len(name), len(content), name, content))
    for problem in errors(problems):
        digest.update(str(problem).encode())
    return digest.hexdigest()[:16]
