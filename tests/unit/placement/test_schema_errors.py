"""jsonschema and Placement's own schemas are the oracle: we say the same of the same place."""

from __future__ import annotations

import json

import jsonschema
import pytest
import webob.exc
from hypothesis import given, settings
from hypothesis import strategies as st
from placement import util
from placement.schemas import (
    aggregate,
    allocation,
    allocation_candidate,
    inventory,
    reshaper,
    resource_class,
    resource_provider,
    trait,
    usage,
)

from policy_proxy.model import Operation, Request, UpstreamError
from policy_proxy.placement.contract import public_error
from policy_proxy.placement.schema_errors import (
    PATTERNS,
    PHRASES,
    PROPERTIES,
    rebuilt_failure,
)

MODULES = (
    aggregate,
    allocation,
    allocation_candidate,
    inventory,
    reshaper,
    resource_class,
    resource_provider,
    trait,
    usage,
)
SCHEMAS = [
    schema
    for module in MODULES
    for name, schema in sorted(vars(module).items())
    if name.isupper() and isinstance(schema, dict) and "type" in schema
]
A_UUID = "5f0c3f3e-2a5c-4f0e-9d43-0d6f6b5a7a11"

INVENTORIES = {"resource_provider_generation": 1, "inventories": {"VCPU": {"total": 8}}}
ALLOCATIONS = {
    A_UUID: {
        "allocations": {A_UUID: {"resources": {"VCPU": 1}, "generation": 3}},
        "mappings": {"": [A_UUID]},
        "project_id": "p",
        "user_id": "u",
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }
}
VALID = [
    (aggregate.PUT_AGGREGATES_SCHEMA_V1_1, [A_UUID]),
    (
        aggregate.PUT_AGGREGATES_SCHEMA_V1_19,
        {"aggregates": [A_UUID], "resource_provider_generation": 1},
    ),
    (
        allocation.ALLOCATION_SCHEMA,
        {"allocations": [{"resource_provider": {"uuid": A_UUID}, "resources": {"VCPU": 1}}]},
    ),
    (allocation.POST_ALLOCATIONS_V1_38, ALLOCATIONS),
    (allocation_candidate.GET_SCHEMA_1_16, {"resources": "VCPU:1", "limit": "5"}),
    (allocation_candidate.GET_SCHEMA_1_36, {"resources1": "VCPU:1", "group_policy": "none"}),
    (inventory.POST_INVENTORY_SCHEMA, {"resource_class": "VCPU", "total": 8, "reserved": 0}),
    (inventory.PUT_INVENTORY_SCHEMA, INVENTORIES),
    (
        reshaper.POST_RESHAPER_SCHEMA_V1_38,
        {"inventories": {A_UUID: INVENTORIES}, "allocations": ALLOCATIONS},
    ),
    (resource_class.POST_RC_SCHEMA_V1_2, {"name": "CUSTOM_A"}),
    (resource_provider.POST_RP_SCHEMA_V1_14, {"name": "n", "parent_provider_uuid": A_UUID}),
    (trait.SET_TRAITS_FOR_RP_SCHEMA, {"traits": ["A"], "resource_provider_generation": 1}),
    (usage.GET_USAGES_SCHEMA_V1_38, {"project_id": "p", "consumer_type": "all"}),
]

KEYS = st.sampled_from([*PROPERTIES, "VCPU", "cow", "o'clock", 'a "b"', "é", "", "resources1"])
KINDS = [None, True, 0, -1, 1, 2**31, 3.5, 1e39, "", "x", "VCPU", A_UUID, "é'\"", "y" * 300]
LEAVES = st.sampled_from(KINDS)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(KEYS, LEAVES, max_size=2)


@st.composite
def one_change(draw, value):
    """The value with something in it replaced, added or left out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(["inside", "inside", "inside", "add", "leave out"])):
            case "inside":
                return {**value, key: draw(one_change(value[key]))}
            case "add":
                return {**value, draw(KEYS): draw(VALUES)}
            case _:
                return {name: inner for name, inner in value.items() if name != key}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        return [*value, draw(one_change(value[0]))]
    same_kind = st.sampled_from([leaf for leaf in KINDS if type(leaf) is type(value)] or KINDS)
    return draw(same_kind | VALUES)


def failure(document, schema):
    """The error of jsonschema, or None."""
    try:
        jsonschema.validate(document, schema, format_checker=util._FORMAT_CHECKER)
    except jsonschema.ValidationError as error:
        return error
    return None


def answered(error, document):
    """The sentence that a client gets for the error as Placement words it."""
    text = webob.exc.strip_tags(f"x<br /><br />\nJSON does not validate: {error}\n\n")
    body = json.dumps({"errors": [{"detail": text}]}).encode()
    sent = Request(Operation("r", "PUT", "/x"), "PUT", "/x", {}, (), "", None, document)
    return public_error(UpstreamError(400, "", body), sent).detail.partition("\n\n ")[2].strip()


def constraints(schema):
    """Every keyword in a schema, with its value."""
    for key, value in schema.items():
        if key in ("properties", "patternProperties"):
            for name, inner in value.items():
                yield key, name
                yield from constraints(inner)
        elif isinstance(value, dict):
            yield from constraints(value)
        elif key == "anyOf":
            yield key, value
            for inner in value:
                yield from constraints(inner)
        elif key != "additionalProperties":
            yield key, value


def phrase(keyword, value):
    """What jsonschema would say of a value that breaks the constraint."""
    said = {
        "anyOf": "is not valid under any of the given schemas",
        "enum": f"is not one of {value!r}",
        "format": f"is not a {value!r}",
        "maxLength": "is too long",
        "maximum": f"is greater than the maximum of {value!r}",
        "minimum": f"is less than the minimum of {value!r}",
        "pattern": f"does not match {value!r}",
        "type": "is not of type "
        + ", ".join(map(repr, value if isinstance(value, list) else [value])),
        "uniqueItems": "has non-unique elements",
    }
    return said.get(keyword, "should be non-empty")


@pytest.mark.parametrize(("schema", "document"), VALID)
def test_the_documents_that_are_changed_were_valid(schema, document):
    assert failure(document, schema) is None


def test_every_word_of_placements_schemas_is_known():
    for keyword, value in (found for schema in SCHEMAS for found in constraints(schema)):
        if keyword == "properties":
            assert value in PROPERTIES
        elif keyword == "patternProperties":
            assert value in PATTERNS
        elif keyword == "required":
            assert set(value) <= set(PROPERTIES)
        elif not (keyword.startswith("min") and value == 0 and keyword != "minimum"):
            assert phrase(keyword, value) in PHRASES[keyword]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_field_and_the_fault_are_told(data):
    schema, valid = data.draw(st.sampled_from(VALID))
    document = data.draw(one_change(valid))
    error = failure(document, schema)
    if error is None:
        return
    told = answered(error, document)

    assert told.startswith("JSON does not validate: ")
    assert f"Failed validating {error.validator!r} in schema" in told
    path = "".join(f"[{step!r}]" for step in error.absolute_path)
    assert told.endswith(f"  On instance{path}")
    assert "{'" not in told


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            {"name": "x", "parent_provider_uuid": "abc"},
            (
                "JSON does not validate: 'abc' is not a 'uuid'  "
                "Failed validating 'format' in schema  On instance['parent_provider_uuid']"
            ),
        ),
        (
            {"name": "y" * 300},
            (
                "JSON does not validate: this value is too long  Failed validating 'maxLength' in "
                "schema['properties']['name']  On instance['name']"
            ),
        ),
        (
            {"name": {"a": 1}},
            (
                "JSON does not validate: this object is not of type 'string'  Failed validating "
                "'type' in schema['properties']['name']  On instance['name']"
            ),
        ),
        (
            {"name": "x", "a": 1, "b": "secret"},
            (
                "JSON does not validate: Additional properties are not allowed ('a', 'b' were "
                "unexpected)  Failed validating 'additionalProperties' in schema  On instance"
            ),
        ),
        (
            [1],
            (
                "JSON does not validate: this list is not of type 'object'  "
                "Failed validating 'type' in schema  On instance"
            ),
        ),
    ],
)
def test_what_a_client_reads(document, told):
    error = failure(document, resource_provider.POST_RP_SCHEMA_V1_14)
    assert answered(error, document) == told


def test_the_name_in_the_path_is_told_where_there_is_no_body():
    text = (
        "'foo' does not match '^CUSTOM_[A-Z0-9_]+$'  Failed validating 'pattern' in "
        "schema['properties']['name']:     {}  On instance['name']:     'foo'"
    )
    assert rebuilt_failure(text, [None, {"name": "foo"}]) == (
        "'foo' does not match '^CUSTOM_[A-Z0-9_]+$'  Failed validating 'pattern' in "
        "schema['properties']['name']  On instance['name']"
    )


@pytest.mark.parametrize(
    ("message", "keyword", "place"),
    [
        ("0 is less than the minimum of 1", "minimum", "['n']"),
        ("0 is less than the minimum of 1", "secret", "['n']:"),
        ("0 is less than the minimum of 77", "minimum", "['n']:"),
        ("9 is less than the minimum of 1", "minimum", "['n']:"),
        ("0 is less than the minimum of 1", "minimum", "['m']:"),
        ("0 is less than the minimum of 1", "minimum", "[0]:"),
        ("'zz' is a required property", "required", ":"),
        ("'n' was unexpected", "additionalProperties", "['n']:"),
    ],
)
def test_what_does_not_fit_the_clients_document_is_not_told(message, keyword, place):
    text = f"{message}  Failed validating '{keyword}' in schema:     {{}}  On instance{place}"
    assert rebuilt_failure(text, [{"n": 0}]) is None


@pytest.mark.parametrize("text", ["", "x", "0 is less than the minimum of 1", "  On instance:"])
def test_any_other_text_is_not_told(text):
    assert rebuilt_failure(text, [{"n": 0}]) is None


def test_a_schema_path_ends_where_it_is_not_known():
    text = (
        "0 is less than the minimum of 1  Failed validating 'minimum' in "
        "schema['properties']['secret']['total']:  On instance['n']:"
    )
    assert rebuilt_failure(text, [{"n": 0}]) == (
        "0 is less than the minimum of 1  Failed validating 'minimum' in "
        "schema['properties']  On instance['n']"
    )
