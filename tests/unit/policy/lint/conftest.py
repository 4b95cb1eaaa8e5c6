"""Linting as the proxy does it for Placement."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.source import Sources, read

PLACEMENT = Service(SERVICE.defaults, SERVICE.attributes, optional=optional())


def lay_out(site, files):
    """Write the files of an example. Without a policy file of its own it has an empty one."""
    if files and str(site.file.relative_to(site.root)) not in files:
        site.write("{}\n")
    for name, text in files.items():
        path = site.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def lint_text(text, policy_settings, *, in_force=(), **changes):
    """Lint a single policy file that lies nowhere."""
    content = text.encode() if isinstance(text, str) else text
    sources = Sources((("policy.yaml", content),), (), "r", ())
    return lint(sources, policy_settings(**changes), PLACEMENT, in_force)


@pytest.fixture
def lint_files(site):
    """Lints files on the disk: their texts by their names beside the policy file."""

    def now(files, *, before=(), **changes):
        lay_out(site, files)
        in_force = {str(site.root / name) for name in before}
        settings = site.settings(**changes)
        return lint(read(settings), settings, PLACEMENT, in_force).problems

    return now


@pytest.fixture(scope="session")
def linted(policy_settings):
    """Lints one text."""

    def now(text, **changes):
        return lint_text(text, policy_settings, **changes)

    return now


@pytest.fixture(scope="session")
def told(linted):
    """What is found in one text: code and line of each finding."""

    def now(text, **changes):
        return [(problem.code, problem.line) for problem in linted(text, **changes).problems]

    return now


@pytest.fixture(scope="session")
def told_of(told):
    """What is found of one rule with this check: the codes."""

    def now(check, name="placement:traits:list", **changes):
        quoted = check.replace("\\", "\\\\").replace('"', '\\"')
        return [code for code, _ in told(f'"{name}": "{quoted}"\n', **changes)]

    return now


@pytest.fixture(scope="session")
def layout():
    """Writes the files of an example beside each other."""
    return lay_out


@pytest.fixture
def relative(site):
    """The path of a finding as the example names it."""
    return lambda problem: str(Path(problem.file).relative_to(site.root))
