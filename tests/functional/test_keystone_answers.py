"""Whatever Keystone answers about a token, nobody gets in who should not, and it is recorded."""

from __future__ import annotations

import json
import secrets
from contextlib import closing
from types import SimpleNamespace

import pytest

from functional.conftest import valid
from functional.odd_answers import IN, ODD, REFUSED, USELESS
from fuzz.tokens import OPERATION, Liar
from harness.proxy import ADMIN, PROXY_USER, SERVICE_GRANT, Proxy, configuration
from harness.server import serving
from integration.raw_backend import RawBackend, placement

OUTCOMES = {200: "allowed", 401: "rejected", 403: "denied", 503: "error"}
READERS = {"user_id": "reader-user", "roles": ["reader"], "project_id": "alpha", "system_scope": ""}
NOBODYS = {"user_id": "", "roles": [], "project_id": "", "system_scope": ""}

pytestmark = pytest.mark.xdist_group("odd answers of Keystone")


@pytest.fixture(scope="module")
def against(tmp_path_factory, password):
    """One proxy for all, its Keystone, and its backend."""
    keystone = Liar({PROXY_USER: (password, SERVICE_GRANT)})
    with serving(keystone) as url, RawBackend(placement) as backend:
        path = configuration(
            tmp_path_factory.mktemp("odd"), backend=backend.url, keystone=url, password=password
        )
        proxy = Proxy.built(path, keystone)
        with closing(proxy.app):
            yield SimpleNamespace(proxy=proxy, keystone=keystone, backend=backend)
        valid(proxy)


def ask(against, method, target):
    """What a client with a new token is told, what reached the backend, and the records of it."""
    log, requests = against.proxy.folder / "audit.jsonl", len(against.backend.requests)
    size = log.stat().st_size
    token = {"X-Auth-Token": f"fuzz{secrets.token_hex(16)}"}
    answer = against.proxy.ask(method, target, grant=None, headers=token)
    records = [json.loads(line) for line in log.read_bytes()[size:].splitlines()]
    return answer, against.backend.requests[requests:], records


@pytest.mark.parametrize("name", ODD)
def test_nobody_gets_in_who_should_not(against, name):
    odd = ODD[name]
    # well answered, so that Keystone is not taken for one that fails
    assert against.proxy.ask("GET", "/traits", grant=ADMIN).status_int == 200
    against.keystone.answer, against.keystone.status = odd.answer, odd.status

    answer, made, (record,) = ask(against, "GET", OPERATION)
    assert answer.status_int == odd.required
    assert len(made) == (odd.required == IN)
    assert not any(b"X-Roles" in raw for raw in made)
    assert (record["status"], record["outcome"]) == (odd.required, OUTCOMES[odd.required])
    expected = NOBODYS if odd.required in (REFUSED, USELESS) else READERS | odd.recorded
    assert {field: record[field] for field in expected} == expected

    answer, made, (record,) = ask(against, "PUT", "/traits/CUSTOM_A")
    status = odd.required_of_admins
    assert (answer.status_int, made) == (status, [])
    assert (record["status"], record["outcome"]) == (status, OUTCOMES[status])
    assert answer.json["errors"][0]["status"] == status
    assert (int(answer.headers.get("Retry-After", 0)) > 0) == (status == USELESS)
