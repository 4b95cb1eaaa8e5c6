"""What is in a log of some days, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from policy_proxy.audit.reading import event_of
from policy_proxy.audit.record import INTENT_EVENT, REQUEST_EVENT

Record = Mapping[str, Any]
MOST = 100_000
"""Of one kind, users say, that are told apart; what is beyond them is counted as one."""
OTHERS = "(others)"


class Denial(NamedTuple):
    """Who was denied what."""

    operation: str
    user: str
    project: str


class Failure(NamedTuple):
    """Which operation failed, and the status that the client got."""

    operation: str
    status: int


@dataclass(slots=True)
class Tally:
    """Counts the entries of a log that lie within a time.

    :param since: the first moment that counts, as a record has it; empty for the first record's.
    :param until: the first moment that does not count any more; empty for none.

    `open_intents` has, by request id, where each intent stands whose outcome was not met; `lost`
    counts the records of which the log says that they could not be written, `gaps` those that are
    missing in their chain between two others.
    """

    since: str = ""
    until: str = ""
    requests: int = 0
    intents: int = 0
    lost: int = 0
    gaps: int = 0
    first: str = ""
    last: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    operations: dict[str, Counter[str]] = field(default_factory=dict)
    users: Counter[str] = field(default_factory=Counter)
    projects: Counter[str] = field(default_factory=Counter)
    denials: Counter[Denial] = field(default_factory=Counter)
    failures: Counter[Failure] = field(default_factory=Counter)
    open_intents: dict[str, str] = field(default_factory=dict)
    _next: dict[str, int] = field(default_factory=dict)

    def take(self, place: str, entry: Record) -> None:
        """
        :param place: where the entry stands.
        :raises KeyError, TypeError: for an entry whose fields are of another kind than a record's.
        """
        self._count_gap(entry)
        time, event = str(entry["time"]), event_of(entry)
        if time < self.since or (self.until and time >= self.until):
            return
        if event == REQUEST_EVENT:
            self._take_request(time, entry)
        elif event == INTENT_EVENT:
            self.intents += 1
            self.open_intents[str(entry["request_id"])] = place
        elif event == "lost":
            self.lost += int(entry["lost"])

    def _take_request(self, time: str, entry: Record) -> None:
        operation, outcome = str(entry["operation"]), str(entry["outcome"])
        user, project = str(entry["user_id"]), str(entry["project_id"])
        status = int(entry["status"])
        self.requests += 1
        self.first = min(self.first or time, time)
        self.last = max(self.last, time)
        self.open_intents.pop(str(entry["request_id"]), None)
        self.outcomes[outcome] += 1
        if operation not in self.operations and len(self.operations) >= MOST:
            operation = OTHERS
        self.operations.setdefault(operation, Counter())[outcome] += 1
        _add(self.users, user, OTHERS)
        _add(self.projects, project, OTHERS)
        if outcome == "denied":
            _add(self.denials, Denial(operation, user, project), Denial(OTHERS, "", ""))
        elif outcome == "error":
            self.failures[Failure(operation, status)] += 1

    def _count_gap(self, entry: Record) -> None:
        """Without a key nothing is proved, but what was lost by accident shows."""
        if "chain" not in entry:
            return
        chain, seq = str(entry["chain"]), int(entry["seq"])
        self.gaps += max(0, seq - self._next.get(chain, seq))
        self._next[chain] = max(seq + 1, self._next.get(chain, 0))


def _add(counted: Counter[Any], what: Any, others: Any) -> None:
    counted[what if what in counted or len(counted) < MOST else others] += 1
