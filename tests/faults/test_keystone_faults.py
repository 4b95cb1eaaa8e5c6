"""A Keystone that refuses, hangs, drips and lies: 503 in bounded time, and it is left alone."""

from __future__ import annotations

import time

import pytest

from harness.fickle import MOODS, fickle
from harness.keystone import Grant
from harness.proxy import configuration
from harness.serve import serving
from integration.raw_backend import RawBackend, placement
from policy_proxy.authentication.caution import IN_A_ROW, PAUSE

TIMEOUT = 1
"""Seconds: [keystone_authtoken] http_connect_timeout."""
LONGEST = 2 * TIMEOUT + 2
"""Seconds that a request may take: twice the timeout, and what a busy machine adds."""
MOST_REFUSED = 20
FAILING = [mood for mood in MOODS if mood != "well"]

pytestmark = pytest.mark.xdist_group("keystone faults")


@pytest.fixture(scope="module")
def against(tmp_path_factory, keystone_url, password, client_of):
    """A proxy, its Keystone with moods, and its backend."""
    with fickle(keystone_url) as (moody, url), RawBackend(placement) as backend:
        path = configuration(
            tmp_path_factory.mktemp("keystone"),
            backend=backend.url,
            keystone=url,
            password=password,
            options=f"[limits]\nmax_refused_tokens = {MOST_REFUSED}",
        )
        text = path.read_text().replace("http_connect_timeout = 2", "http_connect_timeout = 1")
        path.write_text(text)
        with serving(path) as served:
            yield client_of(served), moody, backend


def forwarded(backend):
    return [raw for raw in backend.requests if b"X-Openstack-Request-Id" in raw]


@pytest.mark.parametrize("mood", FAILING)
def test_it_ends_in_503_in_bounded_time_and_known_tokens_work_on(against, keystone, mood):
    client, moody, backend = against
    known = keystone.issue(client_grant())
    assert client.ask(token=known).status == 200
    before, asked = len(forwarded(backend)), len(moody.asked)
    moody.mood = mood
    try:
        told = client.ask_at_once([{} for _ in range(20)])
        still = client.ask(token=known)
    finally:
        moody.mood = "well"
    calls = len(moody.asked) - asked
    time.sleep(PAUSE + 0.1)
    again = client.ask()

    assert {one.status for one in told} == {503}
    assert all(one.retry_after for one in told)
    assert max(one.seconds for one in told) < LONGEST
    assert (still.status, again.status) == (200, 200)
    assert len(forwarded(backend)) == before + 2  # `still` and `again`
    print(f"\n{mood}: {max(one.seconds for one in told):.2f} s, {calls} calls for 20 requests")
    assert calls <= 40


def test_an_answer_that_is_an_error_is_the_trouble_of_those_who_got_it(against):
    """It may be about their token alone: new tokens of others are asked about all the same."""
    client, moody, _ = against
    seen = []
    for mood in ["answers 500"] * (IN_A_ROW - 1) + ["well"]:
        moody.mood = mood
        seen.append(client.ask().status)
    seen += seen_while(client, moody, "tells no user", IN_A_ROW - 1)
    seen.append(client.ask().status)

    assert seen == ([503] * (IN_A_ROW - 1) + [200]) * 2


def test_errors_that_come_in_a_row_leave_it_alone(against):
    client, moody, _ = against
    assert client.ask().status == 200
    before, began = len(moody.asked), time.monotonic()
    seen = seen_while(client, moody, "answers 500", 20)
    calls, took = len(moody.asked) - before, time.monotonic() - began
    time.sleep(PAUSE + 0.1)
    print(f"\n{calls} calls for 20 requests, one after the other in {took:.1f} s")

    assert seen == [503] * 20
    assert IN_A_ROW <= calls <= IN_A_ROW + took / PAUSE
    assert client.ask().status == 200


def seen_while(client, moody, mood, times):
    """What clients with new tokens are told, one after the other."""
    moody.mood = mood
    try:
        return [client.ask().status for _ in range(times)]
    finally:
        moody.mood = "well"


def client_grant():
    """As `ADMIN`; a user of its own, so that nothing is remembered of it from before."""
    return Grant("known-user", ("admin",), "admin-project")


def test_one_bad_token_sent_40_times_is_hardly_a_call(against):
    """Half of them at once, the others one after the other."""
    client, moody, backend = against
    targets = ["/traits", "/resource_classes", "/resource_providers", "/usages"]
    before, sent, began = moody.validations, len(forwarded(backend)), time.monotonic()
    asks = [{"token": "gAAAAAunknown", "target": targets[n % 4]} for n in range(20)]
    told = client.ask_at_once(asks) + [client.ask(**one) for one in asks]
    calls, took = moody.validations - before, time.monotonic() - began
    print(f"\n{calls} calls for 40 requests")
    assert {one.status for one in told} == {401}
    assert calls <= min(10, 1 + took)  # one, and one for each second
    assert len(forwarded(backend)) == sent


def test_a_flood_of_bad_tokens_does_not_reach_it(against, keystone):
    client, moody, backend = against
    time.sleep(1)  # what was refused before is forgotten
    known = keystone.issue(client_grant())
    assert client.ask(token=known).status == 200
    before, began = moody.validations, time.monotonic()
    sent = len(forwarded(backend))
    told = client.ask_at_once([{"token": f"gAAAAA{n}"} for n in range(200)])
    calls, took = moody.validations - before, time.monotonic() - began
    assert len(forwarded(backend)) == sent
    still = client.ask(token=known)
    time.sleep(1.1)
    print(f"\n{calls} calls for 200 tokens in {took:.1f} s")

    assert calls <= (MOST_REFUSED + 16) * (1 + took)  # as many were being asked about meanwhile
    assert {one.status for one in told} == {401, 503}
    assert all(one.retry_after for one in told if one.status == 503)
    assert still.status == 200
    assert client.ask().status == 200


LOGIN = """
[login]
auth_type = password
auth_url = {url}/v3
username = placement-proxy
password = {password}
project_name = service
user_domain_name = Default
project_domain_name = Default
timeout = 1
"""


@pytest.mark.parametrize("mood", ["hangs", "well"])
def test_a_service_user_who_gets_no_token_is_not_tried_again_and_again(
    tmp_path, keystone_url, password, client_of, mood
):
    """It asks Placement in `service` mode; another user validates tokens, and that works."""
    with fickle(keystone_url) as (moody, url), RawBackend(placement) as backend:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            backend_options="credentials = service\nauth_section = login",
            options=LOGIN.format(url=url, password=f"not {password}"),
        )
        moody.mood = mood
        with serving(path) as served:
            told = client_of(served).ask_at_once([{} for _ in range(10)])
    print(f"\n{mood}: {len(moody.asked)} calls for 10 requests")
    assert {one.status for one in told} == {503}
    assert all(one.retry_after for one in told)
    assert max(one.seconds for one in told) < LONGEST
    assert len(moody.asked) <= 20
    assert forwarded(backend) == []


def test_a_rejected_user_of_the_proxy_is_not_tried_again_and_again(
    tmp_path, keystone_url, password, client_of
):
    with fickle(keystone_url) as (moody, url), RawBackend(placement) as backend:
        path = configuration(
            tmp_path, backend=backend.url, keystone=url, password=f"not {password}"
        )
        with serving(path) as served:
            before = len(moody.asked)
            told = client_of(served).ask_at_once([{} for _ in range(10)])
            calls = len(moody.asked) - before
    print(f"\n{calls} calls for 10 requests")
    assert {one.status for one in told} == {503}
    assert all(one.retry_after for one in told)
    assert max(one.seconds for one in told) < LONGEST
    assert calls <= 20
    assert forwarded(backend) == []
