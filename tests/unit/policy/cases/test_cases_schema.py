"""The published schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from policy_proxy.model import Identity
from policy_proxy.policy.cases.schema import text
from policy_proxy.policy.cases.who import identity, words

SCHEMA = json.loads(text())
ROOT = Path(__file__).parents[4]
BLOCK = re.compile(r"^```yaml\n# (\S+\.policy-test\.yaml)\n(.+?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {path.name: path.read_text("utf-8") for path in ROOT.glob("policies/tests/*.yaml")} | {
    f"{page.stem}:{name}": example
    for page in ROOT.glob("docs/*.md")
    for name, example in BLOCK.findall(page.read_text("utf-8"))
}
CASE = {"operation": "traits:list", "identity": {"roles": ["a"]}, "expect": "deny"}
TABLE = {"identities": ["a"], "expect": {"traits:list": ["deny"], "GET /usages": "${x}"}}
WRONG = [
    {},
    {"cases": []},
    {"cases": [CASE], "case": []},
    {"cases": [{**CASE, "request": "GET /traits"}]},
    {"cases": [{**CASE, "expect": "no"}]},
    {"cases": [{**CASE, "identity": {"role": "a"}}]},
    {"cases": [{**CASE, "identity": {"roles": [1]}}]},
    {"cases": [{**CASE, "identity": {"project": 1}}]},
    {"cases": [{**CASE, "target": {"project_id": 1}}]},
    {"cases": [{**CASE, "parameters": {"x": "a"}}]},
    {"cases": [{**CASE, "answers": {"https://decider.example": "yes"}}]},
    {"tables": [{"identities": ["a"]}]},
    {"tables": [{**TABLE, "expect": {"traits:list": "no"}}]},
    {"tables": [{**TABLE, "expect": {"traits:list": ["no"]}}]},
    {"tables": [{**TABLE, "identities": {"a": {}}}]},
    {"tables": [{**TABLE, "cases": []}]},
    {"identities": {"a": ["b"]}, "cases": [CASE]},
    {"targets": {"a": 1}, "cases": [CASE]},
    {"values": [], "cases": [CASE]},
]
"""What an editor must mark, without knowing the policy."""


def below(schema):
    """The schema and every one within it."""
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(one, dict | list):
            yield from below(one)


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_it_knows_every_example_from_a_mistake(name):
    document = yaml.safe_load(EXAMPLES[name])

    assert Draft202012Validator(SCHEMA).is_valid(document) is ("bad" not in name)


@pytest.mark.parametrize("document", WRONG, ids=range(len(WRONG)))
def test_it_marks_what_is_wrong(document):
    good = {"identities": {"a": {}}, "cases": [CASE], "tables": [TABLE]}

    assert Draft202012Validator(SCHEMA).is_valid(good)
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_whatever_can_be_written_is_described():
    """An editor shows the description; an error says it as what to write."""
    for schema in below(SCHEMA):
        for name, inner in schema.get("properties", {}).items():
            assert "description" in inner or "$ref" in inner, name


def test_it_knows_all_that_an_identity_can_have():
    """Whatever policy can look at, a file can say; and back."""
    texts = {
        name: name for name in Identity.__slots__ if name.endswith("_id") and name != "domain_id"
    }
    who = Identity(**texts, roles=("a", "b"), service_roles=("c",), is_admin_project=False)
    said = words(who)

    assert (
        said.keys() | {"like", "domain", "system"}
        == SCHEMA["$defs"]["identity"]["properties"].keys()
    )
    assert identity(said, {}) == who
    for scope in ({"domain_id": "d"}, {"system_scope": "all"}):
        assert identity(words(Identity(**scope, is_admin_project=True)), {}) == Identity(
            **scope, is_admin_project=True
        )
