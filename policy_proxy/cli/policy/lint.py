"""`policy-proxy policy lint`: what is wrong with policy files, or worth a look."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy import lint_output
from policy_proxy.cli.policy.own import own
from policy_proxy.cli.policy_sources import (
    config_file_option,
    new_defaults_option,
    settings_from,
)
from policy_proxy.errors import ConfigurationError
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.lint import findings
from policy_proxy.policy.problem import Problem, errors
from policy_proxy.policy.source import read

_FORMS: Mapping[str, Callable[[Sequence[Problem]], None]] = {
    "table": lint_output.table,
    "json": lint_output.as_json,
    "github": lint_output.github,
    "sarif": lint_output.sarif,
}


@click.command(short_help="Find what is wrong with policy files, or worth a look.")
@click.argument(
    "paths", nargs=-1, type=click.Path(exists=True, readable=False), metavar="[FILE|DIR]..."
)
@config_file_option
@new_defaults_option
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    default="table",
    show_default=True,
    help="For people, for programs, or for a pull request to show in place.",
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
def lint(
    paths: Sequence[str],
    config_file: str | None,
    form: str,
    *,
    enforce_new_defaults: bool | None,
    strict: bool,
) -> None:
    """Find what is wrong with policy files, or worth a look, each with its remedy.

    Each FILE is a policy of its own, with all DIRs (policy_dirs) over it. Without any, the policy
    that the configuration names. docs/lint.md explains every finding.

    Exit code 0: nothing bad; 1: an error, or with --strict a warning; 2: wrong usage.
    """
    if not paths and not config_file:
        raise click.UsageError("name policy files, or a configuration with --config-file")
    found: dict[Problem, None] = {}
    service = findings.Service(SERVICE.defaults, SERVICE.attributes, own(), optional())
    try:
        for policy in _policies(paths):
            settings = settings_from(config_file, policy, enforce_new_defaults=enforce_new_defaults)
            found |= dict.fromkeys(findings.lint(read(settings), settings, service).problems)
    except ConfigurationError as error:
        fail(error.problems)
    _FORMS[form](list(found))
    sys.exit(1 if errors(found) or (strict and found) else 0)


def _policies(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """What belongs together: each file with the directories, or the directories alone."""
    folders = [path for path in paths if Path(path).is_dir()]
    files = [path for path in paths if path not in folders]
    yield from ([file, *folders] for file in files)
    if not files:
        yield folders
