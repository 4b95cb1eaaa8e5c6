"""From a candidate to the policy in force: looked at, asked about, put in its place, waited for."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from policy_proxy import config
from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.diff_output import counts
from policy_proxy.cli.policy.promotion import files
from policy_proxy.cli.policy.promotion.asked import Asked
from policy_proxy.cli.policy.promotion.proposal import Proposal, Step, proposed
from policy_proxy.cli.policy.promotion.proxies import Proxies, every
from policy_proxy.cli.policy.promotion.signals import ending_well
from policy_proxy.cli.policy.promotion.swap import Swap, carry_out
from policy_proxy.cli.terminal import from_here
from policy_proxy.config import Settings
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.history import Entry
from policy_proxy.policy.source import read

_AGREE = 5.0
"""Seconds in which the workers must say that they have the same policy, before anything is done."""
_CUT_SHORT = "the command ended before all workers had reported it; nobody has put it back"


def put_in_force(
    kind: str, asked: Asked, candidate: Callable[[Path], str], looks: Sequence[Step]
) -> None:
    """Look at the candidate, ask, replace the file, and wait for the workers.

    Ends the command with exit code 1 if any of it does not go well.

    :param kind: `promote` or `rollback`.
    :param candidate: gives the path of what is put in force, for the file that it replaces.
    :param looks: what is looked at before anybody is asked, in this order.
    :raises click.UsageError: if there is nobody to ask.
    """
    if not asked.yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: --yes goes on without")
    try:
        settings = config.read([asked.config_file])
        main = files.real(settings.policy.file)
        with ending_well(), files.locked(main):
            file = files.real(asked.file or settings.policy.file)
            _clear_up(main, file, settings)
            proposal = proposed(asked.config_file, settings.policy, asked.file, candidate(file))
            _go_on(kind, asked, settings, proposal, looks)
    except ConfigurationError as error:
        fail(error.problems)
    except OSError as error:
        fail([f"{error.filename or asked.config_file}: {error.strerror or error}"])


def _go_on(
    kind: str, asked: Asked, settings: Settings, proposal: Proposal, looks: Sequence[Step]
) -> None:
    if proposal.changes_nothing:
        click.echo(f"{from_here(proposal.file)} holds just that. Nothing is changed.")
        return
    at = None if asked.no_wait else every(settings.server, asked.urls, asked.workers)
    in_force = _in_force(at, proposal)
    if not all(look(proposal) for look in looks) or proposal.after is None:
        fail([f"{from_here(proposal.candidate)} is not good. Nothing is changed."])
    changes = {} if proposal.changes is None else counts(proposal.changes)
    if not asked.yes:
        click.confirm(f"Put {from_here(proposal.candidate)} in force?", abort=True)
    if read(proposal.settings).revision != proposal.now.revision:
        fail(["the policy files have changed meanwhile. Nothing is changed: start again"])
    main, before = files.real(proposal.settings.file), proposal.now.revision
    entry = _entry(kind, main, proposal.file, (before, proposal.after.revision), changes, at)
    old = dict(proposal.now.files)[proposal.file]
    swap = Swap(main, files.real(proposal.file), old, proposal.content, in_force, entry)
    carry_out(swap, at, asked.patience(settings.policy.watch_interval))


def _in_force(at: Proxies | None, proposal: Proposal) -> str:
    """The revision that the workers have in force: the one that the files make, if they are good.

    :raises ConfigurationError: if they do not agree on that.
    """
    if at is None:
        return proposal.now.revision
    try:
        revision = at.in_force(_AGREE)
    except ConfigurationError as error:
        remedy = "start it, or see --url and --workers; --no-wait replaces the file without asking"
        raise ConfigurationError([*error.problems, f"nothing is changed: {remedy}"]) from None
    if proposal.before and revision != proposal.before.revision:
        has = f"{at.url} has revision {revision or 'none'} in force"
        remedy = "wait until it has read them, or see [oslo_policy] of its configuration"
        raise ConfigurationError([f"{has}, and the files are {proposal.before.revision}: {remedy}"])
    return revision


def _clear_up(main: Path, file: Path, settings: Settings) -> None:
    """After a command that was killed, or a machine that went down."""
    if not files.is_unfinished(file):
        return
    now = read(settings.policy).revision
    last = next(reversed(files.remembered(main)[0]), None)
    if last is None or last.after != now:  # otherwise it had come to its end
        entry = _entry("interrupted", main, str(file), ("", now), {}, None, _CUT_SHORT)
        files.remember(main, entry)
        shown = from_here(str(file))
        click.echo(
            f"{shown} was replaced by a command that was cut short: see policy log", err=True
        )


def _entry(
    kind: str,
    main: Path,
    file: str,
    revisions: tuple[str, str],
    changes: Mapping[str, int],
    at: Proxies | None,
    reason: str = "",
) -> Entry:
    """What is remembered, with who does it and when."""
    before, after = revisions
    return Entry(
        time=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        kind=kind,
        user=_user(),
        sudo_user=os.environ.get("SUDO_USER", ""),
        host=socket.gethostname(),
        file=os.path.relpath(file, main.parent),
        before=before,
        after=after,
        changes=changes,
        workers=at.workers if at else 0,
        reason=reason,
    )


def _user() -> str:
    """The process's user: by name, or by number where there is no name."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
