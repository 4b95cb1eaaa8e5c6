"""The flame picture says what it shows, and nothing of the machine on which it was drawn."""

from __future__ import annotations

import pytest

from bench.titles import FLAME, titled
from docs_from_code import ROOT

DRAWN = (
    '<svg><text id="title" x="1">/somewhere/bin/py-spy record --pid 1</text><text>a</text></svg>'
)


def test_the_title_is_ours():
    assert titled(DRAWN) == f'<svg><text id="title" x="1">{FLAME}</text><text>a</text></svg>'


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("docs/performance/*.*")), ids=lambda path: path.name
)
def test_what_is_kept_of_a_run_has_no_paths_of_its_machine(path):
    content = path.read_bytes()
    folders = (f"/{name}/".encode() for name in (".venv", "site-packages", "home", "root"))
    for trace in (*folders, bytes(ROOT)):
        assert trace not in content
