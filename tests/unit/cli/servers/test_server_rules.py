"""Every finding has an example that has it; the files that operators copy have none."""

from __future__ import annotations

import pytest

from docs_from_code import ROOT
from docs_from_code.check_server import UNDER_32, found_in
from policy_proxy import config
from policy_proxy.cli.check import SERVERS as NAMES
from policy_proxy.cli.servers.every import SERVERS
from policy_proxy.cli.servers.look import look

RULES = [(name, code) for name in SERVERS for code in SERVERS[name].rules if name != "granian"]
GOOD = [
    ("apache", ["etc/apache2/policy-proxy.conf"]),
    ("caddy", ["etc/Caddyfile"]),
    ("envoy", ["etc/envoy.yaml"]),
    ("gunicorn", ["etc/gunicorn.conf.py"]),
    ("haproxy", ["etc/haproxy.cfg"]),
    ("in-process", ["etc/paste.ini"]),
    ("in-process", ["etc/wsgi/guarded_placement.py"]),
    ("nginx", ["etc/mutual-tls/nginx.conf"]),
    ("nginx", ["etc/nginx-authorizer.conf"]),
    ("nginx", ["etc/nginx-proxy.conf"]),
    ("nginx", ["etc/uwsgi-nginx.conf"]),
    ("serve", ["etc/policy-proxy.conf"]),
    ("traefik", ["etc/traefik/traefik.yaml", "etc/traefik/dynamic.yaml"]),
    ("uwsgi", ["etc/uwsgi.ini"]),
    ("waitress", ["etc/waitress_server.py"]),
]


def test_every_server_can_be_named():
    assert list(NAMES) == list(SERVERS)


def test_no_two_findings_have_the_same_code():
    codes = [code for _, code in RULES]
    assert len(codes) == len({*codes})


@pytest.mark.parametrize(("name", "code"), RULES, ids=lambda value: value)
def test_the_example_of_a_finding_has_it(name, code, tmp_path):
    server = SERVERS[name]
    rule = server.rules[code]
    files = []
    if rule.bad:
        path = tmp_path / server.file
        path.write_text(rule.bad)
        files.append(str(path))

    found = [one for one in found_in(server, files, {}, rule.version) if one.code == code]

    assert found or not (rule.bad or rule.version)  # then it is found in the environment
    for one in found:
        assert one.entry.place.startswith((str(tmp_path), "installed"))
        assert str(one).endswith(f": {rule.breaks}: {rule.remedy} [{code}]")


@pytest.mark.parametrize(
    ("name", "code"),
    [(name, code) for name, code in RULES if SERVERS[name].rules[code].environment],
    ids=lambda value: value,
)
def test_the_same_is_found_in_the_environment(name, code):
    rule = SERVERS[name].rules[code]

    (one,) = [one for one in found_in(SERVERS[name], [], rule.environment) if one.code == code]

    assert one.entry.place in rule.environment


@pytest.mark.parametrize(("name", "paths"), GOOD, ids=str)
def test_the_files_that_operators_copy_are_good(name, paths):
    files = [str(ROOT / path) for path in paths]

    assert [str(one) for one in found_in(SERVERS[name], files, {})] == []


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_is_found_where_nothing_was_looked_at(name):
    assert found_in(SERVERS[name], [], {}) == ()


def test_every_finding_has_an_example():
    rules = [SERVERS[name].rules[code] for name, code in RULES]
    assert all(rule.bad or rule.environment or rule.version for rule in rules)


@pytest.mark.parametrize("page", ["apache", "gunicorn", "uwsgi"])
def test_the_page_has_the_limits_that_leave_threads_to_others(page):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    lines = [f"{name} = {value}" for name, value in UNDER_32.items()]
    assert "\n".join(["```ini", "[limits]", *lines, "```"]) in text


@pytest.mark.parametrize("name", ["apache", "gunicorn", "uwsgi"])
def test_with_the_defaults_slow_clients_could_take_every_thread(name):
    """They are for `serve`, which has a thread for each."""
    (files,) = (files for server, files in GOOD if server == name)
    ours = config.read([str(ROOT / "etc" / "policy-proxy.conf")])
    found = look(SERVERS[name], [str(ROOT / file) for file in files], {}, ours, "").found
    assert [finding.code for finding in found] == [f"{name}-body-readers"]
