"""The transport that keystonemiddleware and keystoneauth ask Keystone through."""

from __future__ import annotations

import time
from functools import partial

import pytest
import requests

from harness.certificates import DAY, self_signed
from integration.raw_backend import OK, RawBackend, answering
from policy_proxy.backend.keystone import LARGEST_ANSWER, Bounded

NO_TLS = {"cafile": None, "certfile": None, "keyfile": None}
ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"X-Subject-Token: t\r\nContent-Length: 13\r\n\r\n" + '{"a": "\u00e9\u00e9"}'.encode()
)


def session(timeout=5.0, **tls):
    made = requests.Session()
    bounded = Bounded(timeout, NO_TLS | tls)
    for scheme in ("http://", "https://"):
        made.mount(scheme, bounded)
    return made, bounded


def test_a_call_goes_out_and_its_answer_comes_back_as_requests_would_have_it():
    with RawBackend(answering(ANSWER)) as server:
        made, _ = session()
        headers = {"X-Auth-Token": "a", "Accept": "application/json"}
        answer = made.post(f"{server.url}/v3/auth/tokens?x=1", json={"auth": 1}, headers=headers)
    assert (answer.status_code, answer.headers["x-subject-token"]) == (201, "t")
    assert answer.json() == {"a": "\u00e9\u00e9"}
    (heard,) = server.requests
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v3/auth/tokens?x=1 HTTP/1.1\r\n")
    assert b"\r\nX-Auth-Token: a\r\n" in head
    assert b"Accept-Encoding" not in head
    assert body == b'{"auth": 1}'


def test_connections_are_kept_for_reading():
    with RawBackend(answering(OK)) as server:
        made, _ = session()
        assert [made.get(server.url).status_code for _ in range(3)] == [200] * 3
        assert server.connections == 1


def drip(connection):
    connection.hear()
    for byte in OK * 100:
        connection.say(bytes([byte]))
        time.sleep(0.05)


def test_the_timeout_is_one_for_all_of_the_call():
    with RawBackend(drip) as server:
        made, _ = session(timeout=0.3)
        began = time.monotonic()
        with pytest.raises(requests.Timeout):
            made.get(server.url)
        assert time.monotonic() - began < 5


def test_no_call_begins_when_the_time_is_over_or_keystone_has_failed():
    with RawBackend(answering(OK)) as server:
        made, bounded = session()
        for seconds, usable in ((0, True), (10, False)):
            with (
                bounded.within(seconds, lambda usable=usable: usable),
                pytest.raises(requests.RequestException),
            ):
                made.get(server.url)
        assert server.requests == []
        assert made.get(server.url).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST_ANSWER + 1),
    ],
    ids=["nothing", "no HTTP", "cut off", "too large"],
)
def test_what_is_no_whole_answer_is_none(answer):
    with RawBackend(answering(answer, close=True)) as server:
        made, _ = session()
        with pytest.raises(requests.ConnectionError):
            made.post(server.url)


def test_nothing_in_the_environment_comes_between(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with RawBackend(answering(OK)) as server:
        made, _ = session()
        assert made.get(server.url).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"expires": -DAY}, {"address": "127.0.0.2"}, None],
    ids=["expired", "wrong host", "unknown authority"],
)
def test_a_wrong_certificate_is_refused_whatever_the_caller_says(tmp_path, wrong):
    certificate = partial(self_signed, tmp_path)
    shown = certificate("shown", **(wrong or {}))
    cafile = certificate("another").cert if wrong is None else shown.cert
    with RawBackend(answering(OK), tls=shown.server()) as server:
        made, _ = session(cafile=cafile)
        for verify in (True, False):
            with pytest.raises(requests.ConnectionError):
                made.get(server.url, verify=verify)
        assert server.requests == []


def test_a_certificate_of_a_trusted_authority_is_accepted(tmp_path):
    good = self_signed(tmp_path, "good")
    with RawBackend(answering(OK), tls=good.server()) as server:
        made, _ = session(cafile=good.cert)
        assert made.get(server.url).status_code == 200
