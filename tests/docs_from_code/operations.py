"""The operations and their rules: a reference, and a policy file to start from."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import generator

from policy_proxy.model import Operation
from policy_proxy.placement import rules
from policy_proxy.placement.operations import OPERATIONS, PUBLIC
from policy_proxy.placement.targets import ATTRIBUTES

from .markdown import code, document, origin, table

INTRODUCTION = """
# Operations and rules

Each operation of Placement is decided by one oslo.policy rule. The names, the default check strings
and the scope types are Placement's own, so a `policy.yaml` that was written for Placement works
here unchanged. A request for anything that is not in these tables is refused.

The rules come from `policy_proxy/placement/rules`; a test compares them with the installed
openstack-placement. [policies/placement.yaml](../policies/placement.yaml) has all of them, ready to
be edited.
"""

WHO = """
## Who

The rules that the defaults are made of. Here and below, a check string stands in full: each
reference to another rule is replaced by what that rule says.
"""

SCOPE = """
A rule with a scope is for tokens of that scope alone: with any other, such as that of a
system-scoped administrator, the answer is 403 whatever the check string says. A policy file changes
the check string of a rule, never its scope.
"""

ATTRIBUTES_INTRODUCTION = """
## Attributes

What a check string may name as `%(...)s`. An operation supplies the attributes in its row above and
no others. An attribute that is absent or empty matches nothing, not even another absence: with
`project_id:%(project_id)s`, a token without a project never matches.
"""

PUBLIC_INTRODUCTION = """
## Without a token

Version discovery needs no token and has no rule. `GET /healthcheck` is the proxy's own: see
[health.md](health.md).
"""

SAMPLE_HEAD = """\
# Every rule of Placement with its default, as Placement itself has it.
# Written by `make docs` from policy_proxy/placement/rules.
#
# To change a rule, remove the # before it, change what stands in the second pair of quotes, and
# remove the last line of this file. Where [backend] credentials = caller, Placement decides too, by
# its own policy: give it the same file. docs/operations.md says which attributes a rule may name.

"""

SAMPLE_END = """\
# No rule is set above, so the defaults are in force. Remove this line with the first rule you set.
{}
"""


def reference() -> str:
    """docs/operations.md."""
    return document(
        origin("policy_proxy/placement"),
        INTRODUCTION,
        _who(),
        SCOPE,
        *map(_section, rules.NOUNS[1:]),
        ATTRIBUTES_INTRODUCTION,
        table(("Attribute", "Meaning"), [(code(n), a.meaning) for n, a in ATTRIBUTES.items()]),
        PUBLIC_INTRODUCTION,
        "\n".join(f"- `{o.method} {o.template or '(empty path)'}`" for o in PUBLIC),
    )


def sample() -> str:
    """policies/placement.yaml: what oslopolicy-sample-generator gives, with a head and an end."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "sample.yaml")
        options = ["--namespace", "policy-proxy", "--exclude-deprecated"]
        generator.generate_sample([*options, "--output-file", str(written)], conf=cfg.ConfigOpts())
        return SAMPLE_HEAD + written.read_text(encoding="utf-8") + SAMPLE_END


def _who() -> str:
    """The rules that other rules are made of."""
    rows = [
        (code(rule.name), rule.description, code(_expanded(rule.check_str)), _scope(rule))
        for rule in rules.base.list_rules()
    ]
    return document(WHO, table(("Rule", "Meaning", "Check string", "Scope"), rows))


def _section(noun: Any) -> str:
    """All operations of one noun; its module's docstring is `Title: what it is.`"""
    title, _, meaning = noun.__doc__.partition(": ")
    rows = [_row(operation, rule) for rule in noun.list_rules() for operation in _decided_by(rule)]
    head = ("Operation", "Rule", "Meaning", "Who may, by default", "Scope", "Attributes")
    return document(f"## {title}", meaning[:1].upper() + meaning[1:], table(head, rows))


def _row(operation: Operation, rule: Any) -> tuple[str, ...]:
    supplied = [name for name, attribute in ATTRIBUTES.items() if operation in attribute.operations]
    return (
        code(f"{operation.method} {operation.template}"),
        code(rule.name),
        rule.description,
        code(_expanded(rule.check_str)),
        _scope(rule),
        ", ".join(map(code, supplied)) or "none",
    )


def _decided_by(rule: Any) -> Iterator[Operation]:
    return (operation for operation in OPERATIONS if operation.rule == rule.name)


def _scope(rule: Any) -> str:
    return ", ".join(rule.scope_types or ["any"])


def _expanded(check: str) -> str:
    """The check string with each `rule:NAME` replaced by what that rule says."""
    checks = {rule.name: rule.check_str for rule in rules.base.list_rules()}

    def said(found: re.Match[str]) -> str:
        inner = _expanded(checks[found[1]])
        return inner if found[0] == check or " " not in inner else f"({inner})"

    return re.sub(r"rule:(\w+)", said, check)
