"""The cases: one small file each, below cases/, in a folder a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DIRECTORY = Path(__file__).parent / "cases"
POLICIES = "5-policy"
UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"
NO_ANSWER = 0
"""Stands in `status` for a connection that ends without an answer."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a case.

    :param outcome: `refused`: nothing reaches the backend. `served`: exactly one request does, read
        by Placement as it was decided. `either`: one of the two.
    :param status: the statuses that the client may see first.
    :param why: for a server that answers otherwise than the others, why it does.
    """

    outcome: str
    status: frozenset[int]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """
    :param name: folder and file, without the suffix.
    :param guards: what would be broken if it came through.
    :param source: where it comes from: a CVE, an RFC, a library that was measured.
    :param who: whose token goes with it: `admin`, `reader`, `service` or `nobody`.
    :param sent: how the request is made: see `harness` in request.py.
    :param half_close: whether the client ends its side after what it sent.
    :param answer: what the backend says to it, instead of a good answer.
    :param hides: what no answer to the client may hold.
    :param shows: what the answer must hold.
    :param elsewhere: for servers that answer otherwise, by their name.
    """

    name: str
    guards: str
    source: str
    who: str
    sent: Mapping[str, Any]
    expected: Expected
    half_close: bool = False
    answer: bytes | None = None
    hides: Sequence[str] = ()
    shows: Sequence[str] = ()
    elsewhere: Mapping[str, Expected] = field(default_factory=dict)

    def expected_of(self, target: str) -> Expected:
        return self.elsewhere.get(target, self.expected)


_HOW = {"raw", "method", "target", "version", "headers", "body", "only"}
_MORE = {"guards", "source", "who", "outcome", "status", "half_close", "answer", "hides", "shows"}


@cache
def cases() -> tuple[Case, ...]:
    """All of them, in the order of their names."""
    return tuple(
        _read(path) for path in sorted(DIRECTORY.glob("*/*.yaml")) if path.parent.name != POLICIES
    )


def _read(path: Path) -> Case:
    given = yaml.load(path.read_text(), yaml.CSafeLoader)
    unknown = given.keys() - _HOW - _MORE - {"servers"}
    assert not unknown, f"{path}: unknown {', '.join(sorted(unknown))}"
    answer = given.get("answer")
    return Case(
        name=f"{path.parent.name}/{path.stem}",
        guards=given["guards"],
        source=given["source"],
        who=given.get("who", "admin"),
        sent={name: value for name, value in given.items() if name in _HOW},
        expected=_expected(given),
        half_close=given.get("half_close", False),
        answer=None if answer is None else bytes_of(answer),
        hides=given.get("hides", ()),
        shows=given.get("shows", ()),
        elsewhere={
            name: _expected({"outcome": given["outcome"], **other})
            for name, other in given.get("servers", {}).items()
        },
    )


def _expected(given: Mapping[str, Any]) -> Expected:
    status = given["status"]
    several = status if isinstance(status, list) else [status]
    outcome = given["outcome"]
    assert outcome in ("refused", "served", "either"), outcome
    return Expected(outcome, frozenset(several), given.get("why", ""))


def bytes_of(text: Any) -> bytes:
    """A text of a case as it goes over the wire: each character is the byte of its number.

    Instead of a text there may be a list of pieces, `{repeat: text, times: number}` among them, and
    `{hex: digits}`.
    """
    if isinstance(text, str):
        return text.encode("latin-1")
    if isinstance(text, list):
        return b"".join(map(bytes_of, text))
    if "hex" in text:
        return bytes.fromhex(text["hex"])
    return bytes_of(text["repeat"]) * int(text["times"])
