"""Every fault has a test that shows what becomes of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from faults.rows import ROWS

TESTS = Path(__file__).parents[1]
TABLE = yaml.safe_load((Path(__file__).parent / "table.yaml").read_text())


def names_in(file):
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_each_row_has_tests_that_exist(row):
    assert row.tests
    for test in row.tests:
        file, _, name = test.partition("::")
        assert name in names_in(file), test


def test_no_fault_is_there_twice():
    assert len({row.fault for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("beginning", sorted(set(TABLE.values())))
def test_what_is_in_the_table_has_one_row(beginning):
    assert len([row for row in ROWS if row.fault.startswith(beginning)]) == 1


def test_each_row_answers_something_in_the_table():
    idle = [row.fault for row in ROWS if not row.fault.startswith(tuple(TABLE.values()))]
    assert idle == []
