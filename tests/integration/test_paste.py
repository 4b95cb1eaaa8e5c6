"""etc/paste.ini as PasteDeploy loads it: the proxy, and the chain around another application."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import webob
from paste.deploy import loadapp

from harness.proxy import ADMIN, READER, configuration
from integration.raw_backend import OK, RawBackend, answering

PASTE = Path(__file__).parents[2] / "etc" / "paste.ini"
PROVIDERS = "/resource_providers"


@pytest.fixture
def backend():
    with RawBackend(answering(OK)) as backend:
        yield backend


@pytest.fixture
def load(tmp_path, keystone, keystone_url, password, backend):
    """Loads an application of the file; gives what asks it for the providers."""
    config = configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)

    def loaded(name):
        app = loadapp(f"config:{PASTE}", name=name, global_conf={"config_file": str(config)})

        def ask(grant):
            request = webob.Request.blank(PROVIDERS)
            request.headers["X-Roles"] = "admin"
            if grant:
                request.headers["X-Auth-Token"] = keystone.issue(grant)
            return request.get_response(app)

        return ask

    return loaded


@pytest.fixture
def guarded(monkeypatch):
    """The application that the file names in place of the operator's: the environs that it saw."""
    seen = []

    def app_factory(global_conf):
        def app(environ, start_response):
            seen.append(environ)
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"resource_providers": []}']

        return app

    package, module = ModuleType("your"), ModuleType("your.package")
    module.app_factory = app_factory
    package.package = module
    monkeypatch.setitem(sys.modules, "your", package)
    monkeypatch.setitem(sys.modules, "your.package", module)
    return seen


def backend_requests(backend):
    """The requests for providers; the look at whether the backend is there asks for its root."""
    return [line for line in backend.requests if line.startswith(f"GET {PROVIDERS} ".encode())]


def test_the_proxy_passes_a_request_on(load, backend):
    answer = load("proxy")(ADMIN)

    assert (answer.status_int, answer.body) == (200, b"{}")
    assert len(backend_requests(backend)) == 1


@pytest.mark.parametrize(("grant", "status"), [(READER, 403), (None, 401)])
def test_the_proxy_refuses(load, backend, grant, status):
    answer = load("proxy")(grant)

    assert answer.status_int == answer.json["errors"][0]["status"] == status
    assert backend_requests(backend) == []


def test_the_filter_passes_a_request_on(load, guarded, backend):
    answer = load("main")(ADMIN)

    assert (answer.status_int, answer.json) == (200, {"resource_providers": []})
    assert [environ["PATH_INFO"] for environ in guarded] == [PROVIDERS]
    assert "HTTP_X_ROLES" not in guarded[0]
    assert backend_requests(backend) == []


@pytest.mark.parametrize(("grant", "status"), [(READER, 403), (None, 401)])
def test_the_filter_refuses(load, guarded, grant, status):
    answer = load("main")(grant)

    assert answer.status_int == answer.json["errors"][0]["status"] == status
    assert guarded == []
