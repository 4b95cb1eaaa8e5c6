"""Envoy, Caddy and Traefik ask the authorizer, and pass on what it allowed."""

from __future__ import annotations

import json
import socket

import pytest

from harness.proxy import ADMIN, READER
from integration.front_ends.site import PROVIDER, assert_agreed, request


def test_what_policy_allows_reaches_placement_and_its_answer_the_client(site):
    exchange = site.ask(
        f"{PROVIDER}/inventories?a=%2F",
        "OpenStack-API-Version: placement 1.39",
        "Accept: application/json",
    )
    assert (exchange.status, exchange.body) == (200, b"{}")
    assert_agreed(exchange)
    (heard,), (record,) = exchange.heard, exchange.records
    assert heard.target == f"{PROVIDER}/inventories?a=%2F"
    assert heard.values("openstack-api-version") == ["placement 1.39"]
    assert heard.values("accept") == ["application/json"]
    if site.name != "traefik":  # which passes Placement's own on
        assert exchange.field("x-openstack-request-id") == record["request_id"]


@pytest.mark.parametrize("claim", [(), ("X-Forwarded-For: 1.2.3.4, 127.0.0.1",)], ids=range(2))
def test_the_audit_record_has_the_address_that_the_front_end_saw(site, claim):
    def client():
        there, here = ("127.0.0.1", site.front.port), ("127.0.0.9", 0)
        with socket.create_connection(there, timeout=5, source_address=here) as sock:
            sock.sendall(request("GET", "/traits", f"X-Auth-Token: {site.issue(ADMIN)}", *claim))
            return sock.recv(4096)

    exchange = site.watch(client)

    assert exchange.status == 200
    assert [record["client"] for record in exchange.records] == ["127.0.0.9"]


def test_a_body_reaches_placement_as_it_was_sent(site):
    document = b'{"name": "x"}'
    lines = ["Content-Type: application/json", f"Content-Length: {len(document)}"]
    exchange = site.ask("/resource_providers", *lines, method="POST", body=document)
    assert exchange.status == 200
    assert_agreed(exchange)
    assert exchange.heard[0].body == document

    lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    chunked = b"d\r\n" + document + b"\r\n0\r\n\r\n"
    exchange = site.ask("/resource_providers", *lines, method="POST", body=chunked)
    assert_agreed(exchange)
    if site.name == "caddy":  # would notice broken chunks only on the way
        assert exchange.status == 411
        return
    assert exchange.status == 200
    assert exchange.heard[0].body == (document if site.name == "traefik" else chunked)


def test_the_version_document_needs_no_token(site):
    exchange = site.ask("/", grant=None)
    assert exchange.status == 200
    assert_agreed(exchange)


def test_what_policy_denies_is_the_403_of_the_proxy(site):
    exchange = site.ask("/traits", grant=READER)
    assert exchange.heard == []
    (record,) = exchange.records
    (error,) = json.loads(exchange.body)["errors"]
    assert (exchange.status, exchange.field("content-type")) == (403, "application/json")
    assert (error["status"], error["title"]) == (403, "Forbidden")
    assert exchange.field("x-openstack-request-id") == record["request_id"]
    assert error["request_id"] == record["request_id"]


def test_without_a_token_there_is_a_challenge(site):
    exchange = site.ask("/traits", grant=None)
    assert (exchange.status, exchange.heard) == (401, [])
    assert exchange.field("www-authenticate") == 'keystone uri="http://keystone.example/v3"'


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PATCH", "/traits", 405),
        ("HEAD", "/traits", 405),
        ("TRACE", "/traits", 405),
        ("OPTIONS", "/traits", 405),
        ("POST", "/resource_providers", 415),
        ("GET", "/usages?project_id=a&project_id=b", 400),
    ],
)
def test_other_refusals_keep_their_status(site, method, target, status):
    exchange = site.ask(target, "Content-Length: 0", method=method)
    assert (exchange.status, exchange.heard) == (status, [])
    (record,) = exchange.records
    assert record["status"] == status
    if method != "HEAD":
        assert json.loads(exchange.body)["errors"][0]["status"] == status
    assert (status == 405) == (exchange.field("allow") is not None)


def test_requests_of_one_connection_are_decided_one_by_one(site):
    one = request("GET", "/traits", f"X-Auth-Token: {site.issue(ADMIN)}")
    other = request("GET", "/traits", f"X-Auth-Token: {site.issue(READER)}")
    exchange = site.send(one.replace(b"Connection: close\r\n", b"") + other, answers=2)
    assert exchange.answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200" in exchange.answer
    assert b"HTTP/1.1 403" in exchange.answer
    assert len(exchange.heard) == 1


def test_a_request_line_of_32_kib_works(site):
    names = ",".join(f"CUSTOM_{number:05d}" for number in range(2700))
    assert len(names) > 32 * 1024
    exchange = site.ask(f"/traits?name=in:{names}")
    assert exchange.status == 200
    assert_agreed(exchange)


def test_a_compressed_body_is_refused(site):
    lines = ["Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 2"]
    exchange = site.ask("/resource_providers", *lines, method="POST", body=b"\x1f\x8b")
    assert (exchange.status, exchange.heard) == (415, [])


@pytest.mark.parametrize("version", ["1.39", "latest", "", "nova 2.1", "placement 1.39, nova 2.1"])
def test_the_version_that_is_decided_is_the_one_that_placement_reads(site, version):
    asked = version if " " in version else f"placement {version}"
    assert_agreed(site.ask("/resource_providers", f"OpenStack-API-Version: {asked}"))
