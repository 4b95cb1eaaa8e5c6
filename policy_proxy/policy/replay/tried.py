"""What a candidate said of requests as they came, from the records that tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from policy_proxy.policy.replay.flips import Flips
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.remembered import OF_ANOTHER_KIND

Record = Mapping[str, Any]
_GAINED = {"allowed": True, "denied": False}


class Tried:
    """Collects them.

    :param revision: of the candidate that is asked about; empty for every one.

    `flips` has the requests that it decided otherwise; `undecided` those of which it could not
    tell, by the reason. `records` counts all; `decided` those that the policy in force was asked
    about. `revisions` counts what the candidates of the log said, by candidate. `first` and `last`
    are the earliest and the latest time of a record with a word of a candidate.
    """

    def __init__(self, revision: str = "") -> None:
        self._revision = revision
        self.flips = Flips()
        self.undecided = Noted()
        self.records = self.decided = 0
        self.revisions: Counter[str] = Counter()
        self.first = self.last = ""

    @property
    def is_silent(self) -> bool:
        """Whether no record has a word of the candidate that is asked about."""
        return not (self.revisions[self._revision] if self._revision else self.revisions)

    def take(self, file: str, number: int, record: Record) -> None:
        """
        :param file: the file in which the record stands, on the line of this number.
        """
        self.records += 1
        self.decided += bool(record["revision"])
        said = record.get("candidate")
        if said is None:
            return
        try:
            self._add(file, number, record, said)
        except (KeyError, TypeError):
            self.undecided.add(OF_ANOTHER_KIND, file, number)

    def _add(self, file: str, number: int, record: Record, said: Mapping[str, Any]) -> None:
        revision, effect, time = said["revision"], said["effect"], record["time"]
        self.revisions[revision] += 1
        if self._revision and revision != self._revision:
            return
        if effect == "undecided":
            self.undecided.add(said["reason"], file, number)
        else:
            self.flips.add(file, number, record, gained=_GAINED[effect])
        self.first = min(self.first or time, time)
        self.last = max(self.last, time)
