"""One check string: whether oslo.policy understands it, and whether it can be evaluated at all.

oslo.policy logs what it cannot parse and goes on with "nobody" in its place, which `not` turns into
"everybody"; and a check that is malformed within raises only when a request meets it. Both are
found here, before the rule is in force.
https://docs.openstack.org/oslo.policy/latest/reference/api/oslo_policy.policy.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from oslo_policy import _checks, policy  # some classes of checks have no public name

from policy_proxy.policy import remote
from policy_proxy.policy.compiled import text
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nearest import nearest

MAX_DEPTH = 100
"""Most checks within each other, every reference followed."""

_CONNECTIVES = ("and", "or", "not")
_MARKS = ("(", ")", "!", "@")
_OFFERED = ("role", "rule", *TEXTS, *LISTS)
"""What may be meant by a name that is none. `is_admin_project`, which is true of nearly everyone,
is not offered to whoever writes `is_admin`.
"""


class Fault(NamedTuple):
    """What is wrong with a check string, as the fields of a `Problem`."""

    code: str
    text: str
    remedy: str


def faults(check_string: str, *, allow_remote: bool = False) -> list[Fault]:
    """Everything that is wrong with a check string by itself, whatever other rules there are.

    :param allow_remote: whether `http:` and `https:` checks with a fixed URL may be used.
    """
    split = list(words(check_string))
    unknown = [fault for fault in map(_word_fault, split) if fault]
    if unknown:
        return unknown
    if not _well_formed(split):
        remedy = "join checks by and, or, not; close every parenthesis; write %(name)s in full"
        return [Fault("PP111", f"cannot be parsed: {check_string!r}", remedy)]
    try:
        tree = policy.RuleDefault("", check_string).check
        too_deep = depth(tree) > MAX_DEPTH
    except RecursionError:
        too_deep = True
    except Exception as error:  # noqa: BLE001  an extension may refuse what it is given, as it likes
        return [Fault("PP111", f"cannot be parsed ({error})", "write it as the extension wants it")]
    if too_deep:
        remedy = f"keep to {MAX_DEPTH} checks within each other"
        return [Fault("PP112", "is nested too deeply", remedy)]
    found = [_leaf_fault(leaf, allow_remote=allow_remote) for leaf in leaves(tree)]
    return [fault for fault in found if fault]


def leaves(check: Any) -> Iterator[Any]:
    """The single checks of a check tree, such as `role:admin`; without `!` and `@`."""
    if isinstance(check, policy.Check):
        yield check
    for part in _parts(check):
        yield from leaves(part)


def depth(check: Any) -> int:
    """How many checks stand within each other at most, this one included."""
    return 1 + max(map(depth, _parts(check)), default=0)


def _parts(check: Any) -> list[Any]:
    if isinstance(check, policy.NotCheck):
        return [check.rule]
    return list(check.rules) if isinstance(check, policy.AndCheck | policy.OrCheck) else []


def words(check_string: str) -> Iterator[str]:
    """As oslo.policy cuts it: at blanks, and at parentheses that begin or end a word."""
    for chunk in check_string.split():
        body = chunk.lstrip("(")
        word = body.rstrip(")")
        yield from "(" * (len(chunk) - len(body))
        if word:
            yield word
        yield from ")" * (len(body) - len(word))


def _word_fault(word: str) -> Fault | None:
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
    if word.lower() in _CONNECTIVES or word in _MARKS or (":" in word and not quoted):
        return None
    remedy = "write role:NAME, rule:NAME or the like"
    return Fault("PP111", f"holds {word!r}, which is no check", remedy)


def _well_formed(split: list[str]) -> bool:
    """Whether the connectives stand where they may. oslo.policy does not tell: it logs a traceback
    and returns "nobody".
    """
    opened, complete = 0, False
    for word in map(str.lower, split):
        if complete and word in ("and", "or"):
            complete = False
        elif complete and word == ")" and opened:
            opened -= 1
        elif not complete and word == "(":
            opened += 1
        elif not complete and word not in ("and", "or", ")"):
            complete = word != "not"
        else:
            return False
    return complete and not opened


def _leaf_fault(leaf: Any, *, allow_remote: bool) -> Fault | None:
    if leaf.kind in remote.KINDS:
        return _remote_fault(leaf, allowed=allow_remote)
    if type(leaf) not in (_checks.RoleCheck, _checks.GenericCheck):
        return None
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
        remedy = "write the value that is meant, as it is, without quotes"
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
    return ""


def _remote_fault(leaf: Any, *, allowed: bool) -> Fault | None:
    if not allowed:
        remedy = "decide by role, project or the like, or set [policy] allow_remote_checks"
        return Fault("PP113", f"asks a remote server ({leaf.kind}:)", remedy)
    fault = remote.fault(str(leaf))
    remedy = "write one https: URL in full"
    return Fault("PP113", f"asks {leaf}, which {fault}", remedy) if fault else None


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
