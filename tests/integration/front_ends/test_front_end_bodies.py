"""A policy that looks into bodies, behind the one front end that passes them on whole."""

from __future__ import annotations

import json

import pytest

from harness.asked import section
from harness.front_ends import front_end
from harness.proxy import READER, configuration
from harness.serve import serving
from integration.front_ends.site import UUID, Site, assert_agreed
from integration.raw_backend import OK, RawBackend, answering

POLICY = """\
"placement:allocations:update": "project_id:%(project_id)s"
"""
SMALL = {"max_request_bytes: 8388608": "max_request_bytes: 64"}
CHANGES = {
    "whole": {},
    "too large": SMALL,
    "partial": SMALL | {"allow_partial_message: false": "allow_partial_message: true"},
}


@pytest.fixture(scope="module", params=[*CHANGES])
def passing(request, tmp_path_factory, keystone, keystone_url, password):
    """The file in etc/ as it is; for the smallest bodies alone; passing on what fits of others."""
    folder = tmp_path_factory.mktemp("envoy")
    (folder / "policy.yaml").write_text(POLICY)
    path = configuration(
        folder,
        backend="http://nowhere.invalid",
        keystone=keystone_url,
        password=password,
        options=section("envoy", body="whole"),
    )
    with (
        RawBackend(answering(OK)) as backend,
        serving(path) as authorizer,
        front_end(
            "envoy",
            folder / "front",
            authorizer=authorizer.port,
            placement=backend.port,
            changes=CHANGES[request.param],
        ) as front,
    ):
        site = Site("envoy", front, folder / "audit.jsonl", backend, keystone.issue)
        yield request.param, site


def put(site, document, *, chunked=False):
    body = json.dumps(document).encode()
    framing = f"Content-Length: {len(body)}"
    if chunked:
        framing, body = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    lines = [framing, "Content-Type: application/json", "OpenStack-API-Version: placement 1.28"]
    return site.ask(f"/allocations/{UUID}", *lines, method="PUT", grant=READER, body=body)


def owned_by(project):
    return {"project_id": project, "user_id": "u", "consumer_generation": None, "allocations": {}}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_whole_body_is_decided_and_half_of_one_is_refused(passing, chunked):
    kind, site = passing
    mine = put(site, owned_by(READER.project), chunked=chunked)
    theirs = put(site, owned_by("somebody-elses"), chunked=chunked)

    assert_agreed(mine)
    assert_agreed(theirs)
    assert theirs.heard == []
    if kind == "whole":
        assert (mine.status, theirs.status) == (200, 403)
        assert b"alpha" in mine.heard[0].body
    else:
        status = 413 if kind == "too large" else 400
        assert (mine.status, theirs.status) == (status, status)
        assert mine.heard == []
