"""How many examples a property is tried with, where many take long."""

from __future__ import annotations

import os

VARIABLE = "EXAMPLES"
"""`all`: as many as a test has."""
_SHARE = 2


def some(count: int) -> int:
    """Half of this, so that a run of all tests is done soon; or all of it, where that is asked
    for. What must have occurred among the examples is counted by the same measure.
    """
    return count if os.environ.get(VARIABLE) == "all" else -(-count // _SHARE)
