"""A few of each subject, always the same ones; `make fuzz` goes on from here."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from fuzz.run import tried
from fuzz.subjects import SUBJECTS, Subject, always
from harness.examples import some

EXAMPLES = {"requests": some(250), "tokens": some(60)}
SEED = 20261125


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_nothing_is_found(name, record_property):
    result = tried(SUBJECTS[name], seed=SEED, examples=EXAMPLES.get(name, 400))

    record_property("fuzz", [name, result.examples])
    assert not result.finding, result.finding
    assert result.examples > 0


def test_what_is_wrong_is_found_and_made_small():
    def check(value):
        assert value < 1000

    wrong = Subject("numbers", st.integers(0, 10**6), always(check))

    assert tried(wrong, seed=1, examples=50).value == 1000
