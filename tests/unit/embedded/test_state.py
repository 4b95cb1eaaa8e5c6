from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from oslo_config import cfg

from policy_proxy.embedded import state
from policy_proxy.errors import ConfigurationError


def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    first = state.passwords(tmp_path, ["alice"])
    second = state.passwords(tmp_path, ["alice", "bob"])
    assert second["alice"] == first["alice"] != second["bob"]
    assert json.loads((tmp_path / "passwords.json").read_text()) == second


def test_ports_are_kept_and_differ(tmp_path: Path) -> None:
    first = state.loopback_ports(tmp_path, ["keystone", "placement"])
    assert state.loopback_ports(tmp_path, ["keystone", "placement"]) == first
    assert first["keystone"] != first["placement"]


def test_a_file_is_its_owners_alone_even_when_it_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(mode=0o644)
    state.write(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "text"


@pytest.mark.parametrize("value", ["a $dollar", "100 %", "${braces}", "#hash", "a = b", "[x]"])
def test_oslo_config_reads_what_was_written(tmp_path: Path, value: str) -> None:
    path = tmp_path / "file.conf"
    state.write_ini(path, "A comment.", {"section": {"option": value}})
    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.StrOpt("option"), group="section")
    conf([], default_config_files=[str(path)], default_config_dirs=[])
    assert conf.section.option == value


def test_a_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "state"
    with state.locked(root), pytest.raises(ConfigurationError, match="in use"), state.locked(root):
        pytest.fail("held twice")
    with state.locked(root):
        assert stat.S_IMODE(root.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/home/x"}, "/home/x/.local/state/policy-proxy"),
        ({"HOME": "/home/x", "XDG_STATE_HOME": "/var/x"}, "/var/x/policy-proxy"),
    ],
)
def test_the_default_directory(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(state.default_directory()) == expected
