"""What pip cannot install is named, with the command that does."""

from __future__ import annotations

import pytest

from bench import system

SENTENCE = (
    "the benchmark needs the Debian packages memcached nginx-light wrk: "
    "apt-get install memcached nginx-light wrk, as root"
)


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """None of the programs is there, and this is not root."""
    module = tmp_path / "module.so"
    module.touch()
    monkeypatch.setattr(system, "_PATH", str(tmp_path))
    monkeypatch.setattr(system, "ECHO_MODULE", module)
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("bare_machine")
def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(system.Missing) as missing:
        system.ensure()
    assert str(missing.value) == SENTENCE


@pytest.mark.usefixtures("bare_machine")
def test_a_program_that_is_not_there_is_named_with_its_package():
    with pytest.raises(system.Missing, match="apt-get install nginx-light, as root"):
        system.program("nginx")
