"""Queries: what Placement is known to stumble over, and what would leave policy in doubt.

Everything else about a query is left to Placement, which answers 400 in its own words.
"""

from __future__ import annotations

from collections import Counter

from policy_proxy.errors import Malformed
from policy_proxy.model import Operation, Pairs
from policy_proxy.placement.parameters import shown

MAX_INTEGER = 2**63 - 1
MAX_NUMBER_LENGTH = 64
"""Beyond it a number is not even read: Python refuses some, and takes long over others."""

COUNTING = ("/resource_providers", "/allocation_candidates")
"""The collections that are asked for with amounts of resources."""

READ_BY_POLICY = {("GET", "/usages"): ("project_id", "user_id", "consumer_type")}
"""Keys that say whose things are asked for. Placement takes the last of several values."""


def check_query(operation: Operation, pairs: Pairs) -> None:
    """Look at the decoded pairs of a query, in time linear in their length.

    :raises Malformed: for a number that no database column holds (Placement would answer 500), and
        for a second value of a key that policy reads.
    """
    if operation.method == "GET" and operation.template in COUNTING:
        for key, value in pairs:
            if any(map(_is_too_large, _numbers(key, value))):
                raise Malformed(
                    f"Invalid query string parameters: a number in {shown(key)} is too large"
                )
    single = READ_BY_POLICY.get((operation.method, operation.template), ())
    counts = Counter(key for key, _ in pairs if key in single)
    for key, count in counts.items():
        if count > 1:
            raise Malformed(f"Invalid query string parameters: {key} was given more than once")


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
