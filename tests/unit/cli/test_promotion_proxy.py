"""Whom the commands believe what is in force."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest

from harness.certificates import self_signed
from policy_proxy import config
from policy_proxy.cli.policy.promotion.proxies import every
from policy_proxy.cli.policy.promotion.proxy import configured
from policy_proxy.config import server as server_section
from policy_proxy.errors import ConfigurationError

REVISION = "e4e08133d4049f28"
TOLD = {"ready": True, "reasons": [], "worker": 7, "policy": {"revision": REVISION}}
SETTINGS = server_section.read(config.parse([]))


@contextmanager
def answering(*bodies, tls=None):
    """A port that gives these answers one after the other, and the last one from then on."""
    left = list(bodies)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = left.pop(0) if len(left) > 1 else left[0]
            known = self.path == "/healthcheck?detailed=1"
            self.send_response(503 if known else 404)  # not ready, but it has a policy
            self.end_headers()
            self.wfile.write(body if known else b"")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.server().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def said_by(port, **changes):
    return configured(replace(SETTINGS, port=port, **changes), None, None).in_force(5)


def test_what_the_proxy_says_is_believed():
    with answering(json.dumps(TOLD).encode()) as port:
        assert said_by(port) == REVISION
        assert said_by(port, host="0.0.0.0") == REVISION


def test_with_tls_the_certificate_of_the_configuration_is_taken(tmp_path):
    """Though its name is another."""
    certificate = self_signed(tmp_path, "ours", address="192.0.2.1")
    with answering(json.dumps(TOLD).encode(), tls=certificate) as port:
        assert said_by(port, tls_certfile=certificate.cert) == REVISION


def test_with_tls_no_other_certificate_is_taken(tmp_path):
    ours, theirs = (self_signed(tmp_path, name) for name in ("ours", "theirs"))
    with (
        answering(json.dumps(TOLD).encode(), tls=theirs) as port,
        pytest.raises(ConfigurationError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        said_by(port, tls_certfile=ours.cert)


def test_of_a_chain_only_the_first_certificate_is_taken(tmp_path):
    ours, authority = (self_signed(tmp_path, name) for name in ("ours", "authority"))
    chain = Path(ours.cert)
    chain.write_bytes(chain.read_bytes() + Path(authority.cert).read_bytes())
    with (
        answering(json.dumps(TOLD).encode(), tls=authority) as port,
        pytest.raises(ConfigurationError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        said_by(port, tls_certfile=ours.cert)


def test_a_certificate_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match=r"tls_certfile = .* cannot be read"):
        said_by(1, tls_certfile=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no policy-proxy"),
        (b"{", "no policy-proxy"),
        (b'{"versions": []}', "no policy-proxy"),
        (b'{"ready": true, "reasons": []}', "trusted_addresses"),
    ],
)
def test_what_says_nothing_of_it_ends_it_at_once(body, why):
    with answering(body) as port, pytest.raises(ConfigurationError, match=why):
        said_by(port)


def test_an_answer_that_fails_now_and_then_is_asked_for_again():
    with answering(json.dumps(TOLD).encode(), b"", json.dumps(TOLD).encode()) as port:
        assert said_by(port) == REVISION


def test_a_worker_that_refuses_ends_the_waiting_at_once():
    refusing = {
        **TOLD,
        "policy": {"revision": "old", "refused_revision": "new", "because": ["bad"]},
    }
    with answering(json.dumps(refusing).encode()) as port:
        proxy = configured(replace(SETTINGS, port=port), None, None)
        with pytest.raises(ConfigurationError) as raised:
            proxy.wait_for("new", 3600)

    assert raised.value.problems == [
        f"http://127.0.0.1:{port}: worker 7 refuses revision new",
        "bad",
    ]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8778"),
        ("0.0.0.0", "http://127.0.0.1:8778"),
        ("::", "http://[::1]:8778"),
        ("2001:db8::1", "http://[2001:db8::1]:8778"),
        ("proxy.example.org", "http://proxy.example.org:8778"),
    ],
)
def test_it_is_asked_where_the_configuration_has_it_listen(host, url):
    assert configured(replace(SETTINGS, host=host), None, None).url == url


def test_options_stand_above_the_configuration():
    proxy = configured(replace(SETTINGS, workers=2), "https://proxy.example.org/", 5)

    assert (proxy.url, proxy.workers) == ("https://proxy.example.org", 5)
    assert configured(replace(SETTINGS, workers=2), None, None).workers == 2


@pytest.mark.parametrize(
    "url", ["proxy", "ftp://h", "http://", "http://h/path", "http://h:x", "h:1"]
)
def test_a_url_that_is_none_is_wrong_usage(url):
    with pytest.raises(click.UsageError, match="--url"):
        configured(SETTINGS, url, None)


@pytest.mark.parametrize("name", ["unix_socket", "tls_client_ca"])
def test_where_the_command_cannot_ask_it_says_so(name):
    settings = replace(SETTINGS, **{name: "/run/x"})
    with pytest.raises(ConfigurationError) as raised:
        configured(settings, None, None)
    assert f"[server] {name}" in raised.value.problems[0]
    assert configured(settings, "http://127.0.0.1:1", None).url == "http://127.0.0.1:1"


def told(revision, **more):
    return json.dumps({**TOLD, "policy": {"revision": revision, **more}}).encode()


def at(*ports):
    return every(SETTINGS, [f"http://127.0.0.1:{port}" for port in ports], None)


def test_of_several_proxies_each_is_asked():
    refuses = told("", refused_revision=REVISION)
    with answering(told(REVISION)) as one, answering(told(REVISION), refuses) as two:
        both = at(one, two, one)

        assert both.workers == 2 * SETTINGS.workers
        assert both.url == f"http://127.0.0.1:{one}, http://127.0.0.1:{two}"
        at(one).wait_for(REVISION, 30)
        with pytest.raises(ConfigurationError, match=f":{two}: worker 7 refuses"):
            both.wait_for(REVISION, 30)


def test_several_proxies_must_have_the_same_in_force():
    with (
        answering(told(REVISION)) as one,
        answering(told("")) as two,
        pytest.raises(
            ConfigurationError, match=r"the proxies differ: .* has revision none in force"
        ),
    ):
        at(one, two).in_force(30)


def test_without_a_url_it_is_the_one_of_the_configuration():
    (one,) = every(SETTINGS, [], None).each

    assert one == configured(SETTINGS, None, None)
