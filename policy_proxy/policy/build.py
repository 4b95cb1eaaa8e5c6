"""Policy files → a policy that can be in force, or every reason why not."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings, for_enforcer
from policy_proxy.policy import checks, references
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.problem import PolicyError, Problem
from policy_proxy.policy.reader import REFUSED, Rule, parse
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources

Defaults = Callable[[], list[Any]]
"""Makes a service's oslo.policy rule defaults, fresh at each call."""


def build(sources: Sources, settings: PolicySettings, defaults: Defaults) -> PolicySnapshot:
    """Build the policy whole.

    :raises PolicyError: with every problem found; then nothing was built.
    """
    registered = defaults()
    rules, problems = _rules(sources)
    problems += _unknown(rules, registered, settings.default_rule)
    broken = {problem.rule for problem in problems}
    overrides = {
        name: policy.RuleDefault(name, REFUSED if name in broken else rule.check)
        for name, rule in rules.items()
    }
    both = [*registered, *overrides.values()]
    problems += references.problems({rule.name: rule.check for rule in both}, rules)
    if not problems:
        enforcer = _enforcer(overrides, registered, settings)
        # A default that was renamed takes the check of its old name: a circle may close only here.
        problems += references.problems(enforcer.rules, rules)
    if problems:
        raise PolicyError(problems)
    return PolicySnapshot(
        revision=sources.revision,
        taken_at=time.time(),
        rules=compiled(enforcer),
        scopes=scopes(enforcer),
        origins=rules,
    )


def _rules(sources: Sources) -> tuple[dict[str, Rule], list[Problem]]:
    """The rules of all files, later ones over earlier ones."""
    rules: dict[str, Rule] = {}
    problems = list(sources.problems)
    for file, content in sources.files:
        parsed = parse(file, content)
        rules |= parsed.rules
        problems += parsed.problems
        for rule in parsed.rules.values():
            for fault in checks.faults(rule.check):
                problems.append(Problem(rule.file, rule.line, rule.name, *fault))
    return rules, problems


def _unknown(
    rules: Mapping[str, Rule], registered: list[Any], default_rule: str
) -> Iterator[Problem]:
    """Rules that would have no effect. Other names than the service's are for rules to refer to."""
    old = {default.deprecated_rule.name for default in registered if default.deprecated_rule}
    known = {default.name for default in registered} | old | {default_rule}
    prefixes = {name.partition(":")[0] for name in known if ":" in name}
    used = {word for rule in rules.values() for word in checks.words(rule.check)}
    for name, rule in rules.items():
        ours = name.partition(":")[0] in prefixes
        if name not in known and (ours or f"rule:{name}" not in used):
            yield _nearest(rule, known)


def _nearest(rule: Rule, known: set[str]) -> Problem:
    near = difflib.get_close_matches(rule.name, sorted(known), n=1)
    remedy = f"did you mean {near[0]}?" if near else "correct its name, or take it away"
    return Problem(rule.file, rule.line, rule.name, "is no rule of the service", remedy)


def _enforcer(
    overrides: Mapping[str, Any], registered: list[Any], settings: PolicySettings
) -> policy.Enforcer:
    """A fresh enforcer that has the rules from here, not from files, and reads none later.

    `load_rules` lays the defaults under the rules, as oslo.policy alone knows how to. Its policy
    file is the empty device, so what is in force cannot depend on what a file says meanwhile, nor
    on whether it can be opened.
    """
    enforcer = policy.Enforcer(
        for_enforcer(settings),
        policy_file=os.devnull,
        rules={name: override.check for name, override in overrides.items()},
        default_rule=settings.default_rule,
        overwrite=False,
    )
    enforcer.suppress_default_change_warnings = True  # as Placement itself does
    enforcer.file_rules = dict(overrides)
    enforcer.register_defaults(registered)
    enforcer.load_rules()
    enforcer.set_rules(enforcer.rules, use_conf=False)
    return enforcer
