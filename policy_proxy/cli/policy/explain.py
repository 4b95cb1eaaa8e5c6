"""`policy-proxy policy explain`: why a caller may or may not, and what would be enough."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import click

from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.answer import Answer, answered
from policy_proxy.cli.policy.caller import identity_of_token
from policy_proxy.cli.policy.explain_output import show_json, show_open, show_text
from policy_proxy.cli.policy.past import Past, past
from policy_proxy.cli.policy.question import Question, by_route, by_rule
from policy_proxy.cli.policy_sources import format_option, policy_options, snapshot_from
from policy_proxy.model import Identity
from policy_proxy.policy.snapshot import PolicySnapshot

_ROUTE = 2


@click.command(short_help="Explain why a request is allowed or denied.")
@click.argument("asked", nargs=-1, metavar="OPERATION | METHOD PATH")
@click.option("--role", "roles", multiple=True, help="A role of the caller; can be repeated.")
@click.option("--service-role", "service_roles", multiple=True, help="One of a service token.")
@click.option("--user", "user_id", default="", metavar="ID", help="The caller.")
@click.option("--project", "project_id", default="", metavar="ID", help="The token's project.")
@click.option("--domain", "domain_id", default="", metavar="ID", help="The token's domain.")
@click.option("--system", is_flag=True, help="The token is for the system.")
@click.option(
    "--token-file",
    type=click.File("rb"),
    help="A token instead, which the Keystone of --config-file validates. - reads it from stdin.",
)
@click.option(
    "--target", "given", multiple=True, metavar="NAME=VALUE", help="An attribute of the target."
)
@click.option("--request-id", metavar="ID", help="Explain this past request, from --log.")
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="FILE|DIR|PATTERN",
    help="Audit records, as policy replay takes them. May come again.",
)
@policy_options
@format_option
def explain(
    asked: Sequence[str],
    given: Sequence[str],
    token_file: BinaryIO | None,
    request_id: str | None,
    logs: Sequence[str],
    config_file: str | None,
    policies: Sequence[str],
    form: str,
    *,
    enforce_new_defaults: bool | None,
    **who: Any,
) -> None:
    """Explain what policy says to a request: each check with its value, where each rule stands,
    and, of a denial, the smallest changes that would be enough.

    The request is named by its OPERATION (a rule, such as placement:usages or just usages) or by
    METHOD PATH, such as GET '/usages?project_id=alpha'. Without further options nobody asks.

    Exit code 0: allowed; 1: denied, or there is no answer; 2: wrong usage.
    """
    named = [asked, given, token_file, *who.values()]
    if bool(request_id) is not bool(logs) or (request_id and any(named)):
        raise click.UsageError("--request-id and --log go together, and without another question")
    snapshot = snapshot_from(config_file, policies, enforce_new_defaults=enforce_new_defaults)
    if request_id:
        answer = _of_past(snapshot, past(logs, request_id))
    else:
        question = _question(snapshot, asked)
        if not question.rule:
            show_open(question, form)
            return
        identity = _identity(token_file, config_file, who)
        answer = _of_now(snapshot, question, identity, given)
    (show_json if form == "json" else show_text)(answer)
    sys.exit(0 if answer.allowed else 1)


def _question(snapshot: PolicySnapshot, asked: Sequence[str]) -> Question:
    words = asked[0].split() if len(asked) == 1 else asked  # one word for the shell, perhaps
    if len(words) == 1 and not words[0].isupper():  # a method without its path is no rule
        return by_rule(words[0], snapshot.rules)
    if len(words) == _ROUTE:
        return by_route(*words)
    raise click.UsageError("name one OPERATION, or METHOD PATH, or --request-id and --log")


def _identity(token_file: BinaryIO | None, config_file: str | None, who: Any) -> Identity:
    """
    :param who: the options that describe the caller.
    """
    if token_file is not None:
        if any(who.values()):
            raise click.UsageError(
                "--token-file says who asks: leave out what describes the caller"
            )
        if config_file is None:
            raise click.UsageError(
                "--token-file needs --config-file, to know which Keystone to ask"
            )
        return identity_of_token(token_file, config_file)
    scopes = [who[name] for name in ("project_id", "domain_id", "system")]
    if sum(map(bool, scopes)) > 1:
        raise click.UsageError("a token has one scope: --project, --domain or --system")
    system = "all" if who.pop("system") else ""
    return Identity(**who, system_scope=system, is_admin_project=True)


def _of_now(
    snapshot: PolicySnapshot, question: Question, identity: Identity, given: Sequence[str]
) -> Answer:
    pairs = [pair.partition("=") for pair in given]
    if not all(equals for _, equals, _ in pairs):
        raise click.UsageError("--target wants NAME=VALUE, such as --target project_id=alpha")
    attributes = {name: value for name, _, value in pairs}
    target = question.target(identity, attributes)
    return answered(snapshot, question, identity, target, question.own())


def _of_past(snapshot: PolicySnapshot, request: Past) -> Answer:
    if not request.revision:
        said = f"{request.outcome}, {request.status}"
        fail([f"{request.request_id}: policy was not asked about {request.route} ({said})"])
    if request.rule not in snapshot.rules:
        fail(
            [f"{request.request_id}: this policy has no rule {request.rule}: name that of its time"]
        )
    question = by_rule(request.rule, snapshot.rules)
    mine = {"project_id": request.identity.project_id, "user_id": request.identity.user_id}
    own = {name for name in question.own() if request.target.get(name, "") == mine[name]}
    return answered(snapshot, question, request.identity, request.target, own, request)
