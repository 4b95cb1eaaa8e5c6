"""One single check: whether it can be evaluated, and whether anybody could ever meet it."""

from __future__ import annotations

import ast
import re
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

from policy_proxy.policy.compiled import text
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nearest import nearest
from policy_proxy.policy.values import Text

_OFFERED = ("role", "rule", *TEXTS, *LISTS)
"""What may be meant by a name that is none. `is_admin_project`, which is true of nearly everyone,
is not offered to whoever writes `is_admin`.
"""
_NO_LITERAL = object()
"""What stands for the value of a left side that is no literal."""
_ANOTHER = re.compile(r"(?<!\w)(role|rule):")


class Fault(NamedTuple):
    """What is wrong with a check string, as the fields of a `Problem`."""

    code: str
    text: str
    remedy: str


def fault(leaf: Any) -> Fault | None:
    """What is wrong with a check of oslo.policy's own that compares two sides."""
    return _evaluation_fault(leaf) or _comparison_fault(leaf)


def _evaluation_fault(leaf: Any) -> Fault | None:
    try:
        text(leaf.match)
        leaf(_Anything(), _Somebody(), None)
    except _NoAttribute as error:
        near = nearest(leaf.kind, _OFFERED)
        remedy = (
            f"did you mean {near}:{leaf.match}?"
            if near
            else f"name one of {', '.join(sorted(_Somebody()))}, or role or rule"
        )
        return Fault("PP116", f"cannot be evaluated ({leaf}: {error})", remedy)
    except Exception as error:  # noqa: BLE001  that it fails, however it does, is the finding
        remedy = (
            "left of the colon goes role, rule, an attribute of the token or a literal, right of "
            "it text or %(name)s"
        )
        return Fault("PP115", f"cannot be evaluated ({leaf}: {error})", remedy)
    return None


def _comparison_fault(leaf: Any) -> Fault | None:
    """A comparison that has one answer, whoever asks for what; where it is no, `not` opens."""
    left, right = _literal(leaf.kind), text(leaf.match)
    if leaf.kind != "role" and "None" in (str(left), leaf.match):
        remedy = "name the value that is meant: what is absent matches nothing here"
        return Fault("PP114", f"compares with None ({leaf})", remedy)
    why = _never_equal(leaf.match) or _never_its_value(leaf.kind, right) or _no_text(left)
    if why:
        remedy = "write the value as it is, without quotes; join checks by and, or"
        return Fault("PP125", f"compares with what nothing equals ({leaf}: it {why})", remedy)
    if left is not _NO_LITERAL and not right.names:
        remedy = f"write {leaf.kind}:%(name)s for an attribute of the target, or @ or !"
        return Fault("PP126", f"compares two texts that are always the same ({leaf})", remedy)
    return None


def _literal(kind: str) -> Any:
    """The value that a literal on the left side stands for."""
    try:
        return ast.literal_eval(kind)
    except ValueError:
        return _NO_LITERAL


def _no_text(left: Any) -> str:
    """Why the text of a literal equals nothing: an attribute of a target is a plain text."""
    if left is _NO_LITERAL:
        return ""
    if not isinstance(left, str | int | float):
        return f"is a {type(left).__name__}, neither a text nor a number"
    why = _never_equal(str(left))
    return f"{why}, on its left" if why else ""


def _never_its_value(kind: str, right: Text) -> str:
    """Why this attribute of a token never has this value."""
    if kind in ("role", *LISTS) and ("," in right.form or ";" in right.form):
        return "has a comma or a semicolon in it, as if there were several"
    fixed = None if right.names else right.filled({})
    if kind == "is_admin_project" and fixed not in (None, "True", "False"):
        return "is neither True nor False"
    if kind in ("system_scope", "system") and fixed not in (None, "all"):
        return "is not all, the one scope that a system has"
    return ""


def _never_equal(value: str) -> str:
    if not value:
        return "is empty"
    if not value.isprintable():
        return "has an invisible character in it"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return "is in quotes, which count as part of the value"
    if _ANOTHER.search(value):
        return "has another check in it"
    if value[-1] in ",;":
        return "ends in a comma or a semicolon, which counts as part of the value"
    return "has an unmatched parenthesis in it" if _unmatched(value) else ""


def _unmatched(match: str) -> bool:
    depths = list(accumulate((char == "(") - (char == ")") for char in match))
    return min(depths) < 0 or depths[-1] > 0


class _NoAttribute(Exception):
    """A check names an attribute that no token has."""


class _Anything(dict[str, str]):
    """A target with every attribute."""

    def __missing__(self, name: str) -> str:
        return "probe"


class _Somebody(dict[str, Any]):
    """Credentials with every attribute. Naming another one is an error: it would never match, and
    under `not` it would always do.
    """

    def __init__(self) -> None:
        super().__init__(dict.fromkeys((*TEXTS, "system"), "probe"))
        self.update({name: ["probe"] for name in LISTS}, is_admin_project=True)

    def __missing__(self, name: str) -> NoReturn:
        raise _NoAttribute(f"no token has an attribute {name}")
