"""At every microversion, Placement does what the proxy has decided: the same rule, owner, consumer.

Placement runs for real, with a database. What it asks of its own policy, and whom it reads out of
query and body, is written down where its handlers say so.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import microversion_parse
import pytest
import webob
import webob.exc
from hypothesis import given, settings
from hypothesis import strategies as st
from placement import context, microversion
from placement.handlers import usage
from placement.handlers import util as handlers
from placement.tests.functional.fixtures import gabbits

from harness.examples import some
from integration.test_admission_differential import GOOD, UUID, environ_of, let_in
from policy_proxy.admission.microversion import parse
from policy_proxy.errors import Refusal
from policy_proxy.model import REQUEST, Identity, Request
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import target

pytestmark = pytest.mark.xdist_group("versions")
CALLER = Identity(user_id="admin", project_id="admin")
VERSIONS = microversion.VERSIONS
OPERATIONS = [operation for operation in SERVICE.operations if not operation.public]
OTHER = "11111111-2222-4333-8444-555555555555"

_OWNERS = st.sampled_from(["alpha", "beta", "None", "", "a\u00e9", None, 3, ["alpha"], "x" * 256])
_ALLOCATIONS = st.sampled_from(
    [
        {},
        {OTHER: {"resources": {"VCPU": 1}}},
        {OTHER: {"resources": {"VCPU": 1}, "generation": 1}},
        [{"resource_provider": {"uuid": OTHER}, "resources": {"VCPU": 1}}],
    ]
)
_CONSUMERS = st.fixed_dictionaries(
    {"allocations": _ALLOCATIONS},
    optional={
        "project_id": _OWNERS,
        "user_id": _OWNERS,
        "consumer_generation": st.sampled_from([None, 0, 1]),
        "consumer_type": st.sampled_from(["INSTANCE", "unknown", "x"]),
        "mappings": st.sampled_from([{"": [OTHER]}, {}]),
        "more": st.just(1),
    },
)


def _consumer(version: str, project: Any, user: Any) -> dict[str, Any]:
    """As Placement's schemas have it at this version."""
    since = VERSIONS.index(version)
    resources = {"resources": {"VCPU": 1}}
    listed = [{"resource_provider": {"uuid": OTHER}, **resources}]
    body: dict[str, Any] = {"allocations": {OTHER: resources} if since >= 12 else listed}
    if since >= 8:
        body |= {"project_id": project, "user_id": user}
    if since >= 28:
        body["consumer_generation"] = None
    if since >= 38:
        body["consumer_type"] = "INSTANCE"
    return body


_WELL_FORMED = st.builds(
    lambda version, project, user: (version, _consumer(version, project, user)),
    st.sampled_from(VERSIONS),
    st.sampled_from(["alpha", "beta", "None", "a\u00e9", "x" * 255]),
    st.sampled_from(["u", "None", "\u2603"]),
)
_BODIES = st.one_of(
    st.none(),
    _CONSUMERS,
    _CONSUMERS.map(lambda consumer: {UUID: consumer}),
    st.just({"name": "a"}),
    st.just({"inventories": {}, "allocations": {}}),
)
_QUERIES = st.lists(
    st.sampled_from(
        [
            *("project_id=alpha", "project_id=beta", "project_id=", "user_id=u", "user_id="),
            *("consumer_type=all", "resources=VCPU:1", "name=a", "limit=1", "project_id=%61lpha"),
        ]
    ),
    max_size=3,
).map("&".join)

_TOTALS = st.sampled_from(
    ["project_id=alpha", "project_id=a%20b", "user_id=u&project_id=alpha", "project_id=a&user_id="]
)


@dataclass(slots=True)
class Placement:
    """The real one, and what it was seen to do with the last request."""

    app: Any = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    consumers: list[tuple[str, Any, Any]] = field(default_factory=list)
    totals: list[tuple[Any, Any]] = field(default_factory=list)
    version: str = ""

    def can(self, ctx, action, target=None, fatal=True):
        del ctx, fatal
        self.asked.append((action, target))
        return True

    def ensure_consumer(self, ctx, consumer, project, user, generation, kind, version):
        del ctx, generation, kind
        self.consumers.append((consumer, project, user))
        self.version = str(version)
        raise webob.exc.HTTPBadRequest("seen")

    def total(self, ctx, project, user_id=None, consumer_type=None):
        del ctx, consumer_type
        self.totals.append((project, user_id))
        return []

    def given(self, request: Request, environ: dict[str, Any]) -> int:
        """Hand it what the proxy would send; the status of its answer."""
        self.asked, self.consumers, self.totals = [], [], []
        received = environ_of(request.method, "", environ["QUERY_STRING"], request.body)
        received["PATH_INFO"] = request.path
        received["HTTP_X_AUTH_TOKEN"] = "admin"
        received.pop("HTTP_OPENSTACK_API_VERSION", None)
        if "HTTP_OPENSTACK_API_VERSION" in environ:
            received["HTTP_OPENSTACK_API_VERSION"] = environ["HTTP_OPENSTACK_API_VERSION"]
        return webob.Request(received).get_response(self.app).status_int


@pytest.fixture(scope="module")
def placement():
    seen = Placement()
    with ExitStack() as stack:
        fixture = gabbits.APIFixture()
        fixture.start_fixture()
        stack.callback(fixture.stop_fixture)
        seen.app = gabbits.setup_app()
        patched = {
            (context.RequestContext, "can"): _method(seen.can),
            (handlers, "ensure_consumer"): seen.ensure_consumer,
            (usage.usage_obj, "get_all_by_project_user"): seen.total,
            (usage.usage_obj, "get_by_consumer_type"): seen.total,
        }
        for (owner, name), instead in patched.items():
            stack.enter_context(mock.patch.object(owner, name, instead))
        yield seen


def _method(function):
    """A function that is a method of whichever class has it."""

    def method(self, *given, **named):
        return function(self, *given, **named)

    return method


SEEN: Counter[str] = Counter()
ONE_CONSUMER = "/allocations/{consumer_uuid}"


@settings(max_examples=some(500))
@given(
    version=st.sampled_from(VERSIONS),
    operation=st.sampled_from(OPERATIONS)
    | st.sampled_from([o for o in OPERATIONS if o.template in ("/usages", "/allocations")])
    | st.sampled_from([o for o in OPERATIONS if o.template == ONE_CONSUMER]),
    query=_QUERIES,
    document=_BODIES,
)
def test_what_is_decided_is_what_is_done(placement, version, operation, query, document):
    compare(placement, version, operation, query, document)


@settings(max_examples=some(120))
@given(asked=_WELL_FORMED)
def test_whom_allocations_shall_belong_to(placement, asked):
    version, consumer = asked
    (operation,) = [o for o in OPERATIONS if (o.method, o.template) == ("PUT", ONE_CONSUMER)]
    compare(placement, version, operation, "", consumer)


@settings(max_examples=some(120))
@given(
    version=st.sampled_from(VERSIONS[13:]),
    owners=st.lists(
        st.tuples(st.sampled_from(["alpha", "beta"]), st.sampled_from(["u", "v"])),
        min_size=1,
        max_size=2,
    ),
)
def test_whom_the_allocations_of_many_shall_belong_to(placement, version, owners):
    (operation,) = [o for o in OPERATIONS if (o.method, o.template) == ("POST", "/allocations")]
    consumers = [_consumer(version, *owner) for owner in owners]
    document = dict(zip((UUID, OTHER), consumers, strict=False))
    compare(placement, version, operation, "", document)


@settings(max_examples=some(60))
@given(version=st.sampled_from(VERSIONS[9:]), query=_TOTALS)
def test_whose_usages_are_told(placement, version, query):
    (operation,) = [operation for operation in OPERATIONS if operation.template == "/usages"]
    compare(placement, version, operation, query, None)


def compare(placement, version, operation, query, document):
    """Fail if Placement does something else than what is decided; what is refused is not sent."""
    body = None if document is None else json.dumps(document).encode()
    raw = environ_of(operation.method, operation.template.format(**GOOD), query, body)
    raw["HTTP_OPENSTACK_API_VERSION"] = f"placement {version}"
    handed = let_in(raw)
    if handed is None:
        return
    request: Request = handed[REQUEST]
    decided = target(request, CALLER)

    placement.given(request, handed)

    for action, theirs in placement.asked:
        SEEN[action] += 1
        assert action == request.operation.rule
        if theirs is not None:
            assert (theirs["project_id"] or None) == decided.get("project_id")
    for consumer, project, user in placement.consumers:
        assert placement.version == version
        if operation.method == "PUT":
            SEEN["consumers"] += 1
            assert consumer == decided["consumer.uuid"]
            assert (project or None, user or None) == (
                decided.get("project_id"),
                decided.get("user_id"),
            )
        else:
            SEEN["of many"] += 1
            owners = (("project_id", project), ("user_id", user))
            for (name, theirs), among in zip(owners, _owners(document), strict=True):
                assert decided.get(name) == (theirs if among == {theirs} else None)
    for project, user in placement.totals:
        SEEN["totals"] += 1
        assert (project, user or None) == (decided["project_id"], decided.get("user_id"))


def _owners(document: dict[str, Any]) -> list[set[Any]]:
    """All projects, and all users, that consumers in a body shall belong to."""
    return [{each[name] for each in document.values()} for name in ("project_id", "user_id")]


def test_enough_was_seen():
    """Of each thing that could differ; it stands behind the others in this file."""
    assert SEEN["consumers"] > 10
    assert SEEN["of many"] > 10
    assert SEEN["totals"] > 10
    assert len(SEEN) > len(OPERATIONS) / 2


_SAID = st.lists(
    st.sampled_from(
        [
            *("placement", "compute", "PLACEMENT", "latest", "1.0", "1.39", "1.40", "1.00", "01.1"),
            *(" ", "  ", "\t", ",", ", ", ";", "1", ".", "-1.0", "\u0661.0", "1.39 ", "1_0.3"),
        ]
    ),
    max_size=7,
).map("".join)
_HEADERS = _SAID | st.builds(
    "{}placement {}{}".format,
    st.sampled_from(["", "compute 2.1, ", "placement 1.0, ", " "]),
    st.sampled_from([*VERSIONS, "latest", "1.999", "2.0"]),
    st.sampled_from(["", ",", ", compute 2.1", ", placement 1.1", " "]),
)


@settings(max_examples=some(1000))
@given(header=_HEADERS)
def test_a_version_means_the_same(header):
    """What goes out is read by Placement as what came in would have been."""
    try:
        ours = parse(header, "placement")
    except Refusal:
        return

    theirs = _theirs(header)
    sent = f"placement {ours}" if ours else ""

    assert theirs == _theirs(sent)


def _theirs(header: str) -> Any:
    """What Placement's middleware makes of a header (`microversion_parse.middleware`)."""
    environ = {"HTTP_OPENSTACK_API_VERSION": header} if header else {}
    try:
        return microversion_parse.extract_version(
            microversion_parse.headers_from_wsgi_environ(environ), "placement", VERSIONS
        )
    except (ValueError, TypeError) as error:
        return type(error)


def test_latest_is_what_placement_has(placement):
    request = webob.Request.blank("/")
    request.headers["OpenStack-API-Version"] = "placement latest"
    answer = request.get_response(placement.app)

    assert answer.headers["OpenStack-API-Version"] == f"placement {VERSIONS[-1]}"
    assert io.BytesIO(answer.body).read()
