"""`policy-proxy` within this process, as it is in a pipe: 80 columns and no colour."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner, Result

from policy_proxy.cli import main


def invoked(*arguments: object, columns: int = 80, **more: Any) -> Result:
    """Run it with these arguments.

    :param more: for click's `CliRunner.invoke`, such as `input`.
    """
    runner = CliRunner(env={"COLUMNS": str(columns), "NO_COLOR": "1"})
    return runner.invoke(main, [*map(str, arguments)], **more)


def refusal(result: Result, exit_code: int) -> str:
    """What it says on stderr, in one line, having ended with this code and nothing on stdout."""
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    return " ".join(result.stderr.split())
