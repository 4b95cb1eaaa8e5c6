from __future__ import annotations

import pytest

from policy_proxy.errors import Malformed
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.query import check_query

PROVIDERS = "/resource_providers"
CANDIDATES = "/allocation_candidates"
LARGEST = 2**63 - 1


def check(template, *pairs):
    (operation,) = [op for op in OPERATIONS if (op.method, op.template) == ("GET", template)]
    check_query(operation, pairs)


def refused(template, *pairs):
    with pytest.raises(Malformed) as caught:
        check(template, *pairs)
    return caught.value.detail


@pytest.mark.parametrize("template", [PROVIDERS, CANDIDATES])
@pytest.mark.parametrize(
    "amount", [LARGEST + 1, "99999999999999999999999", "9" * 5000, f" +{LARGEST + 1}", "1_0" * 30]
)
def test_an_amount_that_no_database_holds_is_refused(template, amount):
    detail = refused(template, ("resources", f"VCPU:1,CUSTOM_A:{amount}"))

    assert detail == "Invalid query string parameters: a number in resources is too large"


@pytest.mark.parametrize("suffix", ["1", "_COMPUTE", "-x"])
def test_amounts_of_request_groups_are_looked_at_too(suffix):
    group = (f"resources{suffix}", f"VCPU:{LARGEST + 1}")

    assert f"a number in resources{suffix} " in refused(CANDIDATES, ("resources", "VCPU:1"), group)


def test_a_key_that_is_not_plain_is_not_repeated():
    detail = refused(CANDIDATES, ("resources<b>\n", f"VCPU:{LARGEST + 1}"))

    assert "a number in (not shown) is too large" in detail


@pytest.mark.parametrize("value", [str(LARGEST + 1), "9" * 5000])
def test_a_limit_that_is_too_large_is_refused(value):
    assert "a number in limit" in refused(CANDIDATES, ("limit", value))


@pytest.mark.parametrize(
    "value",
    [
        f"VCPU:{LARGEST}",
        "VCPU:1,MEMORY_MB:1024,DISK_GB:100",
        "VCPU:-99999999999999999999999",
        "VCPU",
        "VCPU:",
        "VCPU:cow",
        "VCPU:1:2",
        "",
        ",",
        "CUSTOM_" + "A" * 248 + ":1",
    ],
)
def test_what_placement_answers_itself_passes(value):
    check(PROVIDERS, ("resources", value))
    check(CANDIDATES, ("resources", value))


@pytest.mark.parametrize("value", ["5", "cow", "-99", "0", "", str(LARGEST)])
def test_what_placement_says_of_a_limit_is_left_to_it(value):
    check(CANDIDATES, ("limit", value))


def traits(count, prefix=""):
    return ",".join(f"{prefix}CUSTOM_{number}" for number in range(count))


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("required", [traits(61)]),
        ("required", [traits(31), traits(30)]),
        ("required_GPU", [f"in:CUSTOM_A,CUSTOM_{number}" for number in range(61)]),
        ("member_of", [f"in:a,{number}" for number in range(61)]),
        ("member_of1", [str(number) for number in range(61)]),
    ],
)
@pytest.mark.parametrize("template", [PROVIDERS, CANDIDATES])
def test_more_conditions_than_a_database_joins_are_refused(template, key, values):
    pairs = [(key, value) for value in values]

    assert f"{key} was given more than 60 conditions" in refused(template, *pairs)


@pytest.mark.parametrize(
    "pairs",
    [
        [("required", traits(60))],
        [("required", traits(60)), ("required1", traits(60)), ("member_of", "a")],
        [("required", f"{traits(60)},{traits(500, '!')}")],
        [("required", f"in:{traits(500)}")],
        [("member_of", "!in:a,b")] * 500,
        [("name", f"in:{traits(500)}")],
    ],
)
def test_conditions_that_a_database_joins_pass(pairs):
    check(PROVIDERS, *pairs)
    check(CANDIDATES, *pairs)


def test_what_no_policy_reads_may_be_repeated():
    check(CANDIDATES, ("limit", "10"), ("limit", "1"))
    check(PROVIDERS, ("member_of", "a"), ("member_of", "b"), ("required", "A"), ("required", "B"))
    check("/traits", ("name", "in:A"), ("name", "in:B"))


@pytest.mark.parametrize("key", ["project_id", "user_id", "consumer_type"])
@pytest.mark.parametrize("values", [("mine", "theirs"), ("mine", "mine"), ("", "mine")])
def test_whose_usages_are_asked_for_is_said_once(key, values):
    detail = refused("/usages", *[(key, value) for value in values])

    assert detail == f"Invalid query string parameters: {key} was given more than once"


def test_usages_may_be_asked_for_by_all_three():
    check("/usages", ("project_id", "p"), ("user_id", "u"), ("consumer_type", "all"))
    check("/usages")
    check("/usages", ("project_id", "p"), ("dummy", "1"), ("dummy", "2"))


@pytest.mark.parametrize("key", ["project_id", "user_id", "consumer_type"])
def test_what_is_recorded_of_a_query_has_the_length_that_placement_allows(key):
    check("/usages", (key, "a" * 255))

    detail = refused("/usages", (key, "a" * 256))

    assert detail == (
        f"Invalid query string parameters: {key} is too long (Failed validating 'maxLength')"
    )
