from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from policy_proxy.model import Effect, Identity, Operation, Request
from policy_proxy.policy.decide import decide

REQUEST = Request(
    operation=Operation("things:show", "GET", "/things/{id}"),
    method="GET",
    path="/things/1",
    params={"id": "1"},
    query=(),
    microversion="",
)


@dataclass(frozen=True)
class Says:
    """A policy with one answer."""

    answer: Any
    revision: str = "r1"

    def authorize(self, rule, target, identity):
        assert (rule, target, identity.user_id) == ("things:show", {"id": "1"}, "u")
        return self.answer


def _decision(answer):
    return decide(REQUEST, Identity(user_id="u"), Says(answer), {"id": "1"})


def test_true_allows():
    decision = _decision(answer=True)
    assert decision.effect is Effect.ALLOW
    assert decision.reason == "rule things:show of revision r1 allows"


@pytest.mark.parametrize("answer", [False, None, 1, "yes", object()])
def test_whatever_else_denies(answer):
    decision = _decision(answer)
    assert decision.effect is Effect.DENY
    assert decision.reason == "rule things:show of revision r1 denies"


def test_the_decision_tells_what_was_decided():
    decision = _decision(answer=True)
    assert (decision.operation, decision.revision) == ("things:show", "r1")
    assert decision.target == {"id": "1"}
