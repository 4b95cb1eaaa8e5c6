"""`policy-proxy check`: every problem of configuration and policy at once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from policy_proxy import config
from policy_proxy.backend.credentials import ServiceCredentials
from policy_proxy.cli.output import fail
from policy_proxy.config import Settings, authtoken
from policy_proxy.errors import ConfigurationError, Unavailable
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.source import read
from policy_proxy.telemetry import looks


@click.command()
@click.option("--config-file", required=True, type=click.Path(), help="Configuration to check.")
@click.option(
    "--offline", is_flag=True, help="Look at files only: do not ask Keystone and the backend."
)
def check(config_file: str, *, offline: bool) -> None:
    """Check the configuration, the policy files, and that Keystone and the backend answer.

    Prints every problem with its file, option and remedy. Exit code 0: none; 1: some.
    """
    try:
        settings = config.read([config_file])
    except ConfigurationError as error:
        fail(error.problems)
    problems = config.problems(settings)
    if not problems and not offline:
        problems = _remote_problems(settings)
    problems += local_problems(settings)
    if problems:
        fail(problems)
    click.echo(f"{config_file}: good")


def local_problems(settings: Settings) -> list[str]:
    """What is wrong with the policy files and the audit file, a sentence each."""
    found = _audit_problems(settings.audit.file)
    try:
        build(read(settings.policy), settings.policy, SERVICE.defaults, SERVICE.attributes)
    except PolicyError as error:
        found += error.problems
    return found


def _audit_problems(path: str | None) -> list[str]:
    if path is None:
        return []
    folder = Path(path).parent
    if not folder.is_dir():
        return [f"[audit] file = {path}: the folder {folder} does not exist: create it"]
    if Path(path).is_dir():
        return [f"[audit] file = {path} is a folder: name a file in it"]
    if not os.access(path if Path(path).exists() else folder, os.W_OK):
        return [f"[audit] file = {path} cannot be written: check its owner and mode"]
    return []


def _remote_problems(settings: Settings) -> list[str]:
    keystone = looks.keystone(settings.conf)()
    found = [keystone, looks.backend(settings.backend)()]
    if not keystone:
        found += [_login_problem(settings, user) for user in _users(settings)]
    return [problem for problem in found if problem]


def _users(settings: Settings) -> set[str]:
    """The sections with users of the proxy: who validates tokens, and whose token goes out."""
    service = {settings.backend.auth_section} if settings.backend.credentials == "service" else ()
    return {authtoken.GROUP, *service}


def _login_problem(settings: Settings, user: str) -> str:
    """Why the user of this section gets no token; the empty text if it gets one."""
    try:
        ServiceCredentials(settings.conf, user).token()
    except Unavailable as error:
        remedy = "check user name, password (with $$ for each $ in it), project and domains"
        return f"[{user}] the proxy's user gets no token: {error.__cause__}: {remedy}"
    return ""
