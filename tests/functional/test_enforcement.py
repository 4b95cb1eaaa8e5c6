"""The enforcement layer over an application that records what reaches it."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field

import pytest
from oslo_policy import policy

from policy_proxy import model
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import Denied, Malformed, Unavailable
from policy_proxy.policy.enforcement import Enforce, TakePolicy
from policy_proxy.policy.watch import PolicyWatch

SHOW = model.Operation("things:show", "GET", "/things/{id}")
ROOT = model.Operation("", "GET", "/", public=True)


@dataclass
class Recorder:
    """The inner application: keeps the decision with which each request arrives."""

    seen: list[model.Decision | None] = field(default_factory=list)

    def __call__(self, environ, start_response):
        self.seen.append(environ.get(model.DECISION))
        start_response("200 OK", [])
        return [b"inside"]


def _target(request, identity):
    if request.params.get("id") == "odd":
        raise Malformed("That id is odd.")
    return {"project_id": request.params.get("owner", ""), "asker": identity.user_id}


def _service():
    return model.Service(
        type="things",
        default_code="things.undefined_code",
        operations=(ROOT, SHOW),
        defaults=lambda: [
            policy.RuleDefault(
                "things:show",
                "role:admin or project_id:%(project_id)s and user_id:%(asker)s",
                scope_types=["project"],
            )
        ],
        check_params=lambda operation, params: params,
        check_query=lambda operation, query: None,
        check_body=lambda operation, document: None,
        target=_target,
        public_error=lambda error, request: model.PublicError(500, "", "", ""),
    )


@pytest.fixture
def watch(tmp_path):
    (tmp_path / "policy.yaml").write_text("{}")
    settings = PolicySettings(str(tmp_path / "policy.yaml"), (), "default", True, 1.0, True)
    return PolicyWatch(settings, _service().defaults)


@pytest.fixture
def loaded(watch):
    watch.load_now()
    return watch


@pytest.fixture
def recorder():
    return Recorder()


def _ask(watch, recorder, operation=SHOW, identity=None, **params):
    environ = {
        model.REQUEST: model.Request(operation, operation.method, "/", params, (), ""),
        **({model.IDENTITY: identity} if identity else {}),
    }
    layer = TakePolicy(Enforce(recorder, service=_service()), watch=watch)
    try:
        return environ, b"".join(layer(environ, lambda *_: None))
    except Exception as refusal:  # whatever it is, it goes on, with the environ
        refusal.environ = environ
        raise


def _who(*roles, **more):
    return model.Identity(**({"user_id": "u", "project_id": "p", "roles": roles} | more))


def test_an_allowed_request_goes_on_once_with_its_decision(loaded, recorder):
    environ, body = _ask(loaded, recorder, identity=_who("member"), owner="p")
    assert body == b"inside"
    assert recorder.seen == [environ[model.DECISION]]
    decision = environ[model.DECISION]
    assert decision.effect is model.Effect.ALLOW
    assert decision.operation == "things:show"
    assert decision.revision == loaded.current.revision
    assert decision.target == {"project_id": "p", "asker": "u"}


@pytest.mark.parametrize(
    ("identity", "owner", "scope"),
    [
        (_who("member"), "q", "project p"),
        (_who("member"), "", "project p"),
        (_who("member", project_id=""), "", "nothing"),
        (_who("member", project_id=""), "None", "nothing"),
        (_who("admin", project_id="", system_scope="all"), "p", "the system"),
        (_who("admin", project_id="", domain_id="d"), "p", "domain d"),
        (_who(), "q", "project p"),
    ],
)
def test_a_denied_request_stops_here_and_learns_no_rule(loaded, recorder, identity, owner, scope):
    with pytest.raises(Denied) as refusal:
        _ask(loaded, recorder, identity=identity, owner=owner)
    assert recorder.seen == []
    assert refusal.value.detail == "Access was denied to this resource."
    assert refusal.value.headers == ()
    known = ("things:show", loaded.current.revision, f"token for {scope},", *identity.roles)
    for known_to_the_operator in known:
        assert known_to_the_operator in refusal.value.private
    assert refusal.value.environ[model.DECISION].effect is model.Effect.DENY


def test_a_public_operation_needs_no_identity_and_no_policy(watch, recorder):
    environ, body = _ask(watch, recorder, operation=ROOT)
    assert body == b"inside"
    assert model.DECISION not in environ


def test_without_a_policy_nothing_passes_not_even_for_admin(watch, recorder):
    with pytest.raises(Unavailable) as refusal:
        _ask(watch, recorder, identity=_who("admin"))
    assert recorder.seen == []
    assert refusal.value.detail == "Policy is not loaded."
    assert dict(refusal.value.headers)["Retry-After"].isdigit()


def test_without_an_identity_nothing_passes(loaded, recorder):
    with pytest.raises(KeyError):
        _ask(loaded, recorder)
    assert recorder.seen == []


def test_a_target_that_cannot_be_made_refuses_the_request(loaded, recorder):
    with pytest.raises(Malformed):
        _ask(loaded, recorder, identity=_who("admin"), id="odd")
    assert recorder.seen == []


def test_a_request_keeps_the_policy_that_it_took(loaded, recorder, tmp_path):
    """The swap comes while the target is being made: the decision is that of one policy, whole."""
    before = loaded.current.revision
    asked, swapped = threading.Event(), threading.Event()

    def slow_target(request, identity):
        asked.set()
        assert swapped.wait(20)
        return _target(request, identity)

    service = dataclasses.replace(_service(), target=slow_target)
    environ = {
        model.REQUEST: model.Request(SHOW, "GET", "/", {}, (), ""),
        model.IDENTITY: _who("admin"),
    }
    layer = TakePolicy(Enforce(recorder, service=service), watch=loaded)
    thread = threading.Thread(target=layer, args=(environ, lambda *_: None))
    thread.start()
    assert asked.wait(20)
    (tmp_path / "policy.yaml").write_text("'things:show': '!'\n")
    loaded.load_now()
    swapped.set()
    thread.join(20)
    assert environ[model.DECISION].revision == before
    assert loaded.current.revision != before
    assert len(recorder.seen) == 1
