"""A case: somebody asks for something, and policy is expected to allow it, or to deny it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policy_proxy.errors import ConfigurationError
from policy_proxy.model import Effect, Identity, Target

ENDING = ".policy-test.yaml"
"""How the names of files with cases end."""


@dataclass(frozen=True, slots=True)
class Case:
    """
    :param name: unlike that of any other case in the file.
    :param line: where the case begins, counted from 1.
    :param asked: the operation by its rule, or `METHOD /path` as a client sends it.
    :param body: of such a request, parsed; None for none.
    :param target: attributes that are given by name; those of a request come from it.
    :param answers: what remote servers are taken to answer, by the checks that ask them.
    :param decided_by: the check that must decide, as it stands in the policy; empty for any.
    """

    name: str
    file: str
    line: int
    asked: str
    identity: Identity
    expect: Effect
    target: Target
    body: Any = None
    decided_by: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file with cases.

    :param policies: the policy that they are about, as the file names it; empty if it does not.
    """

    path: str
    policies: tuple[str, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file of cases: where, what, and what to do about it, if that is not said
    with it.
    """

    file: str
    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{place}: {self.text}{f': {self.remedy}' if self.remedy else ''}"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in said)


class BadCases(ConfigurationError):
    """Files of cases that cannot be run.

    :param faults: all that was found.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(list(map(str, faults)))
