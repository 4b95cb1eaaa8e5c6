"""What must hold of every request, whatever it was.

What reached the backend is read by Placement's own router and by WebOb, and must be what the audit
record says was decided.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attack.case import NO_ANSWER, Expected
from attack.request import Answered
from harness.oracle import Received, differences

OUTBOUND = frozenset(
    {
        "accept",
        "content-length",
        "content-type",
        "host",
        "openstack-api-version",
        "user-agent",
        "x-auth-token",
        "x-openstack-request-id",
        "x-service-token",
    }
)
"""The header fields that may reach the backend. All else of a client's ends at the proxy."""
_READ = OUTBOUND | {"transfer-encoding"}
"""What Placement reads of a header, in some way."""
_OWN_REFUSALS = frozenset({NO_ANSWER, *range(400, 500), 501, 505})
"""What a front end may say of its own to what it does not take."""
_INSIDE = re.compile(
    r'Traceback|File "|\.py\b|oslo[._]|sqlalchemy|sqlite|keystonemiddleware|webob|pycurl'
    r"|policy_proxy|rule:|role:|placement:[a-z]|127\.0\.0\.1:\d",
    re.IGNORECASE,
)


def not_outbound(names: Iterable[str]) -> set[str]:
    """Those that must not reach the backend of the proxy."""
    return set(names) - OUTBOUND


@dataclass(frozen=True, slots=True)
class Happened:
    """All that is known of one case on one target.

    :param answers: what the client read.
    :param received: the raw requests that the backend got meanwhile.
    :param records: the audit records written meanwhile.
    :param caller: the user and the roles of the token that went with it; None without one.
    """

    answers: Sequence[Answered]
    received: Sequence[bytes]
    records: Sequence[Mapping[str, Any]]
    caller: tuple[str, tuple[str, ...]] | None


def violations(
    happened: Happened,
    expected: Expected,
    barred: Callable[[Iterable[str]], set[str]] = not_outbound,
    *,
    asked: bool = False,
) -> Iterator[str]:
    """What is not as it must be, a sentence each.

    :param barred: of these names of header fields, those that must not reach the backend.
    :param asked: whether the proxy was asked by a front end, which forwards by itself.
    """
    yield from _status(happened, expected, asked=asked)
    yield from _count(happened, expected, asked=asked)
    yield from _recorded(happened, asked=asked)
    for answer in happened.answers:
        yield from _leaks(answer)
        if not asked:  # what a front end says of its own has its form
            yield from _form(answer)
    for raw, record in zip(happened.received, _asking(happened, asked=asked), strict=False):
        received = Received.read(raw)
        yield from differences(received, record)
        yield from _headers(received, barred)
        yield from _identity(record, happened.caller)


def _status(happened: Happened, expected: Expected, *, asked: bool) -> Iterator[str]:
    status = happened.answers[0].status if happened.answers else NO_ANSWER
    own = asked and expected.outcome != "served" and status in _OWN_REFUSALS
    if status not in expected.status and not own:
        yield f"status {status}, where {sorted(expected.status)} was expected"


def _count(happened: Happened, expected: Expected, *, asked: bool) -> Iterator[str]:
    received = len(happened.received)
    allowed = len(_asking(happened, asked=asked))
    wanted = {"refused": {0}, "served": {1}, "either": {0, 1}}[expected.outcome]
    if received not in wanted:
        yield f"the backend got {received} requests, where it is to be {expected.outcome}"
    if received > allowed or (received < allowed and not asked):
        yield f"the backend got {received} requests, and {allowed} were recorded as let through"


def _asking(happened: Happened, *, asked: bool) -> list[Mapping[str, Any]]:
    """The records of requests that were let through: they say whose credentials went out, if it was
    the proxy that sent them.
    """
    return [
        record
        for record in happened.records
        if (record["outcome"] == "allowed" if asked else record["credentials"])
    ]


def _recorded(happened: Happened, *, asked: bool) -> Iterator[str]:
    """Each answer of ours has its record, and there is no other record."""
    recorded = {(r["request_id"], r["status"]) for r in happened.records}
    known = {request_id for request_id, _ in recorded}
    for answer in happened.answers:
        held = answer.request_id in known if asked else answer.key in recorded
        if answer.is_ours and not held:
            yield f"an answer {answer.status} of request {answer.request_id} is not recorded"
    if happened.answers and len(happened.records) > len(happened.answers):
        yield f"{len(happened.records)} records of {len(happened.answers)} answers"


def _leaks(answer: Answered) -> Iterator[str]:
    told = [*answer.headers.values(), answer.body.decode("latin-1")]
    for text in told:
        if found := _INSIDE.search(text):
            yield f"an answer {answer.status} tells of the inside: {found[0]!r}"


def _form(answer: Answered) -> Iterator[str]:
    if answer.is_ours and answer.status >= 400 and answer.body:
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
            yield f"an error {answer.status} that is not JSON"
        elif "errors" not in answer.document:
            yield f"an error {answer.status} without errors"


def _headers(received: Received, barred: Callable[[Iterable[str]], set[str]]) -> Iterator[str]:
    names = [name for name, _ in received.fields]
    for name in sorted(barred(names)):
        yield f"the backend got a header field {name}"
    for name in sorted({name for name in _READ if names.count(name) > 1}):
        yield f"the backend got {name} more than once"


def _identity(
    record: Mapping[str, Any], caller: tuple[str, tuple[str, ...]] | None
) -> Iterator[str]:
    public = not record["operation"]  # nobody is asked who they are
    user, roles = caller if caller and not public else ("", ())
    if (record["user_id"], sorted(record["roles"])) != (user, sorted(roles)):
        yield f"recorded as {record['user_id']} with {record['roles']}; it was {user} with {roles}"


def as_text(records: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(json.dumps(record) for record in records)
