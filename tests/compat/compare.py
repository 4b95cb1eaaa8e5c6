"""Our verdicts on a service's rules beside those of oslo.policy, and what lint says of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compat.askers import Asker, Vocabulary, askers
from compat.services import Dumped, check_strings, defaults, with_those_beside
from compat.standins import registered
from harness import stock
from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.assembly import loaded, snapshot
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.nodes import Asked
from policy_proxy.policy.problem import Problem, errors
from policy_proxy.policy.snapshot import PolicySnapshot, scope_of
from policy_proxy.policy.source import Sources

_SAYS_ITS_DEFAULT = "PP202"
"""True of every rule here: they are the defaults, written into a file."""


@dataclass(slots=True)
class Outcome:
    """
    :param absence: decisions that differ as long as oslo.policy is given None for what is absent.
    :param differences: what differs after that, each with the rule and the asker.
    :param findings: how many there are, by code.
    :param fault: why the rules could not be compiled; else empty.
    """

    decisions: int = 0
    allowed: int = 0
    absence: int = 0
    differences: list[str] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    fault: str = ""


def compare(one: Dumped, every: Iterable[Dumped], count: int, folder: Path) -> Outcome:
    """
    :param every: all services, for rules of one that runs in another.
    :param count: how many callers and targets ask for each rule, with new defaults and with old.
    :param folder: where a policy file may be written.
    """
    outcome = Outcome()
    rules = with_those_beside(one, every)
    spoken = Vocabulary(check_strings(rules))
    with registered(one.service):
        outcome.findings = Counter(problem.code for problem in _findings(one, rules))
        try:
            for new_only in (True, False):
                theirs = stock.enforcer(
                    folder / "policy.yaml", {}, defaults(rules), new_only=new_only
                )
                made = loaded({}, _settings(new_only=new_only), defaults(rules))
                ours = snapshot(made, {}, "")
                for asker in askers(spoken, count, one.service):
                    absent = dict.fromkeys(spoken.targets.keys() - asker.target.keys())
                    _ask(one.names, asker, absent, (ours, theirs), outcome)
        except ValueError as error:
            outcome.fault = str(error)
    return outcome


def _ask(
    rules: Iterable[str],
    asker: Asker,
    absent: dict[str, None],
    engines: tuple[PolicySnapshot, Any],
    outcome: Outcome,
) -> None:
    """
    :param absent: attributes that the target does not have, as services mostly say it.
    """
    ours, theirs = engines
    creds = stock.credentials(asker.identity) | asker.more
    for rule in rules:
        verdict = _verdict(ours, rule, asker)
        expected = stock.verdict(theirs, rule, asker.target, stock.present(creds))
        with_none = stock.verdict(theirs, rule, asker.target | absent, creds)
        outcome.decisions += 1
        outcome.allowed += verdict
        outcome.absence += with_none is not verdict
        if verdict is not expected:
            outcome.differences.append(f"{rule}: {verdict}, not {expected}, for {asker}")


def _verdict(ours: PolicySnapshot, rule: str, asker: Asker) -> bool:
    """Attributes that no token of ours has can be given to the compiled rule alone."""
    if not asker.more:
        return ours.authorize(rule, asker.target, asker.identity)
    wanted = ours.scopes[rule]
    if wanted and scope_of(asker.identity) not in wanted:
        return False
    creds = stock.present(stock.credentials(asker.identity)) | asker.more
    if asker.identity.system_scope:
        creds["system"] = asker.identity.system_scope
    try:
        return ours.rules[rule].holds(creds, asker.target, Asked(rule))
    except Exception:  # noqa: BLE001  as PolicySnapshot.authorize does
        return False


def _findings(one: Dumped, rules: list[dict[str, Any]]) -> list[Problem]:
    """What lint says of the rules in a file: of all, then of those without errors, since what a
    policy means is looked at only if it has none.
    """
    written = {rule["name"]: rule["check_str"] for rule in one.rules}
    found = _linted(written, rules)
    broken = {problem.rule for problem in errors(found)}
    if broken:
        found += _linted({k: v for k, v in written.items() if k not in broken}, rules)
    return [p for p in dict.fromkeys(found) if p.code != _SAYS_ITS_DEFAULT]


def _linted(written: dict[str, str], rules: list[dict[str, Any]]) -> list[Problem]:
    lines = "".join(f"{json.dumps(k)}: {json.dumps(v)}\n" for k, v in written.items())
    sources = Sources((("policy.yaml", lines.encode()),), (), "", ())
    service = Service(lambda: defaults(rules), {})
    return list(lint(sources, _settings(new_only=True), service).problems)


def _settings(*, new_only: bool) -> PolicySettings:
    return PolicySettings("policy.yaml", (), "default", new_only, 1.0, True)
