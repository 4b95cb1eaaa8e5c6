"""`policy-proxy policy matrix`: roles and operations, who may do what."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.matrix_views import document, markdown, page, separated, table
from policy_proxy.cli.policy.matrix_views.report import Report, differs, report
from policy_proxy.cli.policy.sides import (
    DEFAULTS,
    name_of,
    rules_asked,
    side_at,
    side_of,
    target_facts,
    two_places,
)
from policy_proxy.cli.policy_sources import new_defaults_option, settings_from
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.matrix.build import grid
from policy_proxy.policy.source import read

_FORMS = {
    "json": document.text,
    "csv": separated.text,
    "markdown": markdown.text,
    "html": page.text,
}
_MOST = 2


@click.command(short_help="Show who may do what: roles and operations.")
@click.argument("paths", nargs=-1, metavar="[FILE [OTHER]]")
@click.option(
    "--git",
    "revisions",
    metavar="REV[..REV]",
    help="Show FILE beside itself: as it was at the first revision, and at the second one, or in "
    "the work tree.",
)
@click.option(
    "--changed", is_flag=True, help="Of two policies show only the operations that differ."
)
@click.option(
    "--config-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Without FILE, take the policy that this configuration names. With it, only what the "
    "configuration says of policy besides.",
)
@new_defaults_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", *_FORMS]),
    default="table",
    show_default=True,
    help="html is one page that needs no network.",
)
@click.option("--output", type=click.Path(dir_okay=False, writable=True), help="Not on stdout.")
def matrix(
    paths: Sequence[str],
    revisions: str | None,
    config_file: str | None,
    form: str,
    output: str | None,
    *,
    changed: bool,
    enforce_new_defaults: bool | None,
) -> None:
    """Show which roles may do which operations.

    FILE is a policy file, a directory of them (policy_dirs), or the word `defaults` for the
    service's own rules. With OTHER, or --git, two policies stand beside each other, with the
    differences marked.

    Nothing is sampled: a cell says yes or no of every caller who has this role, and no other that
    the policy mentions, and of every target that the operation can have; or it says on what it
    depends.

    Exit code 0; 1 if a policy is not good; 2 for wrong usage.
    """
    if len(paths) > _MOST or (revisions and len(paths) != 1):
        raise click.UsageError("name FILE, or FILE and OTHER, or FILE with --git")
    if changed and len(paths) < _MOST and not revisions:
        raise click.UsageError("--changed is for two policies")
    try:
        settings = settings_from(config_file, [], enforce_new_defaults=enforce_new_defaults)
        names, sides = _sides(paths, revisions, settings, config_file)
    except ConfigurationError as error:
        fail(error.problems)
    made = report(names, sides, grid(sides, rules_asked(), target_facts()))
    if changed:
        rows = tuple(filter(differs, made.grid.rows))
        made = replace(made, grid=replace(made.grid, rows=rows))
    _show(made, form, output)


def _sides(
    paths: Sequence[str], revisions: str | None, settings: PolicySettings, config_file: str | None
) -> tuple[list[str], list[Side]]:
    """The policies by name.

    :raises ConfigurationError: if one is not good.
    """
    if not paths and config_file:
        return [config_file], [side_of(read(settings), settings)]
    if revisions or len(paths) == _MOST:
        places = [*two_places(paths[0], paths[-1], revisions)]
    else:
        places = [(paths[0] if paths else DEFAULTS, "")]
    return [name_of(place) for place in places], [side_at(place, settings) for place in places]


def _show(made: Report, form: str, output: str | None) -> None:
    """
    :raises click.UsageError: if the file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(Path(output).open("w", encoding="utf-8")) if output else None
        except OSError as error:
            raise click.UsageError(f"{output} cannot be written ({error.strerror})") from None
        if form == "table":
            table.show(made, file)
        else:
            click.echo(_FORMS[form](made), file, nl=False)
