"""`policy-proxy policy diff`: what a change of policy means, operation by operation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.comparison import compared
from policy_proxy.cli.policy.diff_output import show_json, show_text
from policy_proxy.cli.policy.revisions import at_revision
from policy_proxy.cli.policy_sources import format_option, new_defaults_option, settings_from
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import UNKNOWN, build
from policy_proxy.policy.diff.change import Change, Side
from policy_proxy.policy.diff.oracle import side
from policy_proxy.policy.source import Sources, read

_DEFAULTS = "defaults"


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
    named = _named(old, new, revisions)
    try:
        settings = settings_from(config_file, [], enforce_new_defaults=enforce_new_defaults)
        before, after = (_side(*each, settings, any_target=any_target) for each in named)
    except ConfigurationError as error:
        fail(error.problems)
    found = compared(before, after, any_target=any_target)
    (show_json if form == "json" else show_text)(_name(*named[0]), _name(*named[1]), found)
    sys.exit(1 if fail_on and any(_fails(change, fail_on) for change in found) else 0)


def _named(
    old: str, new: str | None, revisions: str | None
) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two paths, each with its revision; that is empty for what lies on the disk."""
    if revisions is None:
        return (old, ""), (new or "", "")
    first, dots, second = revisions.partition("..")
    if not first or second.startswith(".") or (dots and not second):
        raise click.UsageError(f"--git takes REV or REV..REV, not {revisions}")
    return (old, first), (old, second)


def _name(path: str, revision: str) -> str:
    return f"{revision}:{path}" if revision else path


def _side(path: str, revision: str, settings: PolicySettings, *, any_target: bool) -> Side:
    """A policy to compare.

    :param settings: those that have nothing to do with where it lies.
    :raises ConfigurationError: if the watcher would not put it in force.
    """
    sources = at_revision(revision, path, _read) if revision else _read(path)
    supplied = UNKNOWN if any_target else SERVICE.attributes
    snapshot = build(sources, settings, SERVICE.defaults, supplied)
    return side(snapshot, settings, SERVICE.defaults)


def _read(path: str) -> Sources:
    if path != _DEFAULTS and not Path(path).exists():
        raise click.UsageError(
            f"{path} does not exist: name a policy file, a directory or {_DEFAULTS}"
        )
    paths = [path] if path != _DEFAULTS else []
    return read(settings_from(None, paths, enforce_new_defaults=None))


def _fails(change: Change, on: str) -> bool:
    gain = on != "loss" and (change.gained or any(doubt.gain for doubt in change.undecided))
    loss = on != "gain" and (change.lost or any(doubt.loss for doubt in change.undecided))
    return bool(gain or loss)
