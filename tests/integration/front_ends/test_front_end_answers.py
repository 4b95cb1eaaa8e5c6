"""What the front ends make of the answers of an authorizer and of a backend, whatever they are."""

from __future__ import annotations

import json

import pytest

from harness import front_ends
from harness.front_ends import front_end
from harness.oracle import Received
from integration.front_ends.site import OUTBOUND, request, whole
from integration.raw_backend import OK, RawBackend, answering, is_whole

ALLOWING = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Openstack-Request-Id: req-1\r\n%s\r\n"
FAILING = (
    b"HTTP/1.1 500 E\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n"
    b"Content-Encoding: identity\r\n\r\nTraceback"
)


@pytest.fixture(scope="module", params=front_ends.NAMES)
def between(request, tmp_path_factory):
    """The front end with an authorizer and a backend that say what a test has them say."""
    said = {}

    def saying(who):
        def script(connection):
            while connection.hear():
                answer = said[who]
                connection.say(answer)
                if not answer:
                    return

        return script

    name = request.param
    folder = tmp_path_factory.mktemp(name)
    with (
        RawBackend(saying("authorizer")) as authorizer,
        RawBackend(saying("backend")) as backend,
    ):
        said |= {"authorizer": ALLOWING % b"", "backend": OK}
        with front_end(name, folder, authorizer=authorizer.port, placement=backend.port) as front:
            yield name, front, backend, said


def test_nothing_of_the_authorizers_answer_reaches_placement_but_the_request_id(between):
    _, front, backend, said = between
    backend.requests.clear()
    said["authorizer"] = ALLOWING % b"X-Roles: a\r\nX-Auth-Token: b\r\nSet-Cookie: c=d\r\n"
    said["backend"] = OK
    front.raw(request("GET", "/traits", "X-Auth-Token: t"), enough=whole)
    (raw,) = backend.requests
    heard = Received.read(raw)
    assert {name for name, _ in heard.fields} <= OUTBOUND
    assert heard.values("x-auth-token") == ["t"]
    assert heard.values("x-openstack-request-id") == ["req-1"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: /traits\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["redirects", "fails", "switches", "babbles", "hangs up"],
)
def test_what_is_no_consent_is_a_refusal(between, answer):
    name, front, backend, said = between
    backend.requests.clear()
    said["authorizer"] = answer
    got = front.raw(request("GET", "/traits", "X-Auth-Token: t"), timeout=2)
    assert backend.requests == []
    # Caddy has nothing to say of a switch of protocols, which the authorizer never proposes
    assert not got.startswith(b"HTTP/1.1 2") or (name, b" 101 " in answer) == ("caddy", True)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_write_is_sent_once_however_it_ends(between, method):
    """Over a new connection, and over one that has been of use before."""
    _, front, backend, said = between
    for _ in range(2):
        said |= {"authorizer": ALLOWING % b"", "backend": OK}
        front.raw(request("GET", "/traits", "X-Auth-Token: t"), enough=whole)
        said["backend"] = b""
        backend.requests.clear()
        lines = ["X-Auth-Token: t", "Idempotency-Key: k", "Content-Length: 2"]
        front.raw(request(method, "/traits", *lines, body=b"{}"), timeout=10, enough=whole)
        assert len(backend.requests) == 1


SMALL = {"8MiB": "64B", "8388608": "64"}


@pytest.mark.parametrize("name", front_ends.NAMES)
@pytest.mark.parametrize("framing", ["Content-Length: 65", "Transfer-Encoding: chunked"])
def test_a_body_that_is_too_large_is_a_413(tmp_path, name, framing):
    body = b"x" * 65 if "Length" in framing else b"41\r\n%s\r\n0\r\n\r\n" % (b"x" * 65)
    with (
        RawBackend(answering(ALLOWING % b"")) as authorizer,
        RawBackend(answering(OK)) as backend,
        front_end(
            name, tmp_path, authorizer=authorizer.port, placement=backend.port, changes=SMALL
        ) as front,
    ):
        backend.requests.clear()
        answer = front.raw(request("PUT", "/traits", framing, body=body), timeout=10, enough=whole)
    unframed = name == "caddy" and "chunked" in framing
    assert answer.startswith(b"HTTP/1.1 411" if unframed else b"HTTP/1.1 413")
    assert not any(map(is_whole, backend.requests))


def test_failures_of_placement_are_replaced_where_the_page_says_so(between):
    name, front, _, said = between
    said |= {"authorizer": ALLOWING % b"", "backend": FAILING}
    answer = front.raw(request("GET", "/traits", "X-Auth-Token: t"), enough=whole)
    assert answer.startswith(b"HTTP/1.1 500")
    assert (b"Traceback" in answer) == (name == "traefik")
    assert (b"identity" in answer) == (name == "traefik")
    if name != "traefik":
        (error,) = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]
        assert error["status"] == 500
