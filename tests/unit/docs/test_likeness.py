"""When an output counts as the one that a guide shows."""

from __future__ import annotations

import pytest

from harness.session import Likeness, blocks, commands

ONE, TWO, OTHER = "a" * 16, "b" * 16, "c" * 16


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("lost: 1", "lost: 1\n"),
        ("a longer\n    line", "a longer line"),
        ("first\n…\nlast", "first\nsecond\nlast"),
        (f"{ONE} → {TWO}, {ONE}", f"{TWO} → {OTHER}, {TWO}"),
        ("at http://127.0.0.1:8778.", "at http://127.0.0.1:4711."),
    ],
)
def test_what_differs_each_time_may_differ(shown: str, said: str) -> None:
    assert Likeness().fits(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("lost: 1", "lost: 2"),
        ("lost: 1", "lost: 1, gained: 1"),
        ("", "anything"),
        ("anything", ""),
        ("first\n…\nlast", "first\nsecond"),
        (f"{ONE} → {TWO}, {ONE}", f"{TWO} → {OTHER}, {OTHER}"),
        (f"revision {ONE}", "revision abc"),
    ],
)
def test_nothing_else_may(shown: str, said: str) -> None:
    assert not Likeness().fits(shown, said)


def test_a_value_stands_for_the_same_in_all_outputs() -> None:
    alike = Likeness()
    assert alike.fits(f"revision {ONE}", f"revision {TWO}")
    assert alike.fits(f"revision {ONE}", f"revision {TWO}")
    assert not alike.fits(f"revision {ONE}", f"revision {OTHER}")
    assert alike.now(f"--revision {ONE}") == f"--revision {TWO}"


def test_a_document_is_made_of_blocks_and_commands() -> None:
    document = "Text\n\n```console exit=1\n$ a\nsaid\n$ b\n```\n\n```yaml\n# f\n```\n"
    assert [*blocks(document)] == [
        ("console", "exit=1", "$ a\nsaid\n$ b\n"),
        ("yaml", "", "# f\n"),
    ]
    assert [*commands("$ a\nsaid\n$ b\n")] == [("a", "said\n"), ("b", "")]
