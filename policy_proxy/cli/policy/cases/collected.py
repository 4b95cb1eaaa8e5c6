"""Files of cases as pytest runs them. A failure shows what `policy test` shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from policy_proxy.cli.policy.cases import files
from policy_proxy.cli.policy.cases.output import explanation
from policy_proxy.cli.policy.cases.run import Runner
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.cases.case import Case
from policy_proxy.policy.snapshot import PolicySnapshot


class NotAsExpected(Exception):
    """A case failed; its message says how, and why the policy decides as it does."""


class CollectedFile(pytest.File):
    """A file of cases, with the policy that it is about."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            file = files.read_file(str(self.path))
            policy = files.snapshot_of(files.policies_of(file), files.Under())
        except ConfigurationError as error:
            raise self.CollectError("\n".join(error.problems)) from None
        except click.UsageError as error:
            raise self.CollectError(f"{file.path}: {error.message}") from None
        runner = Runner(policy)
        for case in file.cases:
            yield CollectedCase.from_parent(
                self, name=case.name, case=case, policy=policy, runner=runner
            )


class CollectedCase(pytest.Item):
    def __init__(self, *, case: Case, policy: PolicySnapshot, runner: Runner, **more: Any) -> None:
        super().__init__(**more)
        self._case = case
        self._policy = policy
        self._runner = runner

    def runtest(self) -> None:
        """
        :raises NotAsExpected: if the case fails, or asks for what policy is never asked.
        """
        try:
            result = self._runner.result(self._case)
        except ConfigurationError as error:
            raise NotAsExpected("\n".join(error.problems)) from None
        if result.failure:
            why = explanation(self._policy, result)
            raise NotAsExpected(f"{self._case.place}: {result.failure}\n\n{why}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotAsExpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._case.line - 1, self._case.name
