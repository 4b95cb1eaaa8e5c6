"""Every case on every target, with the oracle."""

from __future__ import annotations

import pytest

from attack.case import cases
from attack.oracle import as_text, violations
from attack.targets import TARGETS, applies, chosen, expected

PARAMETERS = [
    pytest.param(name, case, id=f"{name}-{case.name}", marks=pytest.mark.xdist_group(f"at-{name}"))
    for name in TARGETS
    for number, case in enumerate(cases())
    if applies(case, name) and chosen(number, case, name)
]


@pytest.mark.parametrize(("name", "case"), PARAMETERS)
def test_nothing_gets_around_it(name, case, target_named, grid):
    target = target_named(name)

    happened = target.attacked(case)

    status = happened.answers[0].status if happened.answers else "none"
    grid(case.name, name, f"{status}{'+' * len(happened.received)}")
    found = list(violations(happened, expected(case, name), target.barred, asked=target.asked))
    body = b"\n".join(answer.body for answer in happened.answers).decode("latin-1")
    found += [f"the answer holds {text!r}" for text in case.hides if text in body]
    found += [f"the answer lacks {text!r}" for text in case.shows if text not in body]
    assert not found, "\n".join(
        [case.guards, *found, body, *map(repr, happened.received), as_text(happened.records)]
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"at-{name}")) for name in TARGETS],
)
def test_nothing_came_late(name, target_named):
    """After all cases of a target: no request of theirs was still on its way."""
    target = target_named(name)

    assert target.recorder.taken() == []
    assert target.records() == []
