"""What the commands that replace a policy file are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

SPARE = 10.0
"""Seconds beside the two looks that a worker takes to see a change."""

Command = Callable[..., Any]

config_option = click.option(
    "--config-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False),
    help="The proxy's configuration, which names the policy.",
)
_OPTIONS = (
    config_option,
    click.option(
        "--file",
        type=click.Path(exists=True, dir_okay=False),
        help="The file of the policy that is replaced: policy_file, or one in policy_dirs.  "
        "[default: policy_file]",
    ),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option(
        "--no-wait", is_flag=True, help="Replace the file, and do not ask the proxy about it."
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        help="How many workers the proxy has, or each of them, instead of [server] workers.",
    ),
    click.option(
        "--url",
        "urls",
        multiple=True,
        help="Scheme, host and port of the proxy, instead of what [server] says. May come again, "
        "for proxies that read the same files.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help=f"How long workers may take, instead of two watch_intervals and {SPARE:g} seconds.",
    ),
)


def options(command: Command) -> Command:
    """Of `promote` and `rollback`; those of `Asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Patience:
    """How long it is waited for workers, in seconds.

    :param there: until all have reported the new policy.
    :param settle: before they are asked about the old one that was put back: who is just about to
        take the new one has then seen that as well.
    :param back: until all have reported the old one.
    """

    there: float
    settle: float
    back: float


@dataclass(frozen=True, slots=True)
class Asked:
    """See the options' help."""

    config_file: str
    file: str | None
    yes: bool
    no_wait: bool
    workers: int | None
    urls: tuple[str, ...]
    timeout: float | None

    def patience(self, watch_interval: float) -> Patience:
        looks = 2 * watch_interval
        usual = looks + SPARE
        there = self.timeout or usual
        return Patience(there, min(looks, SPARE), max(there, usual))
