"""What the pages about servers say of the files in etc/ is what stands in them."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from docs_from_code import ROOT
from docs_from_code.servers import PAGES
from policy_proxy import config
from policy_proxy.cli import main

ETC = ROOT / "etc"
OURS = ("gunicorn", "waitress")


def page(server):
    return (ROOT / "docs" / f"{server}.md").read_text(encoding="utf-8")


def module(file):
    """A file of etc/ that is Python, as the server runs it."""
    spec = importlib.util.spec_from_file_location("conf", ETC / file)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def unit(server):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(ETC / "systemd" / f"policy-proxy-{server}.service")
    return parser["Service"]


@pytest.mark.parametrize("server", OURS)
def test_a_page_ends_with_how_to_see_that_it_works_and_that_nobody_goes_around(server):
    headings = re.findall(r"^## (.+)$", page(server), re.MULTILINE)
    assert headings[-2:] == ["See that it works", "Prove that nobody goes around it"]
    assert "What it cannot do" in headings


@pytest.mark.parametrize("server", OURS)
def test_a_unit_starts_the_server_from_the_file_that_the_page_installs(server):
    service = unit(server)
    program, *_ = shlex.split(service["ExecStart"])
    assert program.startswith("/opt/policy-proxy/bin/")
    file = Path(PAGES[server][1])
    assert f"/etc/policy-proxy/{file.name}" in service["ExecStart"]
    assert f"install -m 644 {file} /etc/policy-proxy/\n" in page(server)
    assert service["Environment"].startswith("POLICY_PROXY_CONFIG_FILE=/etc/policy-proxy/")


def test_gunicorn_is_not_reloaded_with_a_bad_configuration():
    text = (ETC / "systemd" / "policy-proxy-gunicorn.service").read_text(encoding="utf-8")
    check, reload = re.findall(r"^ExecReload=\S+/([^\n]+)$", text, re.MULTILINE)
    command, *options = shlex.split(check)[1:]
    found = main.get_command(click.Context(main), command)
    with found.make_context(command, options) as context:
        assert context.params["config_file"] == config.DEFAULT_FILE
    assert reload == "kill -HUP $MAINPID"


@pytest.fixture
def gunicorn(monkeypatch):
    """Its configuration; what that changes at gunicorn itself is put back."""
    from gunicorn.http import message  # noqa: PLC0415  only this test needs it

    monkeypatch.setattr(message, "MAX_REQUEST_LINE", message.MAX_REQUEST_LINE)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    return module("gunicorn.conf.py")


def test_the_limits_of_gunicorn_are_documented(gunicorn):
    for name in ("limit_request_line", "limit_request_fields", "limit_request_field_size"):
        assert re.search(rf"`{name}`: {getattr(gunicorn, name):,}\b", page("gunicorn")), name
    assert int(unit("gunicorn")["TimeoutStopSec"]) > gunicorn.graceful_timeout


def test_the_limits_of_waitress_are_documented():
    waitress = module("waitress_server.py")
    for name in ("max_request_header_size", "max_request_body_size"):
        assert f"`{name}`: {waitress.SETTINGS[name]:,} bytes" in page("waitress"), name
    assert int(unit("waitress")["TimeoutStopSec"]) > waitress.DRAIN_TIMEOUT
