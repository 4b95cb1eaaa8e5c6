"""`policy-proxy check`: every problem of configuration and policy at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from policy_proxy import config
from policy_proxy.audit import opening
from policy_proxy.backend.credentials import ServiceCredentials
from policy_proxy.cli.output import fail
from policy_proxy.config import Settings, authtoken, backend, limits
from policy_proxy.config.audit import AuditSettings
from policy_proxy.errors import ConfigurationError, Unavailable
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.source import read
from policy_proxy.telemetry import looks
from policy_proxy.terminals.verdict import without_bodies

SERVERS = (
    *("apache", "caddy", "envoy", "granian", "gunicorn", "haproxy", "in-process", "nginx"),
    *("serve", "traefik", "uwsgi", "waitress"),
)
"""Those of `policy_proxy.cli.servers.every`, which is imported only when one is named."""
_WITHOUT_BACKEND = ("in-process",)


@click.command(short_help="Check configuration, policy files, Keystone, backend and server.")
@click.option("--config-file", required=True, type=click.Path(), help="Configuration to check.")
@click.option(
    "--offline", is_flag=True, help="Look at files only: do not ask Keystone and the backend."
)
@click.option(
    "--server",
    "server",
    type=click.Choice(SERVERS),
    metavar="NAME",
    help=f"Also what in the environment of this server would break what the proxy promises: "
    f"{', '.join(SERVERS)}.",
)
@click.option(
    "--server-config",
    "server_config",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="The server's own configuration, or the systemd unit that starts it; may come again.",
)
def check(
    config_file: str, *, offline: bool, server: str | None, server_config: tuple[str, ...]
) -> None:
    """Check the configuration, the policy files, and that Keystone and the backend answer.

    Prints every problem with its file, option and remedy. Exit code 0: none; 1: some.
    """
    if server_config and server is None:
        raise click.UsageError("--server-config needs --server")
    with_backend = server not in _WITHOUT_BACKEND
    settings, problems = inspected(config_file, offline=offline, with_backend=with_backend)
    notes: Sequence[str] = ()
    if server is not None:
        from policy_proxy.cli.servers.report import report  # noqa: PLC0415  `serve` needs none of it

        files = server_config or ((config_file,) if server in ("granian", "serve") else ())
        told = report(server, files, settings)
        problems += told.problems
        notes = told.notes
    if not problems:
        click.echo(f"{config_file}: good")
    for note in dict.fromkeys(notes):
        if note != f"{config_file}: good":
            click.echo(note)
    if problems:
        fail(problems)


def inspected(
    config_file: str, *, offline: bool, with_backend: bool = True
) -> tuple[Settings, list[str]]:
    """The settings, and every problem of configuration, audit file and policy, a sentence each.

    Ends the command with exit code 1 if there is nothing to look at.

    :param offline: whether Keystone and the backend are left alone.
    :param with_backend: whether `[backend]` is used at all.
    """
    try:
        return looked_at(config_file, offline=offline, with_backend=with_backend)
    except ConfigurationError as error:
        fail(error.problems)


def looked_at(
    config_file: str, *, offline: bool, with_backend: bool = True
) -> tuple[Settings, list[str]]:
    """The same.

    :raises ConfigurationError: if there is nothing to look at.
    """
    settings, found = config.inspect([config_file], with_backend=with_backend)
    found += limits.problems(settings.limits, settings.server.threads)
    found += _audit_problems(settings.audit)
    if not offline:
        found += _remote_problems(settings, found, with_backend=with_backend)
    return settings, [*config.named(settings, found), *_policy_problems(settings)]


def _policy_problems(settings: Settings) -> list[str]:
    blind = settings.authorizer.front_end and not settings.authorizer.sees_bodies
    attributes = without_bodies(SERVICE).attributes if blind else SERVICE.attributes
    try:
        build(read(settings.policy), settings.policy, SERVICE.defaults, attributes)
    except PolicyError as error:
        return error.problems
    return []


def _audit_problems(settings: AuditSettings) -> list[str]:
    path = settings.file
    if path is None:
        return []
    folder = Path(path).parent
    if not folder.is_dir():
        return [f"[audit] file = {path}: the folder {folder} does not exist: create it"]
    if Path(path).is_dir():
        return [f"[audit] file = {path} is a folder: name a file in it"]
    if not os.access(path if Path(path).exists() else folder, os.W_OK):
        return [f"[audit] file = {path} cannot be written: check its owner and mode"]
    return opening.problems_of(path, settings)


def _remote_problems(settings: Settings, found: list[str], *, with_backend: bool) -> list[str]:
    """What is wrong with what the good sections lead to; nobody is asked by a bad one."""
    problems = []
    forwards = with_backend and not settings.authorizer.front_end
    if forwards and _is_good(backend.GROUP, found):
        problems.append(looks.backend(settings.backend)())
    if _is_good(authtoken.GROUP, found) and _is_good(authtoken.login_group(settings.conf), found):
        keystone = looks.keystone(settings.conf)()
        users = [] if keystone else [user for user in _users(settings) if _is_good(user, found)]
        problems += [keystone, *(_login_problem(settings, user) for user in users)]
    return [problem for problem in problems if problem]


def _is_good(section: str, found: list[str]) -> bool:
    return not any(problem.startswith(f"[{section}] ") for problem in found)


def _users(settings: Settings) -> list[str]:
    """The sections with users of the proxy: who validates tokens, and whose token goes out."""
    forwards = not settings.authorizer.front_end and settings.backend.credentials == "service"
    service = [settings.backend.auth_section] if forwards else []
    return sorted({authtoken.GROUP, *service})


def _login_problem(settings: Settings, user: str) -> str:
    """Why the user of this section gets no token; the empty text if it gets one."""
    try:
        ServiceCredentials(settings.conf, user).token()
    except Unavailable as error:
        why = str(error.__cause__).rstrip(".")
        remedy = "auth_url, user name, password (with $$ for each $ in it), project and domains"
        return f"[{user}] the proxy's user gets no token: {why}: check {remedy}"
    return ""
