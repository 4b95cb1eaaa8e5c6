"""How a policy command is told which policy it is about, and in which form it answers."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from policy_proxy import config
from policy_proxy.cli.output import fail
from policy_proxy.config import policy as policy_section
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.parts import remote_ask
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import read

Command = Callable[..., Any]

config_file_option = click.option(
    "--config-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Take the policy that this configuration names.",
)
policies_option = click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(exists=True),
    metavar="FILE|DIR",
    help="Take this policy file instead, and these directories (policy_dirs) over it. Without "
    "any, the default rules alone.",
)
new_defaults_option = click.option(
    "--enforce-new-defaults/--no-enforce-new-defaults",
    default=None,
    help="Instead of what the configuration says, or oslo.policy's own default.",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)


def policy_options(command: Command) -> Command:
    """`--config-file`, `--policy` and `--enforce-new-defaults`, as `snapshot_from` takes them."""
    return config_file_option(policies_option(new_defaults_option(command)))


def snapshot_from(
    config_file: str | None = None,
    policies: Sequence[str] = (),
    *,
    enforce_new_defaults: bool | None = None,
) -> PolicySnapshot:
    """The policy that the options name. Ends the command with exit code 1 if it is not good.

    :param config_file: where `[oslo_policy]` and `[policy]` are read; None for their defaults.
    :param policies: at most one policy file, and directories, instead of the configured ones.
    :param enforce_new_defaults: instead of the configured value.
    :raises click.UsageError: for more than one policy file.
    """
    try:
        settings = settings_from(config_file, policies, enforce_new_defaults=enforce_new_defaults)
        snapshot = build(read(settings), settings, SERVICE.defaults, SERVICE.attributes)
    except ConfigurationError as error:
        fail(error.problems)
    return replace(snapshot, ask=remote_ask(settings))


def settings_from(
    config_file: str | None, policies: Sequence[str], *, enforce_new_defaults: bool | None
) -> PolicySettings:
    """What `snapshot_from` builds by.

    :raises ConfigurationError: if the configuration cannot be read.
    :raises click.UsageError: for more than one policy file.
    """
    if config_file:
        settings = config.read([config_file]).policy
    else:
        settings = policy_section.read(config.parse([]))
    if policies or not config_file:
        settings = _with_files(settings, policies)
    if enforce_new_defaults is not None:
        settings = replace(settings, enforce_new_defaults=enforce_new_defaults)
    return settings


def _with_files(settings: PolicySettings, policies: Sequence[str]) -> PolicySettings:
    """The empty name is no file's: without a policy file, the default rules remain."""
    folders = tuple(path for path in policies if Path(path).is_dir())
    files = [path for path in policies if path not in folders]
    if len(files) > 1:
        names = ", ".join(map(os.fspath, files))
        raise click.UsageError(f"more than one policy file ({names}): put them into a directory")
    return replace(settings, file="".join(files), dirs=folders, require_file=bool(files))


def no_such_rule(name: str, known: Iterable[str]) -> NoReturn:
    """
    :raises click.UsageError: always, with the nearest name.
    """
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else "see policy-proxy policy show"
    raise click.UsageError(f"there is no rule {name!r}: {hint}")
