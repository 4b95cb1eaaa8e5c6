"""A file that is no policy, such as one with passwords in a wrong directory, is not quoted.

Findings go to the log, and to whoever may ask for a detailed health check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from policy_proxy.policy import checks
from policy_proxy.policy.lint.codes import CODES
from policy_proxy.policy.problem import Problem, errors
from policy_proxy.policy.reader import Rule

_NAME = re.compile(r"[\w.-]+(:[\w.-]+)*")
"""Unlike a line of /etc/shadow, of which one may begin with the name of the service."""
_REFERENCE = "rule:"
_REMEDY = "take it away if it is no policy, else see docs/lint-codes.md"


def discreet(
    found: Sequence[Problem], every: Sequence[Rule], registered: Iterable[Any]
) -> list[Problem]:
    """The findings, without names and values where the file has an error and no rule that is meant
    for the service.

    :param every: the rules of all files.
    :param registered: the service's rule defaults.
    """
    suspects = {problem.file for problem in errors(found)} - _policies(found, every, registered)
    return [_unquoted(one) if one.file and one.file in suspects else one for one in found]


def _policies(
    found: Iterable[Problem], every: Iterable[Rule], registered: Iterable[Any]
) -> set[str]:
    """The files with a rule that the service has, or seems to have, or that a rule refers to."""
    registered = list(registered)
    old = [default.deprecated_rule.name for default in registered if default.deprecated_rule]
    names = {*(default.name for default in registered), *old}
    words = (word for rule in every for word in checks.words(rule.check))
    referred = {word.removeprefix(_REFERENCE) for word in words if word.startswith(_REFERENCE)}
    meant = names | referred | {problem.rule for problem in found if problem.code == "PP121"}
    prefixes = {name.partition(":")[0] for name in names if ":" in name}
    return {
        rule.file
        for rule in every
        if _NAME.fullmatch(rule.name)
        and (rule.name in meant or rule.name.partition(":")[0] in prefixes)
    }


def _unquoted(problem: Problem) -> Problem:
    """Findings about the whole file quote nothing of it, and PP124 none but the name `default`."""
    if problem.code == "PP124" or (not problem.rule and problem.code != "PP107"):
        return problem
    text = f"{CODES[problem.code].title}; no rule here is the service's, so none is shown"
    return replace(problem, rule="", text=text, remedy=_REMEDY)
