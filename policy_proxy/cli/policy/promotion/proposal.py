"""What would become policy: one of its files with other contents, and all others as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from policy_proxy.cli.policy.own import own
from policy_proxy.cli.policy.promotion.files import real
from policy_proxy.cli.policy.sides import rules_asked, target_facts
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.diff.change import Change
from policy_proxy.policy.diff.compare import changes as compared
from policy_proxy.policy.diff.oracle import side
from policy_proxy.policy.lint import findings
from policy_proxy.policy.problem import Problem, errors
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources, read


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    :param config_file: where `settings` are from.
    :param file: the policy file whose place the candidate takes, as the policy calls it.
    :param candidate: the file with the new contents.
    :param now: the files as they are.
    :param before: the policy that they make; None if they have an error.
    :param findings: about the policy that would be, those of the candidate under its own name.
    :param after: that policy; None if it has an error.
    :param changes: what becomes of each operation; None if one of the two has an error.
    """

    config_file: str
    settings: PolicySettings
    file: str
    candidate: str
    content: bytes
    now: Sources
    before: PolicySnapshot | None
    findings: tuple[Problem, ...]
    after: PolicySnapshot | None
    changes: tuple[Change, ...] | None

    @property
    def changes_nothing(self) -> bool:
        return (self.file, self.content) in self.now.files


Step = Callable[[Proposal], bool]
"""Looks at a proposal and says what it finds; False if the proposal is not good."""


def proposed(
    config_file: str, settings: PolicySettings, file: str | None, candidate: str
) -> Proposal:
    """
    :param file: the one to replace; None for `policy_file`.
    :param candidate: path of the file to take its place.
    :raises ConfigurationError: if either cannot be, whatever is in them.
    """
    now = read(settings)
    file = _named(settings, now, file)
    content = _candidate(settings, now, candidate)
    service = findings.Service(SERVICE.defaults, SERVICE.attributes, own(), optional())
    before = findings.lint(now, settings, service).snapshot
    in_force = {rule.file for rule in before.origins.values()} if before else set()
    linted = findings.lint(read(settings, {file: content}), settings, service, in_force)
    found = tuple(_called(candidate, file, linted.problems))
    after = linted.snapshot
    changes = _compared(before, after, settings) if before and after else None
    return Proposal(
        config_file, settings, file, candidate, content, now, before, found, after, changes
    )


def _compared(
    before: PolicySnapshot, after: PolicySnapshot, settings: PolicySettings
) -> tuple[Change, ...]:
    old, new = (side(one, settings, SERVICE.defaults) for one in (before, after))
    return tuple(compared(old, new, rules_asked(), target_facts()))


def _named(settings: PolicySettings, now: Sources, file: str | None) -> str:
    """The file to replace, as the policy calls it."""
    wanted = real(file or settings.file)
    found = next((path for path, _ in now.files if real(path) == wanted), None)
    if found is None:
        remedy = "name one that is read now; a new one holds {} to begin with"
        raise ConfigurationError([f"{file or settings.file} is no file of the policy: {remedy}"])
    return found


def _candidate(settings: PolicySettings, now: Sources, candidate: str) -> bytes:
    if real(candidate) in {real(path) for path, _ in now.files}:
        remedy = "write the candidate outside of policy_dirs, under another name"
        raise ConfigurationError([f"{candidate} is read as policy already: {remedy}"])
    found = read(replace(settings, file=candidate, dirs=(), require_file=True))
    if errors(found.problems):
        raise ConfigurationError([str(problem) for problem in errors(found.problems)])
    return found.files[0][1]


def _called(candidate: str, file: str, problems: Iterable[Problem]) -> Iterable[Problem]:
    for problem in problems:
        yield replace(problem, file=candidate) if problem.file == file else problem
