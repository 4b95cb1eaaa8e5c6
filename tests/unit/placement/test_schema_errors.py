"""jsonschema and Placement's own schemas are the oracle: we say the same of the same place."""

from __future__ import annotations

import json

import jsonschema
import pytest
import webob.exc
from hypothesis import given
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

KEYS = st.sampled_from(
    [*PROPERTIES, A_UUID, "VCPU", "cow", "o'clock", 'a "b"', "é", "", "resources1"]
)
LEAVES = st.sampled_from(
    [None, True, 0, -1, 1, 2**31, 3.5, 1e39, "", "x", "VCPU", "COW_", A_UUID, "é'\"", "y" * 300]
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


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


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_every_word_of_placements_schemas_is_known(schema):
    for keyword, value in constraints(schema):
        if keyword == "properties":
            assert value in PROPERTIES
        elif keyword == "patternProperties":
            assert value in PATTERNS
        elif keyword == "required":
            assert set(value) <= set(PROPERTIES)
        elif not (keyword.startswith("min") and value == 0 and keyword != "minimum"):
            assert phrase(keyword, value) in PHRASES[keyword]


@given(schema=st.sampled_from(SCHEMAS), document=DOCUMENTS)
def test_the_field_and_the_fault_are_told(schema, document):
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
                "JSON does not validate: 'abc' is not a 'uuid'  Failed validating 'format' in schema  "
                "On instance['parent_provider_uuid']"
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
