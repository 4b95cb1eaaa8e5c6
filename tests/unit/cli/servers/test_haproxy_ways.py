"""HAProxy's sections have what their `defaults` have, unless they say otherwise."""

from __future__ import annotations

import pytest

from docs_from_code import ROOT
from docs_from_code.check_server import found_in
from policy_proxy.cli.servers import haproxy

GOOD = (ROOT / "etc" / "haproxy.cfg").read_text()


def codes(text, folder):
    path = folder / "haproxy.cfg"
    path.write_text(text)
    return {one.code for one in found_in(haproxy.SERVER, [str(path)], {})}


@pytest.mark.parametrize("code", haproxy.RULES)
def test_an_example_has_nothing_but_what_it_is_for(code, tmp_path):
    assert codes(haproxy.RULES[code].bad, tmp_path) <= {code, "haproxy-buffer"}


@pytest.mark.parametrize(
    ("line", "instead", "code"),
    [
        ("    retry-on conn-failure\n", "    retry-on 503\n", "haproxy-retries"),
        ("    option http-server-close\n", "", "haproxy-kept-connections"),
        ("    option redispatch 1\n", "    option redispatch 0\n", "haproxy-redispatch"),
        ("    timeout server 125s\n", "    timeout server 5000\n", "haproxy-timeout"),
        (
            "    timeout server 125s\n",
            "    timeout server 2m\n    timeout server 9s\n",
            "haproxy-timeout",
        ),
        ("    timeout http-request 15s\n", "", "haproxy-slow-bodies"),
        ("    tune.maxrewrite 1024\n", "    tune.maxrewrite 60000\n", "haproxy-buffer"),
        ("    mode http\n", "    mode tcp\n", "haproxy-mode"),
        ("GET /healthcheck", "OPTIONS /", "haproxy-health"),
        ("default-server check ", "default-server ", "haproxy-health"),
        ("del-header _ -m sub", "del-header _ -m sub if { src 10.0.0.0/8 }", "haproxy-underscores"),
        (
            "    option dontlog-normal\n",
            '    log-format "%[req.hdr(x-auth-token)]"\n',
            "haproxy-log",
        ),
    ],
)
def test_what_stands_elsewhere_is_found(line, instead, code, tmp_path):
    assert GOOD.count(line) == 1

    assert codes(GOOD.replace(line, instead), tmp_path) == {code}


def test_a_no_takes_back_what_defaults_have(tmp_path):
    text = GOOD.replace("    balance leastconn\n", "    no option http-buffer-request\n")
    assert codes(text, tmp_path) == set()  # the frontend still has it

    text = text.replace("    option forwardfor\n", "    no option http-buffer-request\n")
    assert codes(text, tmp_path) == {"haproxy-slow-bodies"}


def test_a_section_has_the_defaults_that_it_names_or_the_last_ones(tmp_path):
    others = "defaults others\n    mode http\n    timeout server 9s\n"
    assert "haproxy-timeout" in codes(GOOD.replace("frontend", f"{others}\nfrontend"), tmp_path)

    named = GOOD.replace("defaults\n", "defaults ours\n").replace("frontend", f"{others}\nfrontend")
    for section in ("frontend placement", "backend policy_proxy"):
        named = named.replace(f"\n{section}\n", f"\n{section} from ours\n")
    assert codes(named, tmp_path) == set()


def test_what_makes_a_setting_harmless_is_seen(tmp_path):
    spared = "    retry-on 503\n    http-request disable-l7-retry unless METH_GET\n"
    text = GOOD.replace("    balance leastconn\n", spared)
    text = text.replace("del-header _ -m sub", "set-header X-A b")
    text = text.replace(
        "    option forwardfor\n", "    option http-restrict-req-hdr-names reject\n"
    )
    assert codes(text, tmp_path) == set()  # an address of a client is in no record
