"""What is wrong with a policy: where it is, what it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policy_proxy.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding for the operator; as text a single line, whatever the file holds.

    :param file: path of the policy file or directory; empty for a default rule of the service.
    :param line: counted from 1; 0 if the finding concerns the whole file.
    :param rule: name of the rule; empty if the finding concerns no single rule.
    :param text: what is wrong, the rule or the file being the subject of the sentence.
    :param remedy: what to do about it.
    """

    file: str
    line: int
    rule: str
    text: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file or "default rules"
        subject = f"rule {self.rule!r} " if self.rule else ""
        line = f"{place}: {subject}{self.text}: {self.remedy}"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


class PolicyError(ConfigurationError):
    """A set of policy files is refused as a whole.

    :param found: every problem of the set.
    """

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = tuple(found)
        super().__init__([str(problem) for problem in self.found])
