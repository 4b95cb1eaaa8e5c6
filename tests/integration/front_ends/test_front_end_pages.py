"""docs/envoy.md, caddy.md and traefik.md, typed as they stand, with ports and paths of the test."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from harness import front_ends
from harness.front_ends import DOCS, front_end
from harness.serve import free_port
from integration.front_ends.site import request
from integration.raw_backend import OK, RawBackend, answering


def sections(name):
    return re.split(r"^## ", (DOCS / f"{name}.md").read_text(), flags=re.MULTILINE)


@pytest.fixture(scope="module", params=front_ends.NAMES)
def page(request):
    return request.param


def test_what_the_page_shows_is_what_is_seen(real_site, stack):
    (text,) = (part for part in sections(real_site.name) if part.startswith("See that it works"))
    shown = re.findall(r"^\$ (curl .+)\n(\d+)\n", text, re.MULTILINE)
    assert len(shown) >= 6
    before = len(real_site.audit.read_text().splitlines())
    for command, status in shown:
        said = subprocess.run(
            ["/bin/sh", "-c", command.replace("127.0.0.1:8778", real_site.front.url[7:])],
            env={"TOKEN": stack.session("nova").get_token(), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert said.stdout == f"{status}\n", command
    records = real_site.audit.read_text().splitlines()[before:]
    assert len(records) == {"caddy": 6, "envoy": 5, "traefik": 5}[real_site.name]
    assert all(json.loads(record)["request_id"] for record in records)


def test_without_an_authorizer_nothing_is_let_in(tmp_path, page):
    (text,) = (part for part in sections(page) if part.startswith("See that it works"))
    (status,) = re.findall(r"the\s+second\s+answers\s+(\d+)\.", text)
    with (
        RawBackend(answering(OK)) as backend,
        front_end(page, tmp_path, authorizer=free_port(), placement=backend.port) as front,
    ):
        answer = front.raw(request("GET", "/traits", "X-Auth-Token: gAAAAAsecret"))
        assert answer.split(b" ")[1] == status.encode()
        assert backend.requests == []
    assert b"gAAAA" not in front.log.read_bytes()


def test_caddy_logs_no_token_when_it_logs_requests(tmp_path):
    changes = {"bind 127.0.0.1": "bind 127.0.0.1\n\tlog"}
    with (
        RawBackend(answering(OK)) as backend,
        front_end(
            "caddy", tmp_path, authorizer=backend.port, placement=backend.port, changes=changes
        ) as front,
    ):
        front.raw(request("GET", "/traits", "X-Auth-Token: gAAAAAsecret"))
    assert b'"uri":"/traits"' in front.log.read_bytes()
    assert b"gAAAA" not in front.log.read_bytes()


def test_the_pages_name_the_files_in_etc(page):
    text = (DOCS / f"{page}.md").read_text()
    links = re.findall(r"\]\(\.\./(etc/[^)]+)\)", text)
    assert links
    for link in links:
        assert (DOCS.parent / link).is_file()
        assert f"docs/{page}.md" in (DOCS.parent / link).read_text()
