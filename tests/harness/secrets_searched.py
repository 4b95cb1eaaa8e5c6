"""A plugin of pytest: at its end, no secret of a run may be in anything that the run wrote.

Searched are all files below pytest's temporary folder (logs of child processes, audit files), but
for those that must hold secrets by `harness.secrets.HOLDERS`; and what tests printed and logged.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from harness import secrets

REPORTS = "reports.txt"
"""What tests have printed and logged, below the temporary folder."""


def pytest_configure(config: pytest.Config) -> None:
    """Only where the run is controlled: the workers of pytest-xdist inherit the environment."""
    if not hasattr(config, "workerinput") and secrets.ENVIRONMENT not in os.environ:
        config.pluginmanager.register(_Search(config))


class _Search:
    """One for a run. `told` is what it says at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told: list[str] = []
        fd, path = tempfile.mkstemp(prefix="secrets-of-tests-")
        os.close(fd)
        self._registered = Path(path)
        os.environ[secrets.ENVIRONMENT] = path

    @property
    def _folder(self) -> Path:
        return self._config._tmp_path_factory.getbasetemp()  # what every test's folder lies in

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.sections:
            with (self._folder / REPORTS).open("a", errors="replace") as file:
                file.writelines(
                    f"{report.nodeid} {name}\n{text}\n" for name, text in report.sections
                )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        found = secrets.searched(self._folder, secrets.registered(self._registered))
        where = f"{found.files} files, {found.megabytes:.1f} MB"
        self._told = [f"{found.secrets} secrets searched for in {where}"]
        self._told += [f"A SECRET in line {hit.line} of {hit.file}" for hit in found.hits]
        if found.hits and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._told:
            terminalreporter.write_line(line)

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        self._registered.unlink(missing_ok=True)
        del os.environ[secrets.ENVIRONMENT]
