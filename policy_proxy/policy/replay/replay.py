"""A log of requests under another policy: who would be let in now, and who would be kept out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from policy_proxy.policy.replay.flips import Flips
from policy_proxy.policy.replay.looks import looks
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.remembered import OF_ANOTHER_KIND, Remembered, Undecidable
from policy_proxy.policy.replay.settled import verdict
from policy_proxy.policy.snapshot import PolicySnapshot

Record = Mapping[str, Any]

_said = itemgetter("time", "revision", "outcome")
_ALLOWED = {"denied": False, "allowed": True, "error": True, "rejected": True}
"""What policy had said, by the outcome of a request that it was asked about: one that it let
through can fail later, or be sent back."""


class Replay:
    """Decides recorded requests again.

    :param snapshot: the policy that decides now.
    :param bodies: for the rule of each operation the attributes that come from the body.

    `flips` has those that it decides otherwise. `records` counts all; `not_asked` those of which no
    policy was asked, such as requests without a valid token; `same` those decided as before, by
    what was said; `undecided` the others, by the reason. `revisions` counts the decided ones by the
    policy that decided them then. `first` and `last` are the earliest and the latest time.
    """

    def __init__(self, snapshot: PolicySnapshot, bodies: Mapping[str, frozenset[str]]) -> None:
        seen = {rule: looks(snapshot, rule, body) for rule, body in bodies.items()}
        self._decided = Remembered(seen, partial(verdict, snapshot, seen))
        self.flips = Flips()
        self.undecided = Noted()
        self.same = {True: 0, False: 0}
        self.records = self.not_asked = 0
        self.revisions: Counter[str] = Counter()
        self.first = self.last = ""

    @property
    def decided(self) -> int:
        """How many were."""
        return self.flips.gained + self.flips.lost + sum(self.same.values())

    def take(self, file: str, number: int, record: Record) -> None:
        """
        :param file: the file in which the record stands, on the line of this number.
        """
        self.records += 1
        try:
            time, revision, outcome = _said(record)
            if type(revision) is not str or type(time) is not str:
                raise TypeError
            if time > self.last:  # noqa: PLR1730  this is done for every record of a long log
                self.last = time
            if time < self.first or not self.first:
                self.first = time
            if not revision:
                self.not_asked += 1
                return
            before, now = _ALLOWED[outcome], self._decided(record)
            if now is before:
                self.same[now] += 1
            else:
                self.flips.add(file, number, record, gained=now)
            self.revisions[revision] += 1
        except Undecidable as why:
            self.undecided.add(str(why), file, number)
        except (KeyError, TypeError):
            self.undecided.add(OF_ANOTHER_KIND, file, number)
