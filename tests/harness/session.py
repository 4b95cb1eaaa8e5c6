"""A document that is typed into a shell: its blocks, and whether a shell says what they show.

What differs each time, such as ids and times, may be another than in the document; but what stands
for one such value there stands for it everywhere. White space does not count, and so it is no
matter where lines end: that follows from how long the name of a host is. Three dots stand for what
is left out.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
VARIES = {
    "request": r"req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "chain": r"\b[0-9a-f]{8}-[0-9a-f]{16}\b",
    "uuid": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "id": r"\b[0-9a-f]{32}\b",
    "revision": r"\b[0-9a-f]{16}\b",
    "time": r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00",
    "logged": r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ \d+",
    "address": r"127\.0\.0\.1:\d+",
    "person": r"(?<=by )[\w.-]+ on [\w.-]+",
}
"""What differs each time. `id` is Keystone's, `person` a user and a host."""
_VARIES = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in VARIES.items()))
_LEFT_OUT = "…"
_END = "--- exit code "


def blocks(document: str) -> Iterator[tuple[str, str, str]]:
    """Of each its language, what stands behind that, and its lines."""
    for language, more, lines in BLOCK.findall(document):
        yield language, more.strip(), f"{lines}\n"


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, with what it should print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@dataclass(frozen=True, slots=True)
class Likeness:
    """Compares what is shown with what is said.

    :param stands_for: for each value in the document the one of this time.
    """

    stands_for: dict[str, str] = field(default_factory=dict)

    def fits(self, shown: str, said: str) -> bool:
        """Whether it does; then its values are remembered."""
        new: dict[str, str] = {}
        found = re.fullmatch(self._pattern(" ".join(shown.split()), new), " ".join(said.split()))
        if found:
            self.stands_for.update((value, found[name]) for value, name in new.items())
        return found is not None

    def now(self, text: str) -> str:
        """A text of the document with the values of this time."""
        return _VARIES.sub(lambda found: self.stands_for.get(found[0], found[0]), text)

    def _pattern(self, shown: str, new: dict[str, str]) -> str:
        """
        :param new: gets the values that come for the first time, each with its group.
        """
        parts, end = [], 0
        for found in _VARIES.finditer(shown):
            parts += [_words(shown[end : found.start()]), self._value(found, new)]
            end = found.end()
        return "".join([*parts, _words(shown[end:])])

    def _value(self, found: re.Match[str], new: dict[str, str]) -> str:
        value, kind = found[0], found.lastgroup or ""
        if value in self.stands_for:
            return re.escape(self.stands_for[value])
        if value in new:
            return f"(?P={new[value]})"
        new[value] = f"value_{len(new)}"
        return f"(?P<{new[value]}>{VARIES[kind]})"


def _words(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split(_LEFT_OUT))


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that goes on from one command to the next."""

    process: subprocess.Popen[str]

    def run(self, command: str) -> tuple[str, int]:
        """What the command prints, on either stream, and its exit code."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        stdin.write(f"{{ {command}\n}} < /dev/null; code=$?; echo; echo '{_END}'$code\n")
        stdin.flush()
        lines = []
        while not (line := stdout.readline()).startswith(_END):
            assert line, f"the shell has ended in: {command}"
            lines.append(line)
        return "".join(lines).removesuffix("\n"), int(line.removeprefix(_END))


@contextmanager
def shell(folder: str, environment: Mapping[str, str]) -> Iterator[Shell]:
    """
    :param environment: in addition to this process's.
    """
    with subprocess.Popen(
        ["/bin/bash", "--norc"],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        yield Shell(process)
        assert process.stdin
        process.stdin.close()
