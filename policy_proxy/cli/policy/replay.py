"""`policy-proxy policy replay`: recorded requests under another policy."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from policy_proxy.cli.policy.log_options import bodies, log_option, read_logs, unsure
from policy_proxy.cli.policy.replay_output import Replayed, show_json, show_text
from policy_proxy.cli.policy_sources import format_option, policy_options, snapshot_from
from policy_proxy.policy.replay.replay import Replay


@click.command(short_help="Decide recorded requests again, by another policy.")
@log_option
@policy_options
@click.option(
    "--fail-on",
    type=click.Choice(["gain", "loss", "any"]),
    help="Exit with 1 if a request would newly be allowed, newly be denied, or either; also if a "
    "record is broken, of an unknown version, or cannot be decided, or if nothing was decided.",
)
@format_option
def replay(
    named: Sequence[str],
    config_file: str | None,
    policies: Sequence[str],
    fail_on: str | None,
    form: str,
    *,
    enforce_new_defaults: bool | None,
) -> None:
    """Decide every recorded request again: say which would newly be allowed or denied.

    The logs hold audit records (docs/audit.md), rotated and compressed ones too. Each record is
    decided by the policy of --policy or --config-file, and compared with what was decided then.

    Exit code 0; 1 for what --fail-on names, and if the policy is not good or a log cannot be read;
    2 for wrong usage.
    """
    snapshot = snapshot_from(config_file, policies, enforce_new_defaults=enforce_new_defaults)
    replaying = Replay(snapshot, bodies())
    files, unread = read_logs(named, replaying.take)
    found = Replayed(files, snapshot.revision, replaying, unread)
    (show_json if form == "json" else show_text)(found)
    sys.exit(1 if fail_on and _fails(found, fail_on) else 0)


def _fails(found: Replayed, on: str) -> bool:
    replay, flips = found.replay, found.replay.flips
    gained, lost = on != "loss" and flips.gained, on != "gain" and flips.lost
    doubtful = unsure(replay.undecided, found.unread)
    return bool(gained or lost or doubtful or not replay.decided)
