"""The policy files that an operator would start from: each does what its comments promise."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Effect, Identity, Request
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.decide import decide
from policy_proxy.policy.source import read

POLICIES = Path(__file__).parents[2] / "policies"
OPERATIONS = tuple(operation for operation in SERVICE.operations if not operation.public)
ROUTES = frozenset(f"{operation.method} {operation.template}" for operation in OPERATIONS)
READS = frozenset(route for route in ROUTES if route.startswith("GET "))
DELETES = frozenset(route for route in ROUTES if route.startswith("DELETE "))
RESHAPE = frozenset({"POST /reshaper"})
FREE = frozenset({"DELETE /allocations/{consumer_uuid}"})
OWN_USAGES = frozenset({"GET /usages"})
NOTHING = frozenset[str]()


def identity(*roles, project="alpha", **more):
    return Identity(user_id="somebody", project_id=project, roles=roles, **more)


@cache
def snapshot(name):
    """The policy in force with one of the files; it is refused if anything is wrong with it."""
    settings = PolicySettings(
        file=str(POLICIES / name),
        dirs=(),
        default_rule="default",
        enforce_new_defaults=True,
        watch_interval=1,
        require_file=True,
    )
    return build(read(settings), settings, SERVICE.defaults)


def asked(operation, project):
    """A request for the operation; GET /usages asks for those of `project`."""
    usages = (operation.method, operation.template) == ("GET", "/usages")
    return Request(
        operation=operation,
        method=operation.method,
        path=operation.template,
        params={"uuid": "u", "consumer_uuid": "c", "name": "CUSTOM_N", "resource_class": "VCPU"},
        query=(("project_id", project),) if usages else (),
        microversion="1.39",
    )


def may(name, who, project="alpha"):
    """The routes that a policy file allows to an identity, asking for usages of `project`."""
    policy = snapshot(name)
    return {
        f"{operation.method} {operation.template}"
        for operation in OPERATIONS
        if decide(
            request := asked(operation, project), who, policy, SERVICE.target(request, who)
        ).effect
        is Effect.ALLOW
    }


SAMPLES = [path.name for path in sorted(POLICIES.glob("*.yaml"))]

NOBODYS = {
    "without a role": identity(),
    "with a role that no file names": identity("auditor"),
    "an administrator of the system": Identity(
        user_id="s", roles=("admin", "monitoring", "service", "reader"), system_scope="all"
    ),
    "an administrator of a domain": Identity(
        user_id="d", roles=("admin", "monitoring", "service", "reader"), domain_id="default"
    ),
}


@pytest.mark.parametrize("who", NOBODYS.values(), ids=NOBODYS.keys())
@pytest.mark.parametrize("name", SAMPLES)
def test_no_file_lets_in_who_has_no_role_in_a_project(name, who):
    assert may(name, who) == NOTHING


def test_every_file_is_here():
    assert SAMPLES == [
        "placement.yaml",
        "read-only-monitoring.yaml",
        "service-accounts.yaml",
        "strict-writes.yaml",
    ]


DEFAULTS = [
    (("admin",), "beta", ROUTES - RESHAPE),
    (("service",), "beta", ROUTES),
    (("reader",), "alpha", OWN_USAGES),
    (("reader",), "beta", NOTHING),
    (("member",), "alpha", NOTHING),
]


@pytest.mark.parametrize(("roles", "project", "allowed"), DEFAULTS)
def test_the_sample_of_all_rules_keeps_the_defaults(roles, project, allowed):
    assert may("placement.yaml", identity(*roles), project) == allowed


@pytest.mark.parametrize("project", ["alpha", "beta"])
def test_monitoring_reads_everything_and_writes_nothing(project):
    assert may("read-only-monitoring.yaml", identity("monitoring"), project) == READS


@pytest.mark.parametrize(("roles", "project", "allowed"), DEFAULTS)
def test_with_monitoring_nobody_else_gains_or_loses(roles, project, allowed):
    assert may("read-only-monitoring.yaml", identity(*roles), project) == allowed


PROVIDERS = "/resource_providers"
PROVIDER = "/resource_providers/{uuid}"
EVERY_SERVICE = {
    f"GET {PROVIDERS}",
    f"POST {PROVIDERS}",
    f"DELETE {PROVIDER}",
    f"PUT {PROVIDER}/inventories",
    f"PUT {PROVIDER}/inventories/{{resource_class}}",
}
CONSUMER = "/allocations/{consumer_uuid}"
NEEDS = {
    "placement_nova": {
        f"GET {PROVIDER}",
        f"GET {PROVIDER}/inventories",
        f"GET {PROVIDER}/aggregates",
        f"PUT {PROVIDER}/aggregates",
        f"GET {PROVIDER}/traits",
        f"PUT {PROVIDER}/traits",
        f"GET {PROVIDER}/allocations",
        f"GET {CONSUMER}",
        f"PUT {CONSUMER}",
        f"DELETE {CONSUMER}",
        "POST /allocations",
        "GET /allocation_candidates",
        "GET /traits",
        "PUT /traits/{name}",
        "PUT /resource_classes/{name}",
        "GET /usages",
        "POST /reshaper",
    },
    "placement_neutron": {
        f"GET {PROVIDER}",
        f"PUT {PROVIDER}",
        f"GET {PROVIDER}/inventories/{{resource_class}}",
        f"GET {PROVIDER}/aggregates",
        f"PUT {PROVIDER}/aggregates",
        f"PUT {PROVIDER}/traits",
        f"GET {CONSUMER}",
        f"PUT {CONSUMER}",
        "PUT /traits/{name}",
    },
    "placement_blazar": {
        f"GET {PROVIDER}/inventories",
        f"DELETE {PROVIDER}/inventories",
        f"DELETE {PROVIDER}/inventories/{{resource_class}}",
        f"GET {PROVIDER}/traits",
        "POST /resource_classes",
        "DELETE /resource_classes/{name}",
    },
    "placement_cyborg": {
        f"GET {PROVIDER}",
        f"GET {PROVIDER}/traits",
        f"PUT {PROVIDER}/traits",
        "GET /traits/{name}",
        "PUT /traits/{name}",
        "DELETE /traits/{name}",
        "PUT /resource_classes/{name}",
        "DELETE /resource_classes/{name}",
    },
}


@pytest.mark.parametrize(("role", "needs"), NEEDS.items(), ids=NEEDS.keys())
def test_each_service_may_what_it_asks_for_and_no_more(role, needs):
    who = identity("service", role, project="service")

    assert may("service-accounts.yaml", who) == EVERY_SERVICE | needs


@pytest.mark.parametrize(
    ("roles", "project", "allowed"),
    [
        (("service",), "alpha", NOTHING),
        (("admin",), "beta", ROUTES - RESHAPE),
        (("reader",), "alpha", OWN_USAGES),
        (("reader",), "beta", NOTHING),
    ],
)
def test_with_service_accounts_the_role_service_alone_gives_nothing(roles, project, allowed):
    assert may("service-accounts.yaml", identity(*roles), project) == allowed


@pytest.mark.parametrize(
    ("roles", "project", "allowed"),
    [
        (("reader",), "alpha", READS),
        (("reader",), "beta", READS - OWN_USAGES),
        (("member",), "alpha", NOTHING),
        (("service",), "beta", ROUTES - DELETES | FREE),
        (("admin",), "beta", READS | DELETES),
        (("member", "reader"), "alpha", READS),
    ],
)
def test_strict_writes_parts_reading_writing_and_deleting(roles, project, allowed):
    assert may("strict-writes.yaml", identity(*roles), project) == allowed
