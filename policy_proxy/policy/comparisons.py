"""One single check: whether it can be evaluated, and whether anybody could ever meet it."""

from __future__ import annotations

import ast
import re
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

from policy_proxy.policy.compiled import text
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nearest import nearest

_OFFERED = ("role", "rule", *TEXTS, *LISTS)
"""What may be meant by a name that is none. `is_admin_project`, which is true of nearly everyone,
is not offered to whoever writes `is_admin`.
"""
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
    """A comparison that holds for nobody, whoever asks; and under `not` for everybody."""
    if leaf.kind != "role" and "None" in (_literal(leaf.kind), leaf.match):
        remedy = "name the value that is meant: what is absent matches nothing here"
        return Fault("PP114", f"compares with None ({leaf})", remedy)
    why = _never_equal(leaf.match)
    if not why and leaf.kind == "is_admin_project" and leaf.match not in ("True", "False"):
        why = "is neither True nor False" if "%" not in leaf.match else ""
    if why:
        remedy = "write the value as it is, without quotes; join checks by and, or"
        return Fault("PP125", f"compares with what nothing equals ({leaf}: it {why})", remedy)
    return None


def _literal(kind: str) -> str:
    """The text that a literal on the left side stands for; for anything else itself."""
    try:
        return str(ast.literal_eval(kind))
    except ValueError:
        return kind


def _never_equal(match: str) -> str:
    if not match:
        return "is empty"
    if not match.isprintable():
        return "has an invisible character in it"
    if len(match) > 1 and match[0] == match[-1] and match[0] in "'\"":
        return "is in quotes, which count as part of the value"
    if _ANOTHER.search(match):
        return "has another check in it"
    return "has an unmatched parenthesis in it" if _unmatched(match) else ""


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
