"""The page that is kept of a run says what the run measured, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import page, results
from bench.rounds import Measured
from bench.targets import MIDDLE

ROOT = Path(__file__).parents[3]
MACHINE = {
    "date": "2026-01-02T03:04+00:00",
    "cpu": "A CPU",
    "cpus": 2,
    "memory_gib": 24,
    "system": "Linux 6, Debian",
    "others": 0.01,
    "versions": {"Python": "3.11.7"},
}
SETTINGS = {"rounds": 2, "seconds": 2, "quick": False, "failed": {}}


@pytest.fixture
def found():
    rounds = {
        "ours": {"throughput": [100.0, 120.0], "failures": [0.0, 0.0]},
        "bare": {"throughput": [200.0, 200.0], "failures": [0.0, 0.0]},
    }
    measured = [Measured(MIDDLE, "GET 1 kB", {}, rounds)]
    return results.document(MACHINE, SETTINGS, {"ours": "what it is"}, measured)


def test_a_document_comes_back_from_its_file_as_it_was(found, tmp_path):
    results.write(tmp_path / "deep" / "results.json", found)
    assert results.read(tmp_path / "deep" / "results.json") == found


def test_the_page_has_the_run_the_targets_and_the_numbers(found):
    text = page.render(found)

    assert "2026-01-02T03:04+00:00, 2 CPUs (A CPU), 24 GiB, Linux 6, Debian" in text
    assert "| ours / bare | at least 0.75 | 0.55 (0.5-0.6) | 73% | missed |" in text
    assert "| start to ready | at most 2 s |  |  | not measured |" in text
    assert "### load: GET 1 kB\n\n|  | throughput, /s |\n| --- | ---: |" in text
    assert "| ours | 110 (100-120) |\n| bare | 200 |" in text


def test_only_pictures_that_were_drawn_are_shown(found):
    assert "![" not in page.render(found)

    found["pictures"] = ["layers"]
    assert page.render(found).count("](performance/layers.svg)") == 1


@pytest.mark.parametrize(
    ("where", "name", "value", "why"),
    [
        ("settings", "quick", True, "it is a quick run"),
        ("settings", "failed", {"load": "why"}, "load failed: why"),
        ("machine", "others", 0.5, "other work took 50% of the CPUs meanwhile"),
    ],
)
def test_a_run_that_says_little_is_not_one_to_keep(found, where, name, value, why):
    assert why not in list(page.problems(found))

    found[where][name] = value
    assert why in list(page.problems(found))


def test_a_run_that_leaves_targets_out_is_not_one_to_keep(found):
    assert "start to ready: not measured" in list(page.problems(found))


def test_a_run_of_some_parts_is_added_to_the_kept_one(found):
    later = {**MACHINE, "date": "2026-03-04T05:06+00:00"}
    rounds = {"ours": {"throughput": [70.0], "failures": [0.0]}}
    scenes = [Measured(MIDDLE, "GET 1 kB", {}, rounds), Measured("servers", "GET", {}, rounds)]
    more = results.document(later, SETTINGS, {"new": "what is new"}, scenes)
    assert list(page.problems(more, whole=False)) == []

    text = page.render(page.added(found, more))

    assert "2026-01-02T03:04+00:00, 2 CPUs" in text
    assert "### load: GET 1 kB; 2026-03-04\n" in text
    assert "### servers: GET; 2026-03-04\n" in text
    assert "| ours / bare | at least 0.75 | 0.55 (0.5-0.6) | 73% | missed |" in text
    assert "| new | what is new |" in text
    assert "110 (100-120)" not in text


def test_what_it_judges_stands_for_what_was_judged_before(found):
    later = {**MACHINE, "date": "2026-03-04T05:06+00:00"}
    rounds = {"ours": {"throughput": [80.0]}, "bare": {"throughput": [100.0]}}
    more = results.document(later, SETTINGS, {}, [Measured(MIDDLE, "GET 1 kB", {}, rounds)])

    text = page.render(page.added(page.added(found, more), more))

    assert "| ours / bare; 2026-03-04 | at least 0.75 | 0.8 (0.8-0.8) | 107% | reached |" in text
    assert "| ours / bare |" not in text


def test_notes_stand_after_the_targets(found):
    text = page.render(found, "## Notes\n\nWhy.\n")
    assert text.index("## What it must reach") < text.index("## Notes") < text.index("## The cand")


def test_the_documentation_is_the_page_of_the_run_that_is_kept(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert (page.DOCS / "performance.md").read_text() == page.kept()
