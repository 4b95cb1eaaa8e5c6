"""`policy-proxy policy suggest`: what a policy would have to say to allow what was used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import click

from policy_proxy.audit.reading import Kind
from policy_proxy.cli.output import fail
from policy_proxy.cli.policy import suggest_output
from policy_proxy.cli.policy.log_options import bodies, listed, log_option, read_logs
from policy_proxy.cli.policy.own import own
from policy_proxy.cli.policy_sources import policy_options, settings_from
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.model import Identity, Target
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import OWNER, optional
from policy_proxy.policy.build import build
from policy_proxy.policy.lint import findings
from policy_proxy.policy.lint.findings import Linted
from policy_proxy.policy.source import Sources, read
from policy_proxy.policy.suggest import never
from policy_proxy.policy.suggest.files import NotSuggested, Suggested, suggested
from policy_proxy.policy.suggest.narrow import Suggestion, Wishes, suggestions
from policy_proxy.policy.suggest.usage import Usage

_NEW = "policy.yaml"
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS = {
    "table": suggest_output.table,
    "json": suggest_output.as_json,
    "diff": suggest_output.only_diff,
}


@click.command(short_help="Suggest the least policy that allows what was used.")
@log_option
@policy_options
@click.option(
    "--by",
    type=click.Choice(["account", "role"]),
    default="account",
    show_default=True,
    help="Whether rules that only service accounts used name these, or roles alone.",
)
@click.option(
    "--service-role",
    "service_roles",
    multiple=True,
    default=["service"],
    show_default=True,
    help="Whoever has this role is a service account. May come again.",
)
@click.option(
    "--keep-unused", is_flag=True, help="Leave rules as they are that were not used at all."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    default="table",
    show_default=True,
    help="For people, for programs, or the diff alone.",
)
def suggest(
    named: Sequence[str],
    config_file: str | None,
    policies: Sequence[str],
    by: str,
    service_roles: Sequence[str],
    form: str,
    *,
    enforce_new_defaults: bool | None,
    keep_unused: bool,
) -> None:
    """Suggest the least policy that allows what was used, as a diff to review.

    The logs hold audit records (docs/audit.md), rotated and compressed ones too; --policy or
    --config-file names the policy that was in force. For each service account and each role it is
    said what was never used. No file is changed.

    Exit code 0; 1 if the policy is not good, a log cannot be read, or none has an audit record, and
    also if a record is broken, or of an unknown version: what it says was used is not known then; 2
    for wrong usage.
    """
    try:
        settings = settings_from(config_file, policies, enforce_new_defaults=enforce_new_defaults)
        sources = read(settings)
        snapshot = build(sources, settings, SERVICE.defaults, SERVICE.attributes)
    except ConfigurationError as error:
        fail(error.problems)
    usage = Usage(snapshot, bodies(), service_roles)
    files, unread = read_logs(named, usage.take)
    if not usage.records:
        fail([f"no audit record in {listed(files)}: of nothing, nothing follows"])
    found = suggestions(usage, Wishes(by == "account", keep_unused))
    made = _made(sources, settings, usage, found)
    accounts, roles = never.of_accounts(usage, _own), never.of_roles(usage)
    _FORMS[form](suggest_output.Shown(files, unread, usage, found, accounts, roles, sources, made))
    if lost := unread[Kind.BROKEN].count + unread[Kind.VERSION].count:
        fail([f"records not understood: {lost}, as told above. What they used counts as not used"])


def _made(
    sources: Sources, settings: PolicySettings, usage: Usage, found: Sequence[Suggestion]
) -> Suggested:
    """The files that say what was found; ends the command if there can be none."""
    silence = _silence(usage.first[:10], usage.last[:10])
    lint = partial(_lint, settings=settings)
    try:
        return suggested(sources, usage.snapshot, found, lint, silence, _new(settings))
    except (NotSuggested, ConfigurationError) as error:
        fail([f"no policy file could be suggested: {line}" for line in str(error).splitlines()])


def _silence(first: str, last: str) -> str:
    """Why a rule may allow nobody. It goes into a file: of the log, dates alone may get there."""
    if _DATE.fullmatch(first) and _DATE.fullmatch(last):
        return f"not used from {first} to {last}"
    return "not used in the log"


def _lint(sources: Sources, settings: PolicySettings) -> Linted:
    service = findings.Service(SERVICE.defaults, SERVICE.attributes, own(), optional())
    return findings.lint(sources, settings, service)


def _new(settings: PolicySettings) -> str:
    return settings.file or _NEW


def _own(rule: str, identity: Identity) -> Target:
    """Of the attributes of a target, those that can be the caller's own."""
    given = {name: getattr(identity, name) for name in OWNER}
    return {name: given[name] for name in OWNER if given[name] and name in _supplied(rule)}


def _supplied(rule: str) -> frozenset[str]:
    return SERVICE.attributes[rule]
