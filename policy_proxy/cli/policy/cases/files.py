"""Files of cases on the disk, each with the policy that it is about."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from policy_proxy.cli.policy_sources import settings_from
from policy_proxy.cli.terminal import from_here
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.cases.case import ENDING, BadCases, Case, CaseFile, Fault
from policy_proxy.policy.cases.reader import read as read_cases
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import read as read_policy

_NEARLY = ".policy-test.yml"
"""How the names of files end that were meant to be run."""


@dataclass(frozen=True, slots=True)
class Suite:
    """All cases about one policy.

    :param policy: its files and directories, by the paths that are shown.
    """

    policy: str
    snapshot: PolicySnapshot
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Under:
    """What is tested instead of what the files say, and under which settings; as
    `policy_sources.settings_from` takes it.
    """

    policies: tuple[str, ...] = ()
    config_file: str | None = None
    enforce_new_defaults: bool | None = None


def suites(paths: Iterable[str], under: Under) -> list[Suite]:
    """The cases in files and directories, by policy, in the order of the paths. A policy that is to
    be tested instead is there even without cases.

    :raises ConfigurationError: with all that is wrong with files of cases, or with a policy.
    :raises click.UsageError: for what holds no cases, and more than one policy file.
    """
    found: dict[tuple[str, ...], list[Case]] = {under.policies: []} if under.policies else {}
    faults: list[Fault] = []
    for path in case_files(paths):
        try:
            file = read_file(path)
            policies = under.policies or policies_of(file)
        except BadCases as bad:
            faults += bad.faults
        else:
            found.setdefault(policies, []).extend(file.cases)
    if faults:
        raise BadCases(faults)
    return [
        Suite(named(policies), snapshot_of(policies, under), tuple(cases))
        for policies, cases in found.items()
    ]


def read_file(path: str) -> CaseFile:
    """
    :raises BadCases: if it cannot be read, or is not good.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        fault = Fault(from_here(path), 0, f"cannot be read ({error.strerror})", "make it readable")
        raise BadCases([fault]) from None
    return read_cases(from_here(path), content)


def policies_of(file: CaseFile) -> tuple[str, ...]:
    """The paths of the policy that a file is about: what it names; or else the policy file of the
    same name beside it, or in the directory above.

    :raises BadCases: if there is none.
    """
    folder = Path(file.path).parent
    if file.policies:
        named_so = [_plain(folder / path) for path in file.policies]
        missing = [str(path) for path in named_so if not path.exists()]
        if missing:
            remedy = "name the policy from where this file is"
            text = f"policy names {' and '.join(map(from_here, missing))}, which does not exist"
            raise BadCases([Fault(file.path, 1, text, remedy)])
        return tuple(map(str, named_so))
    name = f"{Path(file.path).name.removesuffix(ENDING)}.yaml"
    for candidate in (_plain(folder / name), _plain(folder / ".." / name)):
        if candidate.is_file() and name != Path(file.path).name:
            return (str(candidate),)
    text = f"does not say which policy it is about, and there is no {name} here or above"
    raise BadCases([Fault(file.path, 1, text, "add a line such as policy: ../policy.yaml")])


def _plain(path: Path) -> Path:
    """Without `..`, as a reader takes them: above a linked directory is where the link stands."""
    return Path(os.path.normpath(path))


def snapshot_of(policies: Sequence[str], under: Under) -> PolicySnapshot:
    """The policy as it would be in force. No remote server is ever asked.

    :raises ConfigurationError: if it would not be put in force.
    """
    settings = settings_from(
        under.config_file, policies, enforce_new_defaults=under.enforce_new_defaults
    )
    return build(read_policy(settings), settings, SERVICE.defaults, SERVICE.attributes)


def named(policies: Iterable[str]) -> str:
    return ", ".join(map(from_here, policies))


def case_files(paths: Iterable[str]) -> list[str]:
    """The files of cases among these paths and in these directories, each once.

    :raises click.UsageError: for what holds no cases.
    """
    return list(dict.fromkeys(itertools.chain.from_iterable(map(_files, paths))))


def _files(path: str) -> Iterator[str]:
    if path.endswith(ENDING):
        yield path
        return
    if not Path(path).is_dir():
        raise click.UsageError(f"{path} is no file of cases: their names end in {ENDING}")
    misnamed = sorted(Path(path).rglob(f"*{_NEARLY}"))
    if misnamed:
        faults = [
            Fault(from_here(str(file)), 0, "is not read", f"end its name in {ENDING}")
            for file in misnamed
        ]
        raise BadCases(faults)
    found = sorted(str(file) for file in Path(path).rglob(f"*{ENDING}"))
    if not found:
        raise click.UsageError(f"{path} holds no cases: their names end in {ENDING}")
    yield from found
