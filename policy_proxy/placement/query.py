"""Queries: what Placement is known to stumble over, and what would leave policy in doubt.

Everything else about a query is left to Placement, which answers 400 in its own words.
"""

from __future__ import annotations

from collections import Counter

from policy_proxy.errors import Malformed
from policy_proxy.model import Operation, Pairs
from policy_proxy.placement.parameters import MAX_ID, shown

MAX_INTEGER = 2**63 - 1
MAX_NUMBER_LENGTH = 64
"""Beyond it a number is not even read: Python refuses some, and takes long over others."""

MAX_JOINED = 60
"""Required traits, or sets of aggregates, of one request group. Placement joins a table for each to
that of the providers: MySQL joins 61 tables at most, SQLite 64."""

COUNTING = ("/resource_providers", "/allocation_candidates")
"""The collections that are asked for with amounts of resources."""

READ_BY_POLICY = {("GET", "/usages"): ("project_id", "user_id", "consumer_type")}
"""Keys that say whose things are asked for. Placement takes the last of several values."""


def check_query(operation: Operation, pairs: Pairs) -> None:
    """Look at the decoded pairs of a query, in time linear in their length.

    :raises Malformed: for a number that no database column holds, or more conditions than one joins
        (Placement would answer 500), and for a key that policy reads: for a second value of it, or
        one that is longer than Placement takes. It stands in the audit record.
    """
    if not pairs:
        return
    if operation.method == "GET" and operation.template in COUNTING:
        for key, value in pairs:
            if any(map(_is_too_large, _numbers(key, value))):
                raise Malformed(
                    f"Invalid query string parameters: a number in {shown(key)} is too large"
                )
        _check_joined(pairs)
    single = READ_BY_POLICY.get((operation.method, operation.template), ())
    counts = Counter(key for key, _ in pairs if key in single)
    for key, count in counts.items():
        if count > 1:
            raise Malformed(f"Invalid query string parameters: {key} was given more than once")
    for key, value in pairs:
        if key in single and len(value) > MAX_ID:
            raise Malformed(
                f"Invalid query string parameters: {key} is too long "
                "(Failed validating 'maxLength')"
            )


def _check_joined(pairs: Pairs) -> None:
    joined: Counter[str] = Counter()
    for key, value in pairs:
        joined[key] += _joined(key, value)
    for key, count in joined.items():
        if count > MAX_JOINED:
            raise Malformed(
                f"Invalid query string parameters: {shown(key)} was given more than {MAX_JOINED} "
                "conditions"
            )


def _joined(key: str, value: str) -> int:
    """How many conditions a value adds. All of what is forbidden is one lookup, and so is `in:`."""
    if key.startswith("member_of"):
        return 0 if value.startswith("!") else 1
    if key.startswith("required"):
        items = [value] if value.startswith("in:") else value.split(",")
        return sum(not item.startswith("!") for item in items)
    return 0


def _numbers(key: str, value: str) -> list[str]:
    """What should be numbers in a value. `resources` may carry the suffix of a request group."""
    if key.startswith("resources"):
        return [amount.partition(":")[2] for amount in value.split(",")]
    return [value] if key == "limit" else []


def _is_too_large(number: str) -> bool:
    if len(number) > MAX_NUMBER_LENGTH:
        return True
    try:
        return int(number) > MAX_INTEGER
    except ValueError:  # no number at all: Placement says so itself
        return False
