"""The policies that a command compares, or shows: where they lie, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from policy_proxy.cli.policy.own import own
from policy_proxy.cli.policy.revisions import at_revision
from policy_proxy.cli.policy_sources import settings_from
from policy_proxy.config.policy import PolicySettings
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import UNKNOWN, build
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.diff.oracle import side
from policy_proxy.policy.source import Sources, read

Place = tuple[str, str]
"""A path, and a revision of git; that is empty for what lies on the disk."""

DEFAULTS = "defaults"
"""Instead of a path: the service's own rules."""


def two_places(old: str, new: str | None, revisions: str | None) -> tuple[Place, Place]:
    """Two paths; or one path at two revisions, or at one and on the disk.

    :param revisions: as `REV` or `REV..REV`.
    :raises click.UsageError: if it is neither.
    """
    if revisions is None:
        return (old, ""), (new or "", "")
    first, dots, second = revisions.partition("..")
    if not first or second.startswith(".") or (dots and not second):
        raise click.UsageError(f"--git takes REV or REV..REV, not {revisions}")
    return (old, first), (old, second)


def name_of(place: Place) -> str:
    """As it is shown, such as `HEAD:policy.yaml`."""
    path, revision = place
    return f"{revision}:{path}" if revision else path


def side_at(place: Place, settings: PolicySettings, *, any_target: bool = False) -> Side:
    """The policy there.

    :param settings: those that have nothing to do with where it lies.
    :raises ConfigurationError: if the watcher would not put it in force.
    :raises click.UsageError: if there is nothing.
    """
    path, revision = place
    sources = at_revision(revision, path, _read) if revision else _read(path)
    return side_of(sources, settings, any_target=any_target)


def side_of(sources: Sources, settings: PolicySettings, *, any_target: bool = False) -> Side:
    """
    :raises ConfigurationError: as above.
    """
    supplied = UNKNOWN if any_target else SERVICE.attributes
    snapshot = build(sources, settings, SERVICE.defaults, supplied)
    return side(snapshot, settings, SERVICE.defaults)


def _read(path: str) -> Sources:
    if path != DEFAULTS and not Path(path).exists():
        raise click.UsageError(
            f"{path} does not exist: name a policy file, a directory or {DEFAULTS}"
        )
    paths = [path] if path != DEFAULTS else []
    return read(settings_from(None, paths, enforce_new_defaults=None))


def rules_asked() -> list[str]:
    """The rules of the operations, in their order."""
    return list(dict.fromkeys(one.rule for one in SERVICE.operations if one.rule))


def target_facts() -> Mapping[str, TargetFacts]:
    """What is known of the targets of these rules."""
    callers = own()
    return {rule: TargetFacts(SERVICE.attributes[rule], callers[rule]) for rule in callers}
