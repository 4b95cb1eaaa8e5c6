from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslo_policy import _parser

from policy_proxy.model import Identity, Request
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import parameters_of
from policy_proxy.placement.targets import ATTRIBUTES, optional, target

U = "9f0c4a5e-2b1d-4c3e-8f6a-7b8c9d0e1f2a"
CALLER = Identity(project_id="own-project", user_id="own-user", roles=("reader",))
NOBODY = Identity(system_scope="all")


def request(method, template, query=(), document=None, **params):
    (operation,) = [op for op in OPERATIONS if (op.method, op.template) == (method, template)]
    return Request(
        operation=operation,
        method=method,
        path=template.format(**params),
        params=params,
        query=tuple(query),
        microversion="1.39",
        document=document,
    )


def test_elsewhere_the_target_is_the_caller():
    assert target(request("GET", "/traits"), CALLER) == {
        "project_id": "own-project",
        "user_id": "own-user",
    }


def test_path_parameters_come_under_their_documented_names():
    inventory = "/resource_providers/{uuid}/inventories/{resource_class}"
    own = target(request("GET", "/traits"), CALLER)

    found = target(request("GET", inventory, uuid=U, resource_class="VCPU"), CALLER)
    assert found == {**own, "resource_provider.uuid": U, "resource_class": "VCPU"}
    found = target(request("GET", "/resource_classes/{name}", name="VCPU"), CALLER)
    assert found == {**own, "resource_class": "VCPU"}
    found = target(request("PUT", "/traits/{name}", name="CUSTOM_A"), CALLER)
    assert found == {**own, "trait": "CUSTOM_A"}
    found = target(request("GET", "/allocations/{consumer_uuid}", consumer_uuid=U), CALLER)
    assert found == {**own, "consumer.uuid": U}


def test_usages_are_those_of_the_project_in_the_query():
    asked = [("project_id", "alpha"), ("user_id", "alice"), ("consumer_type", "all")]

    assert target(request("GET", "/usages", asked), CALLER) == {
        "project_id": "alpha",
        "user_id": "alice",
    }
    assert target(request("GET", "/usages", asked[:1]), CALLER) == {"project_id": "alpha"}


@pytest.mark.parametrize("query", [(), [("project_id", "")], [("consumer_type", "all")]])
def test_usages_of_no_project_have_no_owner_and_least_of_all_the_caller(query):
    assert target(request("GET", "/usages", query), CALLER) == {}


def put(document):
    return request("PUT", "/allocations/{consumer_uuid}", document=document, consumer_uuid=U)


def test_allocations_belong_to_the_owner_in_the_body():
    body = {"allocations": {}, "project_id": "alpha", "user_id": "alice"}

    assert target(put(body), CALLER) == {
        "consumer.uuid": U,
        "project_id": "alpha",
        "user_id": "alice",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"allocations": []},
        {"project_id": None, "user_id": None},
        {"project_id": "", "user_id": ""},
        {"project_id": 7, "user_id": ["alice"]},
        [],
        None,
    ],
)
def test_a_body_without_an_owner_gives_none(body):
    assert target(put(body), CALLER) == {"consumer.uuid": U}


def post(*consumers):
    document = {str(number): consumer for number, consumer in enumerate(consumers)}
    return request("POST", "/allocations", document=document)


def test_consumers_of_one_owner_have_it():
    one = {"allocations": {}, "project_id": "alpha", "user_id": "alice"}

    assert target(post(one, one), CALLER) == {"project_id": "alpha", "user_id": "alice"}


def test_consumers_of_several_users_of_a_project_have_the_project():
    one, other = ({"project_id": "alpha", "user_id": user} for user in ("alice", "bob"))

    assert target(post(one, other), CALLER) == {"project_id": "alpha"}


@pytest.mark.parametrize(
    "other", [{"project_id": "beta"}, {"project_id": ["alpha"]}, {}, None, "x"]
)
@pytest.mark.parametrize("first", [True, False])
def test_one_consumer_of_another_owner_or_of_none_leaves_none(other, first):
    both = [{"project_id": "alpha"}, other]

    assert target(post(*(both if first else both[::-1])), CALLER) == {}


@pytest.mark.parametrize("document", [{}, [], None, {"project_id": "own-project"}])
def test_no_consumer_has_no_owner_and_least_of_all_the_caller(document):
    assert target(request("POST", "/allocations", document=document), CALLER) == {}


OWNERS = st.sampled_from(["alpha", "beta", "own-project", "", None])
AS_OWNER = "project_id:%(project_id)s"


@given(st.lists(OWNERS, min_size=1, max_size=4))
def test_many_are_allowed_as_an_owner_only_if_each_is_alone(projects):
    """With oslo.policy as the oracle, which is asked about each consumer by itself."""
    check = _parser.parse_rule(AS_OWNER)
    credentials = {"project_id": CALLER.project_id}
    consumers = [{"project_id": project} for project in projects]

    def allows(wanted):
        return bool(check(target(wanted, CALLER), credentials, None))

    assert allows(post(*consumers)) == all(allows(post(consumer)) for consumer in consumers)
    assert allows(post(*consumers)) == (set(projects) == {CALLER.project_id})


def test_a_reshaping_has_no_owner():
    body = {U: {"project_id": "own-project"}, "project_id": "own-project"}

    assert target(request("POST", "/reshaper", document=body), CALLER) == {}


def test_a_caller_without_a_project_gives_none():
    assert target(request("GET", "/traits"), NOBODY) == {}


def fully_described(operation):
    params = {parameter.name: "X" for parameter in parameters_of(operation)}
    owner = {"project_id": "p", "user_id": "u"}
    query = [*owner.items(), ("other", "x")]
    body = {**owner, "other": "x"}
    if (operation.method, operation.template) == ("POST", "/allocations"):
        body = {U: body}
    return request(operation.method, operation.template, query, body, **params)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.method} {op.template}")
def test_what_is_documented_is_what_is_supplied(operation):
    identity = Identity() if operation.public else CALLER
    documented = {
        name for name, attribute in ATTRIBUTES.items() if operation in attribute.operations
    }

    assert set(target(fully_described(operation), identity)) == documented


def test_each_attribute_has_a_meaning_and_someone_who_supplies_it():
    for attribute in ATTRIBUTES.values():
        assert attribute.meaning.endswith(".")
        assert attribute.operations


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if not operation.public],
    ids=lambda op: f"{op.method} {op.template}",
)
def test_what_is_optional_is_what_the_barest_request_lacks(operation):
    params = {parameter.name: "X" for parameter in parameters_of(operation)}
    needed = [("project_id", "p")] if operation.template == "/usages" else []
    barest = request(operation.method, operation.template, needed, {}, **params)

    lacking = target(fully_described(operation), CALLER).keys() - target(barest, CALLER).keys()

    assert optional().get(operation.rule, frozenset()) == lacking
