from __future__ import annotations

import pytest

from policy_proxy.errors import Internal
from policy_proxy.model import DECISION, REQUEST, Decision, Effect, Operation, Request
from policy_proxy.terminals.gate import admitted
from policy_proxy.terminals.wrapped import Wrapped

GUARDED = Request(Operation("x", "GET", "/traits"), "GET", "/traits", {}, (), "")
PUBLIC = Request(Operation("", "GET", "/", public=True), "GET", "/", {}, (), "")


def test_an_allowing_decision_passes():
    environ = {REQUEST: GUARDED, DECISION: Decision("x", Effect.ALLOW)}
    assert admitted(environ) is GUARDED


def test_a_public_operation_passes():
    assert admitted({REQUEST: PUBLIC}) is PUBLIC


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {REQUEST: GUARDED},
        {REQUEST: GUARDED, DECISION: Decision("x")},
        {DECISION: Decision("x", Effect.ALLOW)},
    ],
)
def test_the_absence_of_anything_stops_the_request(environ):
    with pytest.raises(Internal):
        admitted(environ)
    with pytest.raises(Internal):
        Wrapped(lambda environ, start_response: [b"reached"], (), None, ())(environ, None)


def test_a_decision_has_no_truth_value():
    with pytest.raises(TypeError):
        bool(Decision("x", Effect.ALLOW))
    assert Decision("x").effect is Effect.DENY
