"""The published schema."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from policy_proxy.model import Identity
from policy_proxy.policy.cases.schema import text
from policy_proxy.policy.cases.who import identity, words

SCHEMA = json.loads(text())


def below(schema):
    """The schema and every one within it."""
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(one, dict | list):
            yield from below(one)


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


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
