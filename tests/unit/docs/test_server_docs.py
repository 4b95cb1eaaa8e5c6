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
OURS = ("apache", "gunicorn", "uwsgi", "waitress")
FILES = {"uwsgi": "etc/uwsgi.ini"} | {name: PAGES[name][1] for name in ("gunicorn", "waitress")}
"""Of servers that a unit starts, the file that it starts them from."""


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


@pytest.mark.parametrize("server", FILES)
def test_a_unit_starts_the_server_from_the_file_that_the_page_installs(server):
    service = unit(server)
    program, *_ = shlex.split(service["ExecStart"])
    assert program.startswith("/opt/policy-proxy/bin/")
    file = Path(FILES[server])
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


def options(text):
    """Of uWSGI's file, or of Apache's with blanks for `=`: name -> value, without comments."""
    lines = [line.strip() for line in text.splitlines() if line.strip()[:1] not in {"", ";", "#"}]
    return dict(re.split(r" = | ", line, maxsplit=1) for line in lines if re.search(" = | ", line))


def test_the_limits_of_uwsgi_are_documented():
    ini = options((ETC / "uwsgi.ini").read_text(encoding="utf-8"))
    assert f"`buffer-size`: {int(ini['buffer-size']):,} bytes" in page("uwsgi")
    assert f"`socket-timeout`: {ini['socket-timeout']} seconds" in page("uwsgi")
    for name in re.findall(r"^\| `([a-z-]+)(?: = [^`]+)?` \|", page("uwsgi"), re.MULTILINE):
        assert name in ini, name
    assert int(unit("uwsgi")["TimeoutStopSec"]) > int(ini["worker-reload-mercy"])
    assert f"{unit('uwsgi')['RuntimeDirectory']}/uwsgi.fifo" in ini["master-fifo"]


def test_the_limits_of_apache_are_documented():
    site = options((ETC / "apache2" / "policy-proxy.conf").read_text(encoding="utf-8"))
    for name in ("LimitRequestLine", "LimitRequestFieldSize", "LimitRequestBody"):
        assert f"`{name}`: {int(site[name]):,} bytes" in page("apache"), name
    assert f"`LimitRequestFields`: {site['LimitRequestFields']}" in page("apache")
    for said in re.findall(r"^\| `([A-Z]\w+ [^`]+)` \|", page("apache"), re.MULTILINE):
        name, value = said.split(" ", 1)
        if name != "WSGIDaemonProcess":
            assert site[name] == value, said


def test_what_the_pages_install_is_there():
    for server in (*OURS, "in-process"):
        for file in re.findall(r"install -m 644 (etc/\S+)", page(server)):
            assert (ROOT / file).is_file(), file


def test_the_three_lines_are_those_of_the_file():
    text = (ETC / "wsgi" / "guarded_placement.py").read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if not line.startswith("#")]
    assert "\n".join(code).strip() in page("in-process")
