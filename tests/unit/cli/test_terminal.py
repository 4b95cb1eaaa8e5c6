"""How answers look in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.terminal import from_here, print_stripped


def printed(shown, **how):
    stream = io.StringIO()
    print_stripped(Console(file=stream, width=12, highlight=False, **how), shown)
    return stream.getvalue()


def test_no_line_ends_in_blanks():
    table = Table.grid(padding=(0, 2))
    table.add_row("a", Text("one two three"))
    table.add_row("bcd", Text("[x]"))
    assert printed(table) == "a    one two\n     three\nbcd  [x]\n"
    assert printed(Text("one two three four")) == "one two\nthree four\n"


def test_colours_stay():
    text = Text.assemble("a ", ("b", "red"), ("  ", "red"))
    shown = printed(text, force_terminal=True, color_system="standard")
    assert shown == "a \x1b[31mb\x1b[0m\n"


@pytest.mark.parametrize("within", ["policy.yaml:3", "d/a.yaml"])
def test_what_lies_here_is_named_from_here(tmp_path, monkeypatch, within):
    monkeypatch.chdir(tmp_path)
    assert from_here(f"{tmp_path}/{within}") == within
    assert from_here(within) == within


def test_what_lies_elsewhere_keeps_its_name(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert from_here(f"{tmp_path}/policy.yaml:1") == f"{tmp_path}/policy.yaml:1"
    assert from_here("default") == "default"
    here.rmdir()
    assert from_here(f"{here}/policy.yaml") == f"{here}/policy.yaml"
