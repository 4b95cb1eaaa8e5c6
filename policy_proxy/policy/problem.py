"""What is wrong with a policy: where it is, what it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from policy_proxy.errors import ConfigurationError


class Level(StrEnum):
    """How bad a finding is. What has an error is never put in force."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding for the operator; as text a single line, whatever the file holds.

    :param code: which kind of finding it is, by its name in `policy_proxy.policy.lint.codes`: PP1xx
        for errors, PP2xx for warnings.
    :param file: path of the policy file or directory; empty for a default rule of the service.
    :param line: counted from 1; 0 if the finding concerns the whole file.
    :param rule: name of the rule; empty if the finding concerns no single rule.
    :param text: what is wrong, the rule or the file being the subject of the sentence.
    :param remedy: what to do about it.
    """

    code: str
    file: str
    line: int
    rule: str
    text: str
    remedy: str

    @property
    def level(self) -> Level:
        return Level.ERROR if self.code.startswith("PP1") else Level.WARNING

    @property
    def path(self) -> str:
        """The file, in printable characters."""
        return _printable(self.file) or "default rules"

    @property
    def place(self) -> str:
        """File and line, in printable characters."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in printable characters."""
        subject = f"rule {self.rule!r} " if self.rule else ""
        return _printable(f"{subject}{self.text}: {self.remedy}")

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence} [{self.code}]"


class PolicyError(ConfigurationError):
    """A set of policy files is refused as a whole.

    :param found: every error of the set.
    """

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = tuple(found)
        super().__init__([str(problem) for problem in self.found])


def errors(found: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in found if problem.level is Level.ERROR]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
