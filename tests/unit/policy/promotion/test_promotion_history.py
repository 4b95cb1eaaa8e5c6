"""The history reads what it has written, and says of what it cannot read how much it is."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.policy.promotion.history import KINDS, VERSION, Entry, entries, line

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ENTRY = st.builds(
    Entry,
    time=TEXT,
    kind=st.sampled_from(KINDS),
    user=TEXT,
    sudo_user=TEXT,
    host=TEXT,
    file=TEXT,
    before=TEXT,
    after=TEXT,
    changes=st.dictionaries(TEXT, st.integers(0, 99)),
    workers=st.integers(0, 99),
    reason=TEXT,
)


@given(st.lists(ENTRY))
def test_what_is_written_is_read(some):
    assert entries(b"".join(map(line, some))) == (some, 0)


@given(ENTRY)
def test_an_entry_is_one_line(entry):
    assert line(entry).count(b"\n") == 1


@given(ENTRY, ENTRY, st.integers(1))
def test_a_line_that_was_cut_off_is_counted(first, second, where):
    whole = line(first)
    torn = whole[: where % (len(whole) - 2) + 1]

    assert entries(torn + b"\n" + line(second)) == ([second], 1)


def test_entries_of_another_version_are_counted_and_not_guessed():
    known = json.loads(line(Entry("t", "promote", "u", "", "h", "f", "a", "b")))

    assert entries(json.dumps({**known, "version": VERSION + 1}).encode()) == ([], 1)
    assert entries(json.dumps({**known, "kind": "guess"}).encode()) == ([], 1)
    assert entries(b"[]\n{}\n1\n") == ([], 3)
