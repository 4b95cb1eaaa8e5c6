"""Whatever path we build, Placement's own router reads the same operation and parameters in it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from placement.handler import ROUTE_DECLARATIONS, make_map

from policy_proxy.errors import Rejected
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import check_params, parameters_of

U = "9f0c4a5e-2b1d-4c3e-8f6a-7b8c9d0e1f2a"
MAPPER = make_map(ROUTE_DECLARATIONS)

UUIDS = st.uuids().flatmap(
    lambda value: st.sampled_from(
        [str(value), value.hex, str(value).upper(), f"{value}\n", f"{{{value}}}", value.urn]
    )
)
NAMES = st.from_regex(r"\A(CUSTOM_)?[A-Z0-9_]{1,300}\n?\Z")
WILD = st.text(max_size=40) | st.sampled_from(["..", ".", "%2F", "inventories", "CUSTOM_A;x=1"])
RAW = UUIDS | NAMES | WILD


def routed(method, path):
    """What Placement's router makes of a request: the handler and the parameters."""
    found = MAPPER.match(environ={"REQUEST_METHOD": method, "PATH_INFO": path})
    return found.pop("action"), found


def agrees(operation, raw):
    params = check_params(operation, raw)
    handler, found = routed(operation.method, operation.template.format_map(params))
    assert handler is ROUTE_DECLARATIONS[operation.template][operation.method]
    assert found == params


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.method} {op.template}")
def test_each_operation_is_read_as_itself(operation):
    plain = {"uuid": U, "consumer_uuid": U, "name": "CUSTOM_A", "resource_class": "VCPU"}

    agrees(
        operation, {parameter.name: plain[parameter.name] for parameter in parameters_of(operation)}
    )


@given(
    operation=st.sampled_from([op for op in OPERATIONS if parameters_of(op)]),
    raw=st.fixed_dictionaries(
        {"uuid": RAW, "consumer_uuid": RAW, "name": RAW, "resource_class": RAW}
    ),
)
@example(
    operation=next(op for op in OPERATIONS if op.template == "/resource_providers/{uuid}"),
    raw=dict.fromkeys(("uuid", "consumer_uuid", "name", "resource_class"), f"{U}\n"),
)
def test_what_is_not_refused_is_read_as_the_same(operation, raw):
    names = [parameter.name for parameter in parameters_of(operation)]
    try:
        agrees(operation, {name: raw[name] for name in names})
    except Rejected:
        return


@given(operation=st.sampled_from([op for op in OPERATIONS if parameters_of(op)]), data=st.data())
def test_accepted_parameters_are_read_as_the_same(operation, data):
    fitting = {"uuid": st.uuids().map(str), "consumer_uuid": st.uuids().map(str)}
    names = [parameter.name for parameter in parameters_of(operation)]
    custom = st.from_regex(r"\ACUSTOM_[A-Z0-9_]{1,248}\Z")
    agrees(operation, {name: data.draw(fitting.get(name, custom)) for name in names})
