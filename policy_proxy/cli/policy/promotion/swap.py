"""A policy file takes another's place, and stays there only if every worker has it in force."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from policy_proxy.cli.policy.promotion import files
from policy_proxy.cli.policy.promotion.asked import Patience
from policy_proxy.cli.policy.promotion.proxies import Proxies
from policy_proxy.cli.policy.promotion.signals import deafen, listen
from policy_proxy.cli.terminal import from_here
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.history import Entry


@dataclass(frozen=True, slots=True)
class Swap:
    """
    :param main: the policy's main file, beside which its history is.
    :param file: the one that is replaced.
    :param in_force: the revision that all workers have, and will have again if it fails.
    :param entry: what is remembered if all goes well.
    """

    main: Path
    file: Path
    old: bytes
    new: bytes
    in_force: str
    entry: Entry


def carry_out(swap: Swap, proxies: Proxies | None, patience: Patience) -> None:
    """
    :param proxies: whose workers must report it; None if nobody is asked.
    :raises ConfigurationError: if they have not; then the old file is in its place again.
    :raises OSError: if a file cannot be written; likewise.
    """
    files.make_history(swap.main)
    files.keep(swap.file)
    try:
        files.replace(swap.file, swap.new)
        click.echo(f"{from_here(str(swap.file))} is replaced.")
        if proxies:
            _wait(proxies, swap.entry.after, patience.there)
    except ConfigurationError as error:
        deafen()
        _put_back(swap, "; ".join(error.problems))
        listen()
        raise ConfigurationError([*error.problems, _back(swap, proxies, patience)]) from None
    except BaseException as error:  # Ctrl-C as well: what was in force comes back before it ends
        deafen()
        told = isinstance(error, KeyboardInterrupt)
        _put_back(swap, "the command was told to end" if told else str(error))
        click.echo(f"{from_here(str(swap.file))} is as it was before.", err=True)
        raise
    deafen()
    files.remember(swap.main, swap.entry)
    files.confirm(swap.file)


def _wait(proxies: Proxies, revision: str, timeout: float) -> None:
    said = "the only worker" if proxies.workers == 1 else f"all {proxies.workers} workers"
    click.echo(f"Waiting for {said} of {proxies.url}.")
    proxies.wait_for(revision, timeout)
    click.echo(f"Revision {revision} is in force in {said}.")


def _put_back(swap: Swap, reason: str) -> None:
    if swap.file.read_bytes() != swap.old:
        files.replace(swap.file, swap.old)
    files.forget(swap.file)
    with suppress(OSError):  # there are worse things to tell
        files.remember(swap.main, replace(swap.entry, kind="failed", workers=0, reason=reason))


def _back(swap: Swap, proxies: Proxies | None, patience: Patience) -> str:
    """What has become of the policy before."""
    shown = from_here(str(swap.file))
    try:
        if proxies:
            time.sleep(patience.settle)
            proxies.wait_for(swap.in_force, patience.back)
    except ConfigurationError as error:
        why = "; ".join(error.problems)
        return f"{shown} is as it was before, but it was not seen in force again: {why}"
    return f"{shown} is as it was before, and revision {swap.in_force} in force in all workers"
