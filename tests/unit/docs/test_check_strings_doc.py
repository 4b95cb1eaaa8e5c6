"""Every row of the tables in docs/check-strings.md, decided by us and by oslo.policy."""

from __future__ import annotations

import dataclasses
import logging
import re

import pytest
import yaml
from oslo_policy import _checks, policy

from docs_from_code import ROOT
from harness import stock
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy import nodes
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.problem import errors
from policy_proxy.policy.source import Sources

DOCUMENT = (ROOT / "docs" / "check-strings.md").read_text(encoding="utf-8")
SECTIONS = dict(
    part.partition("\n")[::2] for part in re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
)
BOTH = ("check string", "token", "target", "here", "oslo.policy")
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
CODE = re.compile(r"`([^`]*)`")


def rows(text, *head):
    """The rows of every table with this head, each as a list of cells."""
    for table in TABLE.findall(text):
        first, _, *others = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
        ]
        if tuple(first) == head:
            yield from others


def each(*head):
    """The rows with this head as parameters, with the section they stand in."""
    return [
        pytest.param(section, *row, id=f"{section}-{at}")
        for section, text in SECTIONS.items()
        for at, row in enumerate(rows(text, *head))
    ]


def check_of(cell):
    return "" if cell == "*empty*" else CODE.fullmatch(cell)[1]


def pairs(cell):
    """`name=value` in code, several in one; and `name` is None."""
    values = dict.fromkeys(re.findall(r"`(\S+)` is None", cell))
    for code in CODE.findall(cell):
        values |= dict(pair.split("=", 1) for pair in code.split() if "=" in pair)
    return values


def identity_of(cell):
    said = pairs(cell)
    lists = {name: tuple(said.pop(name).split(",")) for name in LISTS if name in said}
    admin = said.pop("is_admin_project", "True")
    assert set(said) <= set(TEXTS)
    assert admin in ("True", "False")
    return Identity(**said, **lists, is_admin_project=admin == "True")


def house(kind, match):
    """The checks of the extension that the page makes up."""
    return _House(kind, match)


class _House(policy.Check):
    def __call__(self, target, creds, enforcer):
        if self.match == "fails":
            raise RuntimeError(self.match)
        return {"yes": True, "no": False, "7": 7}[self.match]  # a KeyError for `misses`


@pytest.fixture(autouse=True)
def _extension(monkeypatch):
    monkeypatch.setitem(_checks.get_extensions(), "house", house)
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)


def rules_of(section, check):
    """A policy file with the check, and what the section has beside it."""
    beside = re.search(r"```yaml\n(.+?)```", SECTIONS[section], re.DOTALL)
    return {**(yaml.safe_load(beside[1]) if beside else {}), "it": check}


def defaults():
    return [policy.RuleDefault("it", "!")]


def linted(rules, made=defaults, **more):
    content = yaml.safe_dump(rules, allow_unicode=True).encode()
    sources = Sources((("policy.yaml", content),), (), "r", ())
    settings = PolicySettings(
        "policy.yaml",
        (),
        "default",
        **{"enforce_new_defaults": True, "watch_interval": 1.0, "require_file": True, **more},
    )
    return lint(sources, settings, Service(made, {}))


def here(rules, target, identity):
    """`yes`, `no`, or `refused` with the codes of the findings."""
    found = linted(rules)
    if found.snapshot is None:
        return f"refused {' '.join(sorted({problem.code for problem in errors(found.problems)}))}"
    return "yes" if found.snapshot.authorize("it", target, identity) else "no"


def there(path, rules, target, identity):
    """`yes`, `no`, or `raises`."""
    enforcer = stock.enforcer(path, rules, defaults())
    try:
        return "yes" if enforcer.authorize("it", target, stock.credentials(identity)) else "no"
    except Exception:  # noqa: BLE001  that it raises, however it does, is what is said
        return "raises"


@pytest.mark.parametrize(
    ("section", "check", "token", "target", "verdict"),
    each("check string", "token", "target", "verdict"),
)
def test_both_decide_as_it_says(section, check, token, target, verdict, tmp_path):
    case = rules_of(section, check_of(check)), pairs(target), identity_of(token)

    assert verdict in ("yes", "no")
    assert here(*case) == verdict
    assert there(tmp_path / "policy.yaml", *case) == verdict


@pytest.mark.parametrize(
    ("section", "check", "token", "target", "ours", "theirs"),
    each(*BOTH),
)
def test_each_decides_as_it_says(section, check, token, target, ours, theirs, tmp_path):
    case = rules_of(section, check_of(check)), pairs(target), identity_of(token)

    assert here(*case) == ours
    assert there(tmp_path / "policy.yaml", *case) == theirs


def test_what_differs_is_absence():
    """With what is absent taken out, oslo.policy would decide as we do."""
    differing = [row for row in rows(SECTIONS["The one difference"], *BOTH) if row[3] != row[4]]

    assert len(differing) >= 6
    for check, token, target, ours, _ in differing:
        enforcer = policy.RuleDefault("it", check_of(check))
        creds = stock.present(stock.credentials(identity_of(token)))
        assert bool(enforcer.check(stock.present(pairs(target)), creds, None)) is (ours == "yes")


def test_only_absence_differs_in_a_verdict():
    for section in SECTIONS.keys() - {"The one difference"}:
        for *_, ours, theirs in rows(SECTIONS[section], *BOTH):
            both = {ours.partition(" ")[0], theirs}
            assert both in ({"yes"}, {"no"}, {"no", "raises"}) or "refused" in both


@pytest.mark.parametrize(
    ("section", "check", "switch", "ours"), each("check string", "allow_remote_checks", "here")
)
def test_remote_checks_are_asked_if_they_may_be(section, check, switch, ours):
    found = linted({"it": check_of(check)}, allow_remote_checks={"on": True, "off": False}[switch])
    if ours.startswith("refused"):
        assert [problem.code for problem in errors(found.problems)] == [ours.split()[1]]
        return

    def decided(ask):
        return dataclasses.replace(found.snapshot, ask=ask).authorize("it", {}, Identity())

    assert ours == "what it answers"
    assert {decided(lambda *_: True), decided(lambda *_: False)} == {True, False}
    assert decided(found.snapshot.ask) is False


@pytest.mark.parametrize(
    ("section", "rule", "switch", "token", "verdict"),
    each("rule", "enforce_new_defaults", "token", "verdict"),
)
def test_the_rules_of_the_service_are_so(section, rule, switch, token, verdict, tmp_path):
    name, identity = check_of(rule), identity_of(token)
    new_only = {"on": True, "off": False}[switch]
    found = linted({}, SERVICE.defaults, enforce_new_defaults=new_only)
    enforcer = stock.enforcer(tmp_path / "p.yaml", {}, SERVICE.defaults(), new_only=new_only)

    assert found.snapshot.authorize(name, {}, identity) is (verdict == "yes")
    assert stock.verdict(enforcer, name, {}, stock.credentials(identity)) is (verdict == "yes")


def test_every_attribute_of_a_token_is_there():
    described = [check_of(row[0]) for row in rows(DOCUMENT, "attribute", "is")]

    assert sorted(described) == sorted([*TEXTS, *LISTS, "system", "is_admin_project"])


def test_every_construct_leads_to_its_examples():
    table = list(rows(DOCUMENT, "construct", "means", "look out for"))
    headings = {re.sub(r"[^\w ]", "", name).lower().replace(" ", "-"): name for name in SECTIONS}

    assert len(table) >= 15
    for construct, meaning, _ in table:
        anchor = re.search(r"\(#(.+)\)$", construct)[1]
        assert meaning
        assert TABLE.search(SECTIONS[headings[anchor]])


def test_every_kind_of_node_has_an_example():
    kinds = set()
    for section, text in SECTIONS.items():
        for head in (("verdict",), ("here", "oslo.policy")):
            for check, *_ in rows(text, "check string", "token", "target", *head):
                snapshot = linted(rules_of(section, check_of(check))).snapshot
                kinds |= set(map(type, _every(snapshot.rules["it"]))) if snapshot else set()

    assert kinds == set(nodes.Node.__args__)


def _every(node):
    yield node
    for part in nodes.parts_of(node):
        yield from _every(part)
