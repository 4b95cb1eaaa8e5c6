"""Each figure of a soak is not as wanted when it should not be."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from soak import findings, growth, policies
from soak.asked import Asked, Done
from soak.clients import Thing
from soak.troubles import GRACE, Trouble

RULE = "placement:traits:list"
WHO = {"user_id": "u", "project_id": "p", "roles": ("admin",), "system_scope": None}
THEN = 100.0


def asked(status=200, method="GET", began=THEN):
    one = Asked("admin", RULE, method, "/traits")
    one.status, one.began, one.ended = status, began, began + 1
    return one


def record(one, **more):
    return {
        "event": "request",
        "outcome": "allowed",
        "operation": RULE,
        "target": {},
        "revision": "r",
    } | more


@pytest.fixture
def site(tmp_path):
    """What findings want of one: its policies, and what its lines have seen."""
    decisions = policies.Decisions(tmp_path)
    decisions.learn("r", f'"{RULE}": "role:admin"\n')
    decisions.learn("late", f'"{RULE}": "role:admin"\n')
    decisions.learn("denying", f'"{RULE}": "role:nobody"\n')
    return SimpleNamespace(
        credentials=lambda _: WHO,
        decisions=decisions,
        in_force=[(0.0, "r"), (THEN + 1000, "late"), (THEN + 2000, "denying"), (THEN + 2001, "r")],
        backend=SimpleNamespace(writes=Counter()),
        placement=lambda path: {"resource_providers": [], "allocations": {}},
    )


WRONG = {
    "another operation": (200, {"operation": "placement:usages"}, THEN),
    "an unknown policy": (200, {"revision": "x"}, THEN),
    "a policy that comes later": (200, {"revision": "late"}, THEN),
    "a policy of long ago": (200, {"revision": "late"}, THEN + 2500),
    "allowed what is denied": (200, {"revision": "denying"}, THEN + 2000),
    "denied what is allowed": (403, {"outcome": "denied"}, THEN),
    "done what was denied": (200, {"outcome": "denied"}, THEN),
    "refused what was allowed": (403, {}, THEN),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_decision_is_found(site, name):
    status, more, began = WRONG[name]
    one = asked(status, began=began)
    assert [*findings.wrong_decisions(site, [one], {one.request_id: [record(one, **more)]})]


@pytest.mark.parametrize(
    ("status", "more", "began"),
    [(200, {}, THEN), (403, {"outcome": "denied", "revision": "denying"}, THEN + 2000)],
)
def test_a_right_decision_is_not(site, status, more, began):
    one = asked(status, began=began)
    records = {one.request_id: [record(one, **more)]}
    assert [*findings.wrong_decisions(site, [one], records)] == []


@pytest.mark.parametrize(
    ("one", "events", "sent"),
    [
        (asked(200), [], False),
        (asked(200), ["request", "request"], False),
        (asked(200), ["intent"], False),
        (asked(0, "PUT"), [], True),
    ],
)
def test_an_unrecorded_request_is_found(site, one, events, sent):
    site.backend.writes[one.request_id] += sent
    records = {one.request_id: [record(one, event=event) for event in events]}
    assert [*findings.unrecorded(site, [one], records)]


@pytest.mark.parametrize("one", [asked(200), asked(0, "PUT")])
def test_one_with_what_it_needs_is_not(site, one):
    events = ["intent", "request"] if one.status else ["intent"]
    site.backend.writes[one.request_id] += one.writes
    records = {one.request_id: [record(one, event=event) for event in events]}
    assert [*findings.unrecorded(site, [one], records)] == []


def lost(site, *, written=(), providers=(), consumers=(), there=None, allocated=()):
    site.placement = lambda path: {
        "resource_providers": [{"uuid": k, "generation": v} for k, v in (there or {}).items()],
        "allocations": {name: {} for name in allocated},
    }
    client = SimpleNamespace(
        asked=list(written), providers=list(providers), consumers=list(consumers), host="h"
    )
    return [*findings.lost_or_doubled(site, [client])]


def test_lost_and_doubled_writes_are_found(site):
    done, refused = asked(200, "PUT"), asked(403, "PUT")
    assert lost(site, written=[done]), "done, and never sent"
    site.backend.writes[done.request_id] = 2
    assert lost(site, written=[done]), "sent twice"
    site.backend.writes[done.request_id] = 1
    assert lost(site, written=[done, refused]) == []
    site.backend.writes[refused.request_id] = 1
    assert lost(site, written=[refused]), "refused, and sent"


@pytest.mark.parametrize(
    ("thing", "there", "good"),
    [
        (Thing("a", Done.YES, 2), {"a": 2}, True),
        (Thing("a", Done.YES, 2), {"a": 1}, False),
        (Thing("a", Done.YES, 2), {"a": 3}, False),
        (Thing("a", Done.YES, None), {"a": 3}, True),
        (Thing("a", Done.YES, 2), {}, False),
        (Thing("a", Done.NO, 0), {"a": 0}, False),
        (Thing("a", Done.NO, 0), {}, True),
        (Thing("a", Done.MAYBE, 0), {}, True),
        (Thing("a", Done.MAYBE, 0), {"a": 0}, True),
    ],
)
def test_what_placement_has_is_compared(site, thing, there, good):
    assert (lost(site, providers=[thing], there=there) == []) is good
    if thing.written != 2:
        assert (lost(site, consumers=[thing], allocated=there) == []) is good


def test_errors_are_explained_by_what_was_done_at_that_time_and_no_other():
    fault = Trouble("Placement refuses", THEN, THEN + 5, frozenset({502}))
    within, after = asked(502), asked(502, began=THEN + 5 + GRACE + 0.1)
    other = asked(500)
    found, explained = findings.client_errors([within, after, other, asked(403)], [fault])
    assert [line.split(":")[0] for line in found] == [after.request_id, other.request_id]
    assert explained == {"Placement refuses": Counter({"502": 1})}


def samples(last):
    return [
        growth.Sample(at, 2, {"worker MiB": 70.0 if at < 50 else last, "worker threads": 9})
        for at in range(100)
    ]


@pytest.mark.parametrize(("last", "bad"), [(71.0, []), (90.0, ["worker MiB"])])
def test_growth_is_found(last, bad):
    assert growth.grown(growth.thirds(samples(last), 100, 2)) == bad


def test_what_could_not_be_measured_is_not_flat():
    found = growth.thirds(samples(70.0)[:40], 100, 2)
    assert growth.grown(found) == ["worker MiB", "worker threads"]
