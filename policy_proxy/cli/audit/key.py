"""`policy-proxy audit key`: a new key to seal audit records with."""

from __future__ import annotations

import click

from policy_proxy.audit import keys


@click.command(short_help="Print a new key for [audit] key_file.")
def key() -> None:
    """Print a new key for [audit] key_file: 32 random bytes in hexadecimal digits.

    Only the proxy's user may read that file: umask 077 before it is written. To change keys, put
    the new one above the others, and restart the proxy.
    """
    click.echo(keys.made())
