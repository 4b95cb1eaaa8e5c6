"""`policy-proxy policy test`: whether a policy does what its tests expect, and what they miss."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.cases import output
from policy_proxy.cli.policy.cases.files import Under, suites
from policy_proxy.cli.policy.cases.junit import document as junit_document
from policy_proxy.cli.policy.cases.measured import Ran, ran
from policy_proxy.cli.policy.cases.page import page
from policy_proxy.cli.policy_sources import format_option, new_defaults_option
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.cases.schema import text

_HUNDRED = 100


@click.command(short_help="Run the tests of a policy, and tell what they miss.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True), metavar="[PATH]...")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(exists=True),
    metavar="FILE|DIR",
    help="Test this policy file instead of what the files of cases name, and these directories "
    "(policy_dirs) over it. It needs no PATH: to begin with, there are no cases.",
)
@click.option(
    "--coverage", is_flag=True, help="Tell which operations and checks no case has shown."
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, _HUNDRED),
    metavar="PERCENT",
    help="Exit with 1 if less of a policy is covered; implies --coverage.",
)
@click.option(
    "--missing", is_flag=True, help="Propose cases for what is missing; implies --coverage."
)
@click.option("--junit", type=click.Path(dir_okay=False), help="Write JUnit's XML to this file.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False),
    help="Write a page with the results, and the coverage, to this file.",
)
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON schema of files of cases instead: editors complete by it.",
)
@click.option(
    "--config-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Test under what this configuration says of policy, but for the files that it names.",
)
@new_defaults_option
@format_option
def test(
    paths: Sequence[str],
    policies: tuple[str, ...],
    fail_under: float | None,
    config_file: str | None,
    junit: str | None,
    html: str | None,
    form: str,
    *,
    schema: bool,
    coverage: bool,
    missing: bool,
    enforce_new_defaults: bool | None,
) -> None:
    """Run the tests of a policy: cases of who asks for what, and what is expected.

    PATH is a file of cases, or a directory: then all files in it, and below, whose names end in
    .policy-test.yaml. docs/policy-tests.md says what they hold.

    Exit code 0: every case is as expected; 1: one is not, the coverage is less than --fail-under
    says, or a file is not good; 2: wrong usage.
    """
    if schema:
        click.echo(text(), nl=False)
        return
    _check_usage(paths or policies, fail_under)
    measure = coverage or missing or fail_under is not None or html is not None
    try:
        found = suites(paths, Under(policies, config_file, enforce_new_defaults))
        every = [ran(suite, measure=measure, propose=missing) for suite in found]
    except ConfigurationError as error:
        fail(error.problems)
    if junit:
        _write(junit, junit_document(every))
    if html:
        _write(html, page(every).encode())
    (output.show_json if form == "json" else output.show_text)(every)
    sys.exit(1 if any(one.failed or _too_little(one, fail_under) for one in every) else 0)


def _check_usage(named: Sequence[str], fail_under: float | None) -> None:
    """
    :raises click.UsageError: if nothing is named to test, or the bound is no number.
    """
    if not named:
        raise click.UsageError("name files of cases, directories with them, or a --policy")
    if fail_under is not None and not isfinite(fail_under):
        raise click.UsageError(f"--fail-under {fail_under} is no number: write one from 0 to 100")


def _write(path: str, content: bytes) -> None:
    """
    :raises click.UsageError: if the file cannot be written.
    """
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written ({error.strerror})") from None


def _too_little(one: Ran, fail_under: float | None) -> bool:
    if one.covered is None or fail_under is None:
        return False
    return one.covered.share * _HUNDRED < Fraction(str(fail_under))
