"""Policy files → everything that is wrong with them or worth a look, and the policy that they make.

This one function decides what may be in force: `build` takes the policy from here, or the errors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy import checks, references
from policy_proxy.policy.assembly import Defaults, loaded, snapshot
from policy_proxy.policy.lint import (
    absence,
    doubts,
    names,
    reached,
    renamed,
    supply,
    verdicts,
)
from policy_proxy.policy.lint.discretion import discreet
from policy_proxy.policy.lint.silence import silenced
from policy_proxy.policy.lint.supply import Attributes
from policy_proxy.policy.problem import Problem, errors
from policy_proxy.policy.reader import REFUSED, Rule, parse
from policy_proxy.policy.remote import shown
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources

_CUT_OFF = ("PP103", "PP105", "PP106")
"""Of a file with such an error some rules are not known,"""
_FOR_WHOLE_FILES = ("PP122", "PP205")
"""so that what refers to nothing known, or seems to be of no use, is not to be told."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be known of the service whose policy it is.

    :param defaults: makes its rule defaults.
    :param attributes: what the targets of its operations can have; empty if that is not known.
    :param own: those among them that are always the caller's own, as far as that is known.
    :param optional: those that a request can leave out, as far as that is known. Only warnings
        depend on these two.
    """

    defaults: Defaults
    attributes: Attributes
    own: Attributes = field(default_factory=dict)
    optional: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Linted:
    """
    :param problems: file by file, in the order of their lines.
    :param snapshot: the policy; None if there is an error among the problems.
    """

    problems: tuple[Problem, ...]
    snapshot: PolicySnapshot | None


def lint(
    sources: Sources,
    settings: PolicySettings,
    service: Service,
    in_force: Collection[str] = (),
) -> Linted:
    """Find everything. What the whole policy means is looked at when there is no error before.
    Of URLs only scheme, host and path are told.

    :param in_force: the files that have rules in the policy which this one would replace.
    """
    every, found = _written(sources, settings, in_force)
    rules = {rule.name: rule for rule in every}
    registered = service.defaults()
    found += names.problems(rules, registered, settings.default_rule)
    found += _overridden(every, settings.file)
    broken = {problem.rule for problem in errors(found)}
    overrides = {
        name: policy.RuleDefault(name, REFUSED if name in broken else rule.check)
        for name, rule in rules.items()
    }
    trees = {rule.name: rule.check for rule in (*registered, *overrides.values())}
    found += references.problems(trees, rules)
    found += doubts.problems({name: rule.check for name, rule in overrides.items()}, rules)
    if any(problem.code in _CUT_OFF for problem in found):
        found = [problem for problem in found if problem.code not in _FOR_WHOLE_FILES]
    made = None
    if not errors(found):
        made, more = _together(overrides, rules, settings, service, sources.revision)
        unused = {problem.rule for problem in found if problem.code == "PP205"}
        found += [p for p in more if p.code != "PP205" or p.rule not in unused]
    complete = made is not None
    found = silenced(found, sources.files, complete=complete)
    problems = _in_order(discreet(found, every, registered), sources)
    return Linted(problems, None if errors(problems) else made)


def _together(
    overrides: Mapping[str, policy.RuleDefault],
    rules: Mapping[str, Rule],
    settings: PolicySettings,
    service: Service,
    revision: str,
) -> tuple[PolicySnapshot | None, list[Problem]]:
    """The policy that good rules make over the defaults, None if it has an error; what is found."""
    registered = service.defaults()
    enforcer = loaded(overrides, settings, registered)
    taken = renamed.taken(rules, registered, enforcer)
    # A default that was renamed takes the check of its old name: a circle may close only here.
    found = [*references.problems(enforcer.rules, {**rules, **taken}), *renamed.problems(taken)]
    if errors(found):
        return None, found
    made = snapshot(enforcer, rules, revision)
    return made, [*found, *_meaning(made, taken, settings, service)]


def _written(
    sources: Sources, settings: PolicySettings, in_force: Collection[str]
) -> tuple[list[Rule], list[Problem]]:
    """Every rule of every file, and what is to be said of each by itself."""
    every: list[Rule] = []
    found = list(sources.problems)
    for file, content in sources.files:
        parsed = parse(file, content)
        every += parsed.rules.values()
        found += [_emptied(p) if file in in_force else p for p in parsed.problems]
    for rule in every:
        for fault in checks.faults(rule.check, allow_remote=settings.allow_remote_checks):
            found.append(Problem(fault.code, rule.file, rule.line, rule.name, *fault[1:]))
    return every, found


def _emptied(problem: Problem) -> Problem:
    """Where a file has rules in force, comments alone are no wish for the defaults."""
    if problem.code != "PP201":
        return problem
    text = "holds comments only, while rules of it are in force"
    return replace(problem, code="PP110", text=text)


def _overridden(every: Iterable[Rule], main: str) -> Iterator[Problem]:
    """To lay rules over those of the policy file is what directories are for; but not over each
    other.
    """
    last: dict[str, Rule] = {}
    for rule in every:
        other = last.get(rule.name)
        if other and other.file not in (main, rule.file):
            text = f"overrides the one of {other.file}:{other.line}"
            yield Problem("PP206", rule.file, rule.line, rule.name, text, "keep one of them")
        last[rule.name] = rule


def _meaning(
    made: PolicySnapshot, taken: Mapping[str, Rule], settings: PolicySettings, service: Service
) -> Iterator[Problem]:
    """
    :param taken: the rules of files that are in force under other names, by those names.
    """
    written = {**made.origins, **taken}
    operations = dict.fromkeys(service.attributes or made.scopes, frozenset[str]())
    operations |= {name: own for name, own in service.own.items() if name in operations}
    yield from supply.problems(made.rules, written, service.attributes)
    yield from absence.problems(made.rules, written, service.optional)
    yield from verdicts.problems(made, written, operations, settings.default_rule)
    asked = {*operations, settings.default_rule}
    yield from reached.problems(made.rules, made.origins, taken, asked)
    defaults = snapshot(loaded({}, settings, service.defaults()), {}, "").rules
    for rule in made.origins.values():
        if made.rules[rule.name] == defaults.get(rule.name):
            text = "says what its default says"
            yield Problem("PP202", rule.file, rule.line, rule.name, text, "take it away")


def _in_order(found: Iterable[Problem], sources: Sources) -> tuple[Problem, ...]:
    order = {file: place for place, (file, _) in enumerate(sources.files)}
    found = (replace(p, text=shown(p.text), remedy=shown(p.remedy)) for p in found)
    # A directory that is named twice is read twice.
    return tuple(
        sorted(dict.fromkeys(found), key=lambda p: (order.get(p.file, -1), p.file, p.line, p.code))
    )
