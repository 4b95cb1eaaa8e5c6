from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.errors import Malformed
from policy_proxy.model import BodyRule
from policy_proxy.placement.body import CLASS as ONE_CLASS
from policy_proxy.placement.body import check_body
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import CANONICAL_UUID

U = "9f0c4a5e-2b1d-4c3e-8f6a-7b8c9d0e1f2a"
V = "0d9a1c52-7c44-4ad2-9d6e-0a1b2c3d4e5f"
AGGREGATES = ("PUT", "/resource_providers/{uuid}/aggregates")
INVENTORIES = ("PUT", "/resource_providers/{uuid}/inventories")
ALLOCATION = ("PUT", "/allocations/{consumer_uuid}")
ALLOCATIONS = ("POST", "/allocations")
RESHAPER = ("POST", "/reshaper")
CLASS = ("PUT", "/resource_classes/{name}")

NO_UUIDS = [
    "-" * 36,
    "x" * 36,
    "A" * 36,
    U.upper(),
    U.replace("-", ""),
    f"{U}\n",
    f"{{{U}}}",
    "",
    "nice_house_friend",
]
ALLOCATED = {"allocations": {U: {"resources": {"VCPU": 1}}}, "project_id": "p", "user_id": "u"}
INVENTORY = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 8}}}


def operation(route):
    (found,) = [op for op in OPERATIONS if (op.method, op.template) == route]
    return found


def check(route, document):
    before = copy.deepcopy(document)
    check_body(operation(route), document)
    assert document == before


def refused(route, document):
    with pytest.raises(Malformed) as caught:
        check(route, document)
    assert caught.value.detail.startswith("JSON does not validate: ")
    assert caught.value.detail.isprintable()
    return caught.value.detail


WRITES = [op for op in OPERATIONS if op.body is BodyRule.REQUIRED]


@pytest.mark.parametrize("write", WRITES, ids=lambda op: f"{op.method} {op.template}")
def test_the_type_at_the_top(write):
    route = (write.method, write.template)
    check(route, {})
    for document in (None, "text", 1, True, 1.5):
        assert "is not of type 'object'" in refused(route, document)
    if route == AGGREGATES:
        check(route, [U])
    else:
        refused(route, [])


def test_a_body_that_is_optional_may_be_missing_but_not_anything():
    check(CLASS, None)
    check(CLASS, {"name": "CUSTOM_A"})
    refused(CLASS, [1])


def test_an_operation_without_a_body_has_nothing_to_look_at():
    check(("PUT", "/traits/{name}"), None)
    check(("DELETE", "/allocations/{consumer_uuid}"), None)


@pytest.mark.parametrize("key", NO_UUIDS)
def test_consumers_are_canonical_uuids(key):
    check(ALLOCATIONS, {U: ALLOCATED})

    assert "the consumers" in refused(ALLOCATIONS, {U: ALLOCATED, key: ALLOCATED})
    assert "the consumers" in refused(
        RESHAPER, {"inventories": {}, "allocations": {key: ALLOCATED}}
    )


@pytest.mark.parametrize("key", NO_UUIDS)
def test_providers_are_canonical_uuids(key):
    wrong = {**ALLOCATED, "allocations": {key: {"resources": {"VCPU": 1}}}}

    assert "in allocations does not match any of the regexes" in refused(ALLOCATION, wrong)
    refused(ALLOCATIONS, {U: ALLOCATED, V: wrong})
    refused(RESHAPER, {"inventories": {U: INVENTORY}, "allocations": {V: wrong}})
    refused(RESHAPER, {"inventories": {U: INVENTORY, key: INVENTORY}, "allocations": {}})


@pytest.mark.parametrize("key", ["vcpu", "VCPU\n", "", "CUSTOM-A", "V CPU", "\u0410", "VCPU:1"])
@pytest.mark.parametrize("value", [{"total": 8}, {}, 3])
def test_inventories_are_keyed_by_resource_class(key, value):
    check(INVENTORIES, INVENTORY)
    wrong = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 1}, key: value}}

    assert "'^[A-Z0-9_]+$'" in refused(INVENTORIES, wrong)
    refused(RESHAPER, {"inventories": {U: INVENTORY, V: wrong}, "allocations": {}})


NO_UUIDS_EITHER = [f"{U} {V}", f"{U} ", f" {U}", U[:-1], f"{U[1:]}-", f"{U[:-1]}\u0663", "\ud800"]
CLASSES = ["VCPU", "CUSTOM_A", "A B", "VCPU\n"]
SPELLINGS = st.sampled_from([U, V, U.replace("f", "0"), *NO_UUIDS, *NO_UUIDS_EITHER, *CLASSES])


@pytest.mark.parametrize(
    ("route", "where", "key"),
    [(ALLOCATION, "allocations", CANONICAL_UUID), (INVENTORIES, "inventories", ONE_CLASS)],
)
@given(names=st.lists(SPELLINGS, max_size=4))
def test_names_looked_at_together_pass_if_each_would(route, where, key, names):
    document = {where: {name: {} for name in names}}
    if all(map(key.fullmatch, names)):
        check(route, document)
    else:
        assert f"in {where} does not match" in refused(route, document)


@pytest.mark.parametrize("owner", ["project_id", "user_id"])
@pytest.mark.parametrize("text", ["\x00", "a\nb", "\x7f", "\x85"])
def test_an_owner_has_no_control_characters(owner, text):
    wrong = {**ALLOCATED, owner: text}

    assert owner in refused(ALLOCATION, wrong)
    refused(ALLOCATIONS, {U: wrong})
    refused(RESHAPER, {"inventories": {}, "allocations": {U: wrong}})


@pytest.mark.parametrize(
    ("route", "document"),
    [
        (ALLOCATION, {"allocations": [{"resource_provider": {"uuid": "x"}, "resources": {}}]}),
        (ALLOCATION, {"allocations": None, "project_id": 1, "user_id": None}),
        (ALLOCATIONS, {U: None}),
        (ALLOCATIONS, {U: {"allocations": 1}}),
        (INVENTORIES, {"inventories": []}),
        (RESHAPER, {"bad": "doc"}),
        (RESHAPER, {"inventories": [], "allocations": {}}),
        (RESHAPER, {"inventories": {U: 3}, "allocations": {U: []}}),
    ],
)
def test_what_placement_refuses_in_its_own_words_passes(route, document):
    check(route, document)


class Watched(dict):
    """Counts how often it is gone through."""

    rounds = 0

    def __iter__(self):
        self.rounds += 1
        return super().__iter__()


def test_each_key_is_looked_at_once():
    body = Watched({U: {**ALLOCATED, "allocations": Watched(ALLOCATED["allocations"])}})

    check_body(operation(ALLOCATIONS), body)

    assert body.rounds == 1
    assert body[U]["allocations"].rounds == 1


@pytest.mark.parametrize("member", ["traits", "aggregates"])
def test_a_set_of_a_provider_has_a_bound(member):
    route = operation(("PUT", f"/resource_providers/{{uuid}}/{member}"))
    check_body(route, {member: ["x"] * 10_000})
    with pytest.raises(Malformed, match=member):
        check_body(route, {member: ["x"] * 10_001})


def test_a_bare_list_of_aggregates_has_the_same_bound():
    route = operation(AGGREGATES)
    with pytest.raises(Malformed, match="10000"):
        check_body(route, ["x"] * 10_001)
