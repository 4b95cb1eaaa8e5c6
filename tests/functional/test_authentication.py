"""Authentication against a Keystone that lies, hangs, refuses, or is not there."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
import webob

from harness.keystone import Grant, document
from harness.proxy import ADMIN, READER, Proxy, configuration
from harness.server import serving
from policy_proxy.authentication.caution import PAUSE

NOVA = Grant("nova", ("service",), "service")
BAD_TOKENS = [
    "",
    " ",
    "a,b",
    "a b",
    "a\x00b",
    "a\tb",
    "\x7f",
    "tok\xe9n",
    "x" * 8193,
    "good,admin",
]


class Counting:
    """A Keystone that counts what it is asked, and answers validations with `instead` if given."""

    def __init__(self, keystone, instead=None):
        self._keystone = keystone
        self._instead = instead
        self.asked = []

    def __call__(self, environ, start_response):
        request = webob.Request(environ)
        self.asked.append((request.method, request.path_info))
        if self._instead and (request.method, request.path_info) == ("GET", "/v3/auth/tokens"):
            return self._instead(request)(environ, start_response)
        return self._keystone(environ, start_response)

    @property
    def validations(self):
        return self.asked.count(("GET", "/v3/auth/tokens"))


@pytest.fixture
def against(tmp_path, recorder, keystone, password):
    """A proxy that asks the given Keystone application."""

    @contextmanager
    def against(application, **more):
        with serving(application) as url:
            path = configuration(
                tmp_path, backend=recorder.url, keystone=url, password=password, **more
            )
            proxy = Proxy.built(path, keystone)
            with closing(proxy.app):
                yield proxy

    return against


def forwarded(recorder):
    return [raw for raw in recorder.requests if b"X-Openstack-Request-Id" in raw]


@pytest.mark.parametrize("header", ["HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"])
@pytest.mark.parametrize("token", BAD_TOKENS)
def test_what_can_be_no_token_is_a_401_without_a_call(against, keystone, recorder, token, header):
    counting = Counting(keystone)
    with against(counting) as proxy:
        answer = proxy.ask("GET", "/traits", environ={header: token})
    assert answer.status_int in {400, 401}
    if answer.status_int == 401:
        assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://keystone.example/v3"'
    assert counting.validations == 0
    assert forwarded(recorder) == []


def test_no_token_is_a_401_without_a_call(against, keystone):
    counting = Counting(keystone)
    with against(counting) as proxy:
        answer = proxy.ask("GET", "/traits", grant=None)
    assert answer.status_int == 401
    assert "errors" in answer.json
    assert counting.validations == 0


def test_a_token_that_keystone_does_not_know(against, keystone, recorder):
    with against(Counting(keystone)) as proxy:
        answer = proxy.ask("GET", "/traits", grant=None, headers={"X-Auth-Token": "gAAAAAunknown"})
    assert answer.status_int == 401
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")
    assert forwarded(recorder) == []


def test_a_storage_token_is_no_token(against, keystone):
    with against(Counting(keystone)) as proxy:
        token = keystone.issue(ADMIN)
        answer = proxy.ask("GET", "/traits", grant=None, headers={"X-Storage-Token": token})
    assert answer.status_int == 401


def test_a_validated_token_is_remembered(against, keystone):
    counting = Counting(keystone)
    with against(counting) as proxy:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        for _ in range(5):
            assert proxy.ask("GET", "/traits", grant=None, headers=token).status_int == 200
    assert counting.validations == 1


@pytest.mark.parametrize(("seconds", "reads"), [(60, 1), (-1, 3)])
def test_auth_token_need_not_read_one_document_twice(against, keystone, read, seconds, reads):
    counting = Counting(keystone)
    times = f"token_cache_time = {seconds}\n[identity_cache]\nttl = 0.2"
    with against(counting, options=times) as proxy:
        tokens = {"X-Auth-Token": keystone.issue(ADMIN), "X-Service-Token": keystone.issue(NOVA)}
        for _ in range(3):
            assert proxy.ask("GET", "/traits", grant=None, headers=tokens).status_int == 200
            time.sleep(0.25)
    assert len(read) == reads
    assert counting.validations == 2 * reads


def changed(change):
    """What Keystone may answer instead of a token document."""

    def answer(request):
        body = document(ADMIN, request.application_url)
        change(body["token"])
        return webob.Response(json_body=body)

    return answer


LIES = {
    "html": lambda request: webob.Response("<html>It works!</html>"),
    "empty object": lambda request: webob.Response(json_body={}),
    "null": lambda request: webob.Response(json_body=None),
    "a list": lambda request: webob.Response(json_body=[1]),
    "null token": lambda request: webob.Response(json_body={"token": None}),
    "not utf-8": lambda request: webob.Response(b"\xff\xfe", content_type="application/json"),
    "deep": lambda request: webob.Response(b"[" * 100_000, content_type="application/json"),
    "no user": changed(lambda token: token.pop("user")),
    "null user": changed(lambda token: token.update(user=None)),
    "user without id": changed(lambda token: token["user"].pop("id")),
    "null roles": changed(lambda token: token.update(roles=None)),
    "nameless role": changed(lambda token: token.update(roles=[{"id": "x"}])),
    "number as role": changed(lambda token: token.update(roles=[{"name": 7}])),
    "no expiry": changed(lambda token: token.pop("expires_at")),
    "expiry of another kind": changed(lambda token: token.update(expires_at=12)),
    "expired": changed(lambda token: token.update(expires_at="2020-01-01T00:00:00.000000Z")),
    "500": lambda request: webob.Response(status=500),
    "503": lambda request: webob.Response(status=503),
    "418": lambda request: webob.Response(status=418),
    "redirect": lambda request: webob.Response(status=302, location="http://127.0.0.1:1/"),
    "access rules of another shape": changed(
        lambda token: token.update(application_credential={"access_rules": [{}]})
    ),
    "a catalogue of another shape": changed(
        lambda token: token.update(
            catalog=None, application_credential={"access_rules": [{"path": "/traits"}]}
        )
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_keystone_that_lies_lets_nobody_in(against, keystone, recorder, lie):
    with against(Counting(keystone, LIES[lie])) as proxy:
        answer = proxy.ask("GET", "/traits")
    assert answer.status_int in {401, 503}
    if answer.status_int == 503:
        assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["errors"][0]["status"] == answer.status_int
    assert forwarded(recorder) == []


@pytest.mark.parametrize("retries", [0, 3])
def test_a_keystone_that_is_not_there(tmp_path, recorder, keystone, password, retries):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    path = configuration(
        tmp_path,
        backend=recorder.url,
        keystone=f"http://127.0.0.1:{free}",
        password=password,
        options=f"http_request_max_retries = {retries}",
    )
    proxy = Proxy.built(path, keystone)
    began = time.monotonic()
    with closing(proxy.app):
        answer = proxy.ask("GET", "/traits")
    assert time.monotonic() - began < 6  # http_connect_timeout is 2: twice that, and what is added
    assert answer.status_int == 503
    assert answer.headers["Retry-After"]
    assert forwarded(recorder) == []


def test_a_keystone_that_is_silent_ends_in_bounded_time(tmp_path, recorder, keystone, password):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = configuration(
            tmp_path,
            backend=recorder.url,
            keystone=f"http://127.0.0.1:{silent.getsockname()[1]}",
            password=password,
            options="http_request_max_retries = 0",
        ).rename(tmp_path / "short.conf")
        path.write_text(
            path.read_text().replace("http_connect_timeout = 2", "http_connect_timeout = 1")
        )
        proxy = Proxy.built(path, keystone)
        began = time.monotonic()
        with closing(proxy.app):
            answer = proxy.ask("GET", "/traits")
    assert answer.status_int == 503
    assert time.monotonic() - began < 10
    assert forwarded(recorder) == []


def test_a_keystone_that_fails_is_not_asked_by_everyone_and_what_is_remembered_works(
    against, keystone, recorder, caplog
):
    failing = threading.Event()

    def sometimes(request):
        if failing.is_set():
            return webob.Response(status=503)
        return webob.Response(json_body=document(ADMIN, request.application_url))

    counting = Counting(keystone, sometimes)
    with against(counting, options="[identity_cache]\nttl = 0") as proxy:
        known = {"X-Auth-Token": keystone.issue(ADMIN)}
        assert proxy.ask("GET", "/traits", grant=None, headers=known).status_int == 200
        failing.set()
        before = len(counting.asked)
        statuses = [proxy.ask("GET", "/traits").status_int for _ in range(20)]
        asked = len(counting.asked) - before
        still = proxy.ask("GET", "/traits", grant=None, headers=known).status_int
        failing.clear()
        time.sleep(PAUSE)
        again = [proxy.ask("GET", "/traits").status_int for _ in range(3)]
    assert statuses == [503] * 20
    assert asked <= 4
    assert (still, again) == (200, [200] * 3)
    assert caplog.text.count("Traceback") <= 4


def test_a_rejected_user_of_the_proxy_is_not_tried_by_every_request(against, keystone, recorder):
    """With a lockout at Keystone, whoever sends requests could otherwise lock the proxy's user."""
    counting = Counting(keystone)
    with against(counting, options="password = not-it") as proxy:
        statuses = {proxy.ask("GET", "/traits").status_int for _ in range(20)}
    assert statuses == {503}
    assert counting.asked.count(("POST", "/v3/auth/tokens")) <= 2
    assert forwarded(recorder) == []


def test_a_service_token_must_have_the_service_role(against, keystone, recorder):
    with against(Counting(keystone)) as proxy:
        good = keystone.issue(NOVA)
        bad = keystone.issue(READER)
        assert proxy.ask("GET", "/traits", headers={"X-Service-Token": good}).status_int == 200
        assert proxy.ask("GET", "/traits", headers={"X-Service-Token": bad}).status_int == 401
        assert proxy.ask("GET", "/traits", headers={"X-Service-Token": "x"}).status_int == 401
    (raw,) = forwarded(recorder)
    assert f"X-Service-Token: {good}".encode() in raw


def with_access_rules(*rules):
    """An application credential that may do only what its access rules name."""

    def answer(request):
        body = document(ADMIN, request.application_url)
        body["token"]["application_credential"] = {"id": "x", "access_rules": list(rules)}
        body["token"]["catalog"].append({"type": "placement", "name": "placement", "endpoints": []})
        return webob.Response(json_body=body)

    return answer


def test_access_rules_hold_for_each_request_of_a_remembered_token(against, keystone, recorder):
    rule = {"service": "placement", "method": "GET", "path": "/traits"}
    with against(Counting(keystone, with_access_rules(rule))) as proxy:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        seen = [
            proxy.ask(method, target, grant=None, headers=token).status_int
            for method, target in [
                ("GET", "/traits"),
                ("GET", "/resource_providers"),
                ("PUT", "/traits/CUSTOM_A"),
                ("GET", "/traits"),
            ]
        ]
        garbage = token | {"X-Service-Token": "garbage"}
        seen.append(proxy.ask("GET", "/resource_providers", grant=None, headers=garbage).status_int)
    assert seen == [200, 401, 401, 200, 401]
    assert len(forwarded(recorder)) == 2


def test_access_rules_hold_for_requests_that_come_at_once(against, keystone, recorder):
    """Those that wait for the validation of another request must not take its answer for theirs."""
    rule = {"service": "placement", "method": "GET", "path": "/traits"}
    slow = with_access_rules(rule)

    def slowly(request):
        time.sleep(0.2)
        return slow(request)

    with against(Counting(keystone, slowly), options="token_cache_time = -1") as proxy:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(
                lambda target: proxy.ask("GET", target, grant=None, headers=token).status_int,
                ["/traits", "/resource_providers"] * 4,
            )
    assert list(answers) == [200, 401] * 4
    assert len(forwarded(recorder)) == 4


def test_a_flood_of_one_bad_token_is_one_call(against, keystone):
    counting = Counting(keystone)
    with against(counting) as proxy:
        bad = {"X-Auth-Token": "gAAAAAunknown"}
        statuses = {
            proxy.ask("GET", "/traits", grant=None, headers=bad).status_int for _ in range(20)
        }
    assert statuses == {401}
    assert counting.validations == 1


def test_nothing_is_remembered_when_both_memories_are_off(against, keystone):
    counting = Counting(keystone)
    off = "token_cache_time = -1\n[identity_cache]\nttl = 0\nrefusal_ttl = 0"
    with against(counting, options=off) as proxy:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        for _ in range(3):
            assert proxy.ask("GET", "/traits", grant=None, headers=token).status_int == 200
    assert counting.validations == 3


def test_tokens_of_different_callers_do_not_mix_under_load(against, keystone, recorder):
    with against(Counting(keystone)) as proxy:
        outcomes = {}

        def ask(grant, number):
            answers = [proxy.ask("GET", "/traits", grant=grant).status_int for _ in range(10)]
            outcomes[grant.user, number] = set(answers)

        threads = [
            threading.Thread(target=ask, args=(grant, number))
            for number in range(4)
            for grant in (ADMIN, READER)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for (user, _), seen in outcomes.items():
        assert seen == ({200} if user == ADMIN.user else {403})
    users = {json.loads(line)["user_id"] for line in proxy_records(proxy) if '"allowed"' in line}
    assert users == {ADMIN.user}


def proxy_records(proxy):
    return (proxy.folder / "audit.jsonl").read_text().splitlines()
