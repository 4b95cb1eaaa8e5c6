"""A small service of our own: `policy` must work for any, not only for Placement."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass
from pathlib import Path

import pytest
from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.diff.atoms import (
    Constant,
    Credential,
    Equal,
    Filled,
    InAdminProject,
    Member,
    Scoped,
)

_MOVED = {"deprecated_reason": "it moved", "deprecated_since": "1"}


def things_defaults():
    """Rules that refer to each other, differ in scope, and replace older ones in both ways."""
    return [
        policy.RuleDefault("admin_api", "role:admin", scope_types=["project"]),
        policy.RuleDefault(
            "owner_api",
            "role:member and project_id:%(project_id)s",
            deprecated_rule=policy.DeprecatedRule("rule:admin_api", "role:admin", **_MOVED),
        ),
        policy.RuleDefault(
            "things:list", "rule:admin_api or rule:owner_api", scope_types=["project"]
        ),
        policy.RuleDefault("things:show", "role:reader"),
        policy.RuleDefault(
            "things:update",
            "role:member",
            deprecated_rule=policy.DeprecatedRule("things:edit", "role:editor", **_MOVED),
        ),
        policy.RuleDefault("things:reset", "role:admin", scope_types=["system", "domain"]),
    ]


def settings_of(**changes) -> PolicySettings:
    values = {
        "file": "policy.yaml",
        "dirs": (),
        "default_rule": "default",
        "enforce_new_defaults": True,
        "watch_interval": 0.05,
        "require_file": True,
    }
    return PolicySettings(**(values | changes))


@dataclass(frozen=True)
class Site:
    """A policy file and a policy directory on the disk."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / "policy.yaml"

    @property
    def folder(self) -> Path:
        return self.root / "policy.d"

    def write(self, content: str | bytes) -> None:
        self.file.write_bytes(content.encode() if isinstance(content, str) else content)

    def add(self, name: str, content: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(content)

    def settings(self, **changes) -> PolicySettings:
        return settings_of(file=str(self.file), dirs=(str(self.folder),), **changes)


@pytest.fixture(scope="session")
def defaults():
    return things_defaults


@pytest.fixture(scope="session")
def policy_settings():
    return settings_of


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def no_descriptors():
    """A context in which nothing can be opened: every open() fails with EMFILE."""

    @contextlib.contextmanager
    def exhausted():
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return exhausted


@pytest.fixture
def open_files():
    """Counts the descriptors of this process."""
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(scope="session")
def is_true():
    """Whether an atom is true of a caller and a target: its meaning, said a second time."""
    return _is_true


def _is_true(atom, identity, target):
    if isinstance(atom, Equal):
        one, other = _value(atom.left, identity, target), _value(atom.right, identity, target)
        return bool(one) and one == other
    if isinstance(atom, Member):
        value = _value(atom.term, identity, target)
        if atom.of == "role":
            return bool(value) and value.lower() in [role.lower() for role in identity.roles]
        return value in getattr(identity, atom.of)
    if isinstance(atom, Scoped):
        return bool(getattr(identity, {"system": "system_scope"}.get(atom.to, f"{atom.to}_id")))
    assert isinstance(atom, InAdminProject)
    return identity.is_admin_project


def _value(term, identity, target):
    if isinstance(term, Constant):
        return term.text
    if isinstance(term, Credential):
        return getattr(identity, term.name)
    if isinstance(term, Filled):
        return term.text.filled(target)
    return target.get(term.name)
