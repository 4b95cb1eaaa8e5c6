"""Programs that a few tests need, and that come with the system rather than with Python.

On a machine of somebody's own such a test is skipped, and says what to install; where
REQUIRE_PROGRAMS is set, as `.ci/run` does, it fails instead: there nothing goes untested.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

VARIABLE = "REQUIRE_PROGRAMS"


def missing(why: str) -> NoReturn:
    """End the test: it cannot do anything.

    :param why: what is not there, and how to get it.
    """
    if os.environ.get(VARIABLE):
        pytest.fail(why)
    pytest.skip(why)
