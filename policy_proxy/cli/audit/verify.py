"""`policy-proxy audit verify`: whether audit files are as the proxy wrote them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from policy_proxy import config
from policy_proxy.audit import keys, logs
from policy_proxy.audit.logs import LogError
from policy_proxy.audit.verify import Chain, Finding, Verification
from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.log_options import progress
from policy_proxy.cli.policy_sources import format_option
from policy_proxy.cli.terminal import printable
from policy_proxy.errors import ConfigurationError

SHOWN = 100
"""Findings that are told; the others are counted."""


class _Told:
    """Findings, as they are found: the first ones are shown at once, or kept for the document."""

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self.count = 0
        self.first: list[Finding] = []

    def add(self, finding: Finding) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(finding)
            if self._at_once:
                click.echo(printable(f"{finding.file}:{finding.number} {finding.why}"))


@click.command(short_help="Find records that were removed, altered, moved or added.")
@click.argument("named", metavar="FILE|DIR|PATTERN...", nargs=-1, required=True)
@click.option(
    "--key-file",
    "key_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="With the keys that sealed them, as [audit] key_file. May come again.",
)
@click.option(
    "--config-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Take the key file that this configuration names.",
)
@click.option(
    "--ended",
    is_flag=True,
    help="The proxy has been stopped: a chain that does not end is a finding too.",
)
@format_option
def verify(
    named: Sequence[str],
    key_files: Sequence[str],
    config_file: str | None,
    form: str,
    *,
    ended: bool,
) -> None:
    """Find every record that was removed, altered, moved, doubled or added since it was written.

    Name all files of a log together, rotated and compressed ones too, in any order; - for standard
    input. Each worker writes a chain of its own. One that has no end still runs, was killed, or has
    lost its last records: --ended says that this must not be.

    Exit code 0; 1 for any finding, for a log without a sealed record, and if a file or a key cannot
    be read; 2 for wrong usage.
    """
    verification = Verification(keys.by_id(_keys(key_files, config_file)))
    told = _Told(at_once=form != "json")
    try:
        files = logs.files(named)
        with progress(logs.size(files)) as tick:
            for line in logs.lines(files, tick):
                for finding in verification.take(line):
                    told.add(finding)
    except LogError as error:
        fail([str(error)])
    findings, chains = verification.finish()
    for finding in findings:
        told.add(finding)
    if form == "json":
        _show_json(files, verification.sealed, told, chains)
    else:
        _show_text(verification.sealed, told, chains)
    left_open = ended and not all(chain.ended for chain in chains)
    sys.exit(1 if told.count or left_open or not verification.sealed else 0)


def _keys(key_files: Sequence[str], config_file: str | None) -> tuple[keys.Key, ...]:
    """
    :raises click.UsageError: if no option names a key file.
    """
    named = list(key_files)
    try:
        if config_file:
            configured = config.read([config_file]).audit.key_file
            named += [configured] if configured else []
        if not named:
            raise click.UsageError("name the key: --key-file, or --config-file with one in it")
        return tuple(key for path in named for key in keys.read(path))
    except ConfigurationError as error:
        fail(error.problems)
    except keys.KeyFileError as error:
        fail([str(error)])


def _show_text(sealed: int, told: _Told, chains: Sequence[Chain]) -> None:
    if told.count > SHOWN:
        click.echo(f"and {told.count - SHOWN} findings more")
    if told.count:
        click.echo()
    for chain in chains:
        click.echo(printable(f"{chain.id}  {_extent(chain)}"))
    click.echo(f"records: {sealed}, chains: {len(chains)}, findings: {told.count}")


def _extent(chain: Chain) -> str:
    begin = "" if chain.first == 0 else ", begun in files that were not named"
    end = "ended" if chain.ended else f"open: still running or killed, at {chain.place}"
    return f"{chain.first} to {chain.next - 1}{begin}, {end}"


def _show_json(files: Sequence[str], sealed: int, told: _Told, chains: Sequence[Chain]) -> None:
    answer = {
        "files": list(files),
        "records": sealed,
        "findings": told.count,
        "found": [each._asdict() for each in told.first],
        "chains": [chain._asdict() for chain in chains],
    }
    click.echo(json.dumps(answer, indent=2))
