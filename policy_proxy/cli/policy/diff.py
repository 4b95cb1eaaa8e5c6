"""`policy-proxy policy diff`: what a change of policy means, operation by operation."""

from __future__ import annotations

import sys

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.diff_output import show_json, show_text
from policy_proxy.cli.policy.sides import name_of, rules_asked, side_at, target_facts, two_places
from policy_proxy.cli.policy_sources import format_option, new_defaults_option, settings_from
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.diff.change import Change
from policy_proxy.policy.diff.compare import changes


@click.command(short_help="Say who gains access by a change, and who loses it.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW", required=False)
@click.option(
    "--git",
    "revisions",
    metavar="REV[..REV]",
    help="Compare one file or directory with itself: as it was at the first revision with the "
    "second one, or with the work tree.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["gain", "loss", "any"]),
    help="Exit with 1 if anyone gains access, loses it, or either; also if that is undecided.",
)
@click.option(
    "--any-target",
    is_flag=True,
    help="Compare for every target, also for those that an operation never has here, as for a "
    "service that decides without the proxy.",
)
@click.option(
    "--config-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Compare under what this configuration says of policy, but for the files that it names.",
)
@new_defaults_option
@format_option
def diff(
    old: str,
    new: str | None,
    revisions: str | None,
    fail_on: str | None,
    config_file: str | None,
    form: str,
    *,
    any_target: bool,
    enforce_new_defaults: bool | None,
) -> None:
    """Compare what two policies mean: for each operation, who gains access and who loses it.

    OLD and NEW are policy files, directories of them (policy_dirs), or the word `defaults` for the
    service's own rules. With --git there is one of them.

    Nothing is sampled: what is not said to change is the same for every caller and every target
    that the operation can have. Each gain and loss comes with an example on which oslo.policy
    itself differs.

    Exit code 0; 1 for what --fail-on names, and if a policy is not good; 2 for wrong usage.
    """
    if bool(revisions) is bool(new):
        raise click.UsageError("name OLD and NEW, or one path with --git")
    places = two_places(old, new, revisions)
    try:
        settings = settings_from(config_file, [], enforce_new_defaults=enforce_new_defaults)
        before, after = (side_at(place, settings, any_target=any_target) for place in places)
    except ConfigurationError as error:
        fail(error.problems)
    facts = {} if any_target else target_facts()
    found = list(changes(before, after, rules_asked(), facts))
    show = show_json if form == "json" else show_text
    show(name_of(places[0]), name_of(places[1]), found)
    sys.exit(1 if fail_on and any(_fails(change, fail_on) for change in found) else 0)


def _fails(change: Change, on: str) -> bool:
    gain = on != "loss" and (change.gained or any(doubt.gain for doubt in change.undecided))
    loss = on != "gain" and (change.lost or any(doubt.loss for doubt in change.undecided))
    return bool(gain or loss)
