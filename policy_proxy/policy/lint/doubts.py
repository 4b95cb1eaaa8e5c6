"""Single checks that can be evaluated, but are hardly written as they are meant."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_policy import _checks, policy

from policy_proxy.policy.checks import leaves
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule

_BRACES = re.compile(r"\{[\w.]+\}")
_NAMED = re.compile(r"%\([^()]+\)s")
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU")
"""Those that share the shapes of letters, by the names that begin the names of their characters:
https://www.unicode.org/reports/tr39/#Confusable_Detection. Scripts such as Japanese are written
together with Latin letters, and look like none of them.
"""


def problems(checks: Mapping[str, Any], rules: Mapping[str, Rule]) -> Iterator[Problem]:
    """
    :param checks: the check tree of each rule by name.
    :param rules: where they stand.
    """
    for name, check in checks.items():
        rule = rules[name]
        for leaf in leaves(check):
            if type(leaf) in (_checks.RoleCheck, _checks.GenericCheck):
                for code, text, remedy in _doubts(leaf):
                    yield Problem(code, rule.file, rule.line, rule.name, text, remedy)


def _doubts(leaf: policy.Check) -> Iterator[tuple[str, str, str]]:
    why = _reference_meant(leaf)
    if why:
        text = f"compares with a text where an attribute may be meant ({leaf}: {why})"
        yield "PP212", text, "write %(name)s for an attribute of the target"
    for written in _texts(leaf):
        why = _looks_like_another(written)
        if why:
            text = f"compares with a text that may look like another one ({leaf}: it {why})"
            yield "PP213", f"{text}", "type it anew, in the letters of one script"
        if "*" in written:
            text = f"compares with a text that looks like a pattern ({leaf}: * stands for itself)"
            yield "PP215", text, "name each value that is meant, joined by or"


def _reference_meant(leaf: policy.Check) -> str:
    if "%%(" in leaf.match:
        return "%% is a percent sign"
    if _BRACES.search(leaf.match):
        return "braces are part of the text"
    if leaf.kind not in ("role", *LISTS) and leaf.match in TEXTS:
        return "it is the name of an attribute"
    return ""


def _texts(leaf: policy.Check) -> Iterator[str]:
    """What is compared as it is written: the right side, and a literal on the left."""
    yield _NAMED.sub("", leaf.match)
    try:
        yield str(ast.literal_eval(leaf.kind))
    except (ValueError, SyntaxError):
        return


def _looks_like_another(text: str) -> str:
    if unicodedata.normalize("NFKC", text) != text:
        return "has characters that look like others, such as wide letters or loose accents"
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in text if char.isalpha()}
    mixed = [script.capitalize() for script in _ALPHABETS if script in scripts]
    return f"mixes {' and '.join(mixed)} letters" if len(mixed) > 1 else ""
