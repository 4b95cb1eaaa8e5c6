"""docs/soak.md tells of the run whose figures lie beside it; and that was as it should be."""

from __future__ import annotations

import json

from docs_from_code import ROOT
from soak import page
from soak.troubles import OFTEN, WORKERS

RESULT = json.loads((ROOT / page.RECORDED).read_text())


def test_the_page_shows_the_recorded_run():
    text = (ROOT / page.PAGE).read_text()
    assert page.with_run(text, RESULT) == text


def test_it_was_long_and_as_wanted():
    assert RESULT["seconds"] >= 600
    assert RESULT["failed"] == []
    assert {RESULT[name] for name in (*page.WANTED, "growth") if name in RESULT} == {0}


def test_every_trouble_was_made_and_is_explained():
    names = {kind.name for kind in (*OFTEN, *WORKERS)}
    text = (ROOT / page.PAGE).read_text().partition(page.HEADING)[0]
    assert RESULT["troubles"].keys() == names
    assert {name for name in names if f"| {name} |" not in text} == set()
