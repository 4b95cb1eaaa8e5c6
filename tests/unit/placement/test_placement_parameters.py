from __future__ import annotations

import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy_proxy.errors import Malformed, NotFound, Rejected
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import BAD_TRAIT, check_params

U = "9f0c4a5e-2b1d-4c3e-8f6a-7b8c9d0e1f2a"
UNDASHED = U.replace("-", "")
PROVIDER = "/resource_providers/{uuid}"
INVENTORY = "/resource_providers/{uuid}/inventories/{resource_class}"
CONSUMER = "/allocations/{consumer_uuid}"
CLASS = "/resource_classes/{name}"
TRAIT = "/traits/{name}"

NEVER_REPEATED = [
    f"{U}\n",
    "\x1b[31m",
    "<script>",
    "'; --",
    "\u2028",
    "\ud800",
    "caf\u00e9",
    "A" * 65 + "-",
    "\x00",
    " ",
]


def check(method, template, **params):
    (operation,) = [op for op in OPERATIONS if (op.method, op.template) == (method, template)]
    return check_params(operation, params)


def refused(kind, method, template, **params):
    with pytest.raises(kind) as caught:
        check(method, template, **params)
    return caught.value.detail


def test_an_operation_without_parameters_has_none():
    assert check("GET", "/usages") == {}


@pytest.mark.parametrize("spelling", [U, U.upper(), UNDASHED, UNDASHED.upper()])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_provider_has_one_spelling(method, spelling):
    assert check(method, PROVIDER, uuid=spelling) == {"uuid": U}


@pytest.mark.parametrize("text", ["non_existed", "foo", "random_sauce", U[:-1], U + "0", "-" * 36])
def test_what_is_no_uuid_is_no_provider(text):
    detail = refused(NotFound, "GET", PROVIDER, uuid=text)

    assert detail == f"No resource provider with uuid {text} found"


@pytest.mark.parametrize(
    "text", [f"{{{U}}}", f"urn:uuid:{U}", f"{U}\n", f" {U}", U.replace("-", "_")]
)
def test_spellings_that_only_python_reads_as_a_uuid_are_refused(text):
    refused(NotFound, "GET", PROVIDER, uuid=text)
    refused(Malformed, "PUT", CONSUMER, consumer_uuid=text)
    refused(NotFound, "DELETE", CONSUMER, consumer_uuid=text)


@pytest.mark.parametrize("spelling", [U, U.upper(), UNDASHED])
def test_allocations_are_put_under_the_canonical_consumer(spelling):
    assert check("PUT", CONSUMER, consumer_uuid=spelling) == {"consumer_uuid": U}


def test_a_consumer_that_is_no_uuid_is_malformed_in_a_put():
    detail = refused(Malformed, "PUT", CONSUMER, consumer_uuid="not-a-uuid")

    assert detail == "Malformed consumer_uuid: not-a-uuid"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_spellings_of_a_consumer_name_nothing_elsewhere(method):
    assert check(method, CONSUMER, consumer_uuid=U) == {"consumer_uuid": U}
    for text in (U.upper(), UNDASHED, "foo"):
        detail = refused(NotFound, method, CONSUMER, consumer_uuid=text)
        assert detail == f"No allocations for consumer '{text}'"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("template", [TRAIT, CLASS])
@pytest.mark.parametrize("name", ["CUSTOM_A", "CUSTOM_" + "A" * 248, "CUSTOM_0_"])
def test_custom_names_pass(method, template, name):
    assert check(method, template, name=name) == {"name": name}


@pytest.mark.parametrize(
    "name", ["HW_CPU", "CUSTOM_", "CUSTOM_ABC:1", "CUSTOM_" + "A" * 249, "CUSTOM_A\n", "custom_a"]
)
def test_only_custom_traits_are_created(name):
    assert refused(Malformed, "PUT", TRAIT, name=name) == BAD_TRAIT


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_trait_of_a_wrong_name_does_not_exist(method):
    assert check(method, TRAIT, name="HW_CPU") == {"name": "HW_CPU"}
    assert refused(NotFound, method, TRAIT, name="foo") == "No such trait(s): foo."


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_class_of_a_wrong_name_does_not_exist(method):
    assert check(method, CLASS, name="VCPU") == {"name": "VCPU"}
    assert refused(NotFound, method, CLASS, name="vcpu") == "No such resource class vcpu."


def test_placement_itself_says_that_a_standard_class_cannot_be_put():
    assert check("PUT", CLASS, name="VCPU") == {"name": "VCPU"}


@pytest.mark.parametrize(
    "name", ['CUSTOM_x y","name":"CUSTOM_B', 'CUSTOM_"', "CUSTOM_A\n", "Custom"]
)
def test_a_class_name_is_never_pasted_into_json(name):
    detail = refused(Malformed, "PUT", CLASS, name=name)

    assert detail.startswith("JSON does not validate: ")
    assert name not in detail


def test_a_class_name_can_be_too_long():
    detail = refused(Malformed, "PUT", CLASS, name="CUSTOM_" + "S" * 249)

    assert "no longer than 255 characters" in detail
    assert "Failed validating 'maxLength'" in detail


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("GET", "No inventory of class vcpu found"),
        ("DELETE", "No inventory of class vcpu found"),
        ("PUT", "No such resource class vcpu."),
    ],
)
def test_an_inventory_of_a_wrong_class_does_not_exist(method, sentence):
    assert refused(NotFound, method, INVENTORY, uuid=U, resource_class="vcpu") == sentence
    assert check(method, INVENTORY, uuid=UNDASHED, resource_class="VCPU") == {
        "uuid": U,
        "resource_class": "VCPU",
    }


@pytest.mark.parametrize("text", NEVER_REPEATED)
@pytest.mark.parametrize(
    ("method", "template", "name"),
    [
        ("GET", PROVIDER, "uuid"),
        ("PUT", CONSUMER, "consumer_uuid"),
        ("DELETE", CONSUMER, "consumer_uuid"),
        ("GET", TRAIT, "name"),
        ("PUT", TRAIT, "name"),
        ("GET", CLASS, "name"),
        ("PUT", CLASS, "name"),
    ],
)
def test_a_sentence_repeats_only_harmless_text(method, template, name, text):
    detail = refused(Rejected, method, template, **{name: text})

    assert detail.isascii()
    assert detail.isprintable()
    assert text.strip() == "" or text not in detail


@given(text=st.text() | st.uuids().map(str) | st.from_regex(r"[0-9a-fA-F-]{30,40}"))
@example(text=f"{U}\n")
@example(text="\u0669" * 32)
def test_what_passes_as_a_provider_is_the_uuid_that_it_was(text):
    try:
        found = check("GET", PROVIDER, uuid=text)["uuid"]
    except NotFound:
        return
    assert found == str(uuid.UUID(text))


@given(text=st.text() | st.from_regex(r"\A[A-Z0-9_]{1,20}\n?\Z"))
def test_what_passes_as_a_name_is_unchanged_and_plain(text):
    for template in (TRAIT, CLASS):
        for method in ("GET", "PUT", "DELETE"):
            try:
                found = check(method, template, name=text)["name"]
            except Rejected:
                continue
            assert found == text
            assert set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
