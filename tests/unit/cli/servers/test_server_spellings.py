"""What a server takes in several spellings, or inherits, is found in each, and only then."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docs_from_code import ROOT
from docs_from_code.check_server import found_in
from policy_proxy.cli.servers.entry import Unreadable
from policy_proxy.cli.servers.every import SERVERS
from policy_proxy.cli.servers.look import look

ENVOY = """\
http_filters:
- typed_config: {"@type": t/HttpConnectionManager}
  filters:
  - typed_config: {"@type": t/envoy.ExtAuthz}
"""
ROUTE = """\
routes:
- route: {cluster: placement}
  typed_per_filter_config:
    envoy.filters.http.ext_authz:
      "@type": t/envoy.config.route.v3.FilterConfig
      disabled: true
"""
VHOST = "LimitRequestLine 65536\n<VirtualHost *:80>\n{}\n</VirtualHost>\n"
NGINX = """\
http {{
  merge_slashes off;
  large_client_header_buffers 4 64k;
  client_max_body_size 8m;
  client_body_buffer_size 8m;
  proxy_max_temp_file_size 0;
  {http}
  server {{
    {server}
    location / {{
      {location}
      proxy_pass http://127.0.0.1:8780;
    }}
    location = /ask {{ internal; proxy_pass http://127.0.0.1:8779/authorize; }}
  }}
}}
"""
TRAEFIK = """\
http:
  routers:
    one: {{rule: PathPrefix(`/`), service: placement{router}}}
  middlewares:
    asks: {{forwardAuth: {{address: "http://127.0.0.1:8779/"}}}}
    both: {{chain: {{middlewares: [other, asks]}}}}
"""


def nginx(http="", server="", location=""):
    return NGINX.format(http=http, server=server, location=location)


def traefik(router="", more=""):
    return TRAEFIK.format(router=router) + more


CADDY = ":80 {{\n{lines}\n}}\n"
ASKS = "forward_auth 127.0.0.1:8779 {\nuri /\n}"
FORWARDS = "request_header -*_*\nreverse_proxy 127.0.0.1:8780"

FOUND = [
    ("envoy", ENVOY + "failureModeAllow: true\n", "envoy-failure-mode"),
    ("envoy", '{"failureModeAllow": true}', "envoy-failure-mode"),
    ("envoy", f"{ENVOY}    disabled: true\n", "envoy-route-off"),
    (
        "envoy",
        ROUTE,
        "envoy-route-off",
    ),
    (
        "nginx",
        nginx(server="auth_request /ask;", location="auth_request off;"),
        "nginx-open-location",
    ),
    ("nginx", nginx(server="large_client_header_buffers 4 8k;"), "nginx-request-line"),
    ("nginx", nginx(location="client_max_body_size 1m;"), "nginx-body-size"),
    ("nginx", nginx(server="merge_slashes on;"), "nginx-merge-slashes"),
    ("nginx", nginx(location="client_body_buffer_size 16k;"), "nginx-bodies-on-disk"),
    ("nginx", "proxy_next_upstream\n  error\n  non_idempotent ;", "nginx-retries"),
    (
        "nginx",
        nginx(server="auth_request /ask;", location="rewrite ^/x(.*) $1;"),
        "nginx-changed-path",
    ),
    ("traefik", traefik(), "traefik-open-router"),
    ("traefik", "http: {middlewares: {a: {forwardauth: {trustforwardheader: True}}}}", None),
    ("traefik", traefik(more="tcp: {routers: {two: {service: placement}}}"), "traefik-open-router"),
    ("caddy", CADDY.format(lines=f"route {{\n{FORWARDS}\n{ASKS}\n}}"), "caddy-open-way"),
    ("caddy", CADDY.format(lines=f"method GET\n{ASKS}\n{FORWARDS}"), "caddy-changed-path"),
    ("caddy", CADDY.format(lines=f"handle /a* {{\n{ASKS}\n}}\n{FORWARDS}"), "caddy-open-way"),
    ("uwsgi", "[uwsgi]\nbuffer_size = 4096\n", "uwsgi-buffer-size"),
    ("uwsgi", "[uwsgi]\nmount = /x=site:app\n", "uwsgi-lazy-apps"),
    (
        "uwsgi",
        "[uwsgi]\nhttp-socket = :80\nsocket = /s\npost-buffering = 8192\n",
        "uwsgi-post-buffering",
    ),
    ("apache", "limitrequestline \\\n  8190\n", "apache-request-line"),
    ("apache", VHOST.format("LimitRequestLine 1000"), "apache-request-line"),
    ("apache", VHOST.format('LogFormat "%{x-AUTH-token}i"'), "apache-log"),
    ("waitress", 'serve(app, **{"trusted_proxy": "*"})', "waitress-trusted-proxy"),
    ("waitress", 'parser.add_argument("--threads", default=1)', "waitress-threads"),
    ("in-process", "# filter_factory(placement)\napplication = placement\n", "in-process-open"),
]
NOT_FOUND = [
    ("nginx", nginx(server="auth_request /ask;"), "nginx-open-location"),
    ("nginx", nginx(http="", location="auth_request /ask;"), "nginx-open-location"),
    ("nginx", nginx(server="underscores_in_headers off;"), "nginx-underscores"),
    ("nginx", nginx(location="proxy_request_buffering off;"), "nginx-bodies-on-disk"),
    ("traefik", traefik(router=", middlewares: [asks@file]"), "traefik-open-router"),
    ("traefik", traefik(router=", middlewares: [both]"), "traefik-open-router"),
    (
        "traefik",
        traefik(more="entryPoints: {web: {http: {middlewares: [asks@file]}}}"),
        "traefik-open-router",
    ),
    ("caddy", CADDY.format(lines=f"{FORWARDS}\n{ASKS}"), "caddy-open-way"),
    ("caddy", CADDY.format(lines="@writes {\nmethod PUT\n}\n"), "caddy-changed-path"),
    ("caddy", CADDY.format(lines=f"route {{\n{ASKS}\n{FORWARDS}\n}}"), "caddy-open-way"),
    ("caddy", CADDY.format(lines=f"{ASKS}\nhandle {{\n{FORWARDS}\n}}"), "caddy-underscores"),
    ("uwsgi", "[uwsgi]\nbuffer-size = 4096\nbuffer-size = 65535\n", "uwsgi-buffer-size"),
    ("uwsgi", "[uwsgi]\nmount = /x=policy_proxy.wsgi:application\n", "uwsgi-lazy-apps"),
    ("uwsgi", "[uwsgi]\nenable-threads\n", "uwsgi-enable-threads"),
    ("uwsgi", "[uwsgi]\nsocket = 127.0.0.1:3031\n", "uwsgi-open-socket"),
    ("uwsgi", "[uwsgi]\nsocket = /s\npost-buffering = 65536\n", "uwsgi-post-buffering"),
    ("apache", "LimitRequestLine 0\nMergeSlashes off\n", "apache-merge-slashes"),
]


def codes(name, text, tmp_path, **environment):
    server = SERVERS[name]
    path = tmp_path / (server.file if not text.startswith(("#", "serve", "parser")) else "app.py")
    path.write_text(text)
    return {one.code for one in found_in(server, [str(path)], environment)}


@pytest.mark.parametrize(("name", "text", "code"), FOUND, ids=range(len(FOUND)))
def test_it_is_found(name, text, code, tmp_path):
    assert (code or f"{name}-trusted-headers") in codes(name, text, tmp_path)


@pytest.mark.parametrize(("name", "text", "code"), NOT_FOUND, ids=range(len(NOT_FOUND)))
def test_it_is_not_found(name, text, code, tmp_path):
    assert code not in codes(name, text, tmp_path)


def test_a_variable_stands_above_the_file(tmp_path):
    good = (ROOT / "etc" / "uwsgi.ini").read_text()
    assert codes("uwsgi", good, tmp_path) == set()
    behind_nginx = re.sub(r"(?m)^;   (?=\w+(-\w+)? = )", "", good).replace("http-socket = ", "; ")
    assert "\npost-buffering = " in behind_nginx
    assert codes("uwsgi", behind_nginx, tmp_path) == set()
    assert codes("uwsgi", good, tmp_path, UWSGI_BUFFER_SIZE="4096") == {"uwsgi-buffer-size"}

    good = (ROOT / "etc" / "gunicorn.conf.py").read_text()
    assert codes("gunicorn", good, tmp_path, GUNICORN_CMD_ARGS="--threads 1") == {
        "gunicorn-threads"
    }


@pytest.mark.parametrize("name", SERVERS)
def test_a_file_of_something_else_is_not_called_good(name, tmp_path, proxy_settings):
    server = SERVERS[name]
    path = tmp_path / server.file
    path.write_text("")

    looked = look(server, [str(path)], {}, proxy_settings, "")

    assert looked.strange != (name == "gunicorn")


@pytest.fixture(scope="module")
def proxy_settings():
    from policy_proxy import config  # noqa: PLC0415  only here

    return config.read([str(ROOT / "etc" / "policy-proxy.conf")])


SIGNS = ["{", "}", ";", "\n", '"', "'", "<", ">", "[", "]", ":", "- ", "&a ", "*a", "\\", "=", "# "]
NAMES = [
    "location",
    "proxy_pass",
    "http",
    "VirtualHost",
    "uwsgi",
    "a",
    "@type",
    "é",
    "\t",
    "%",
    "\0",
]
WORDS = st.sampled_from([*SIGNS, *NAMES])


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "gunicorn"])
@given(text=st.lists(WORDS, max_size=30).map("".join) | st.text(max_size=60))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_file_is_read_or_refused(name, text, tmp_path):
    path = tmp_path / SERVERS[name].file
    path.write_bytes(text.encode("utf-16" if text.endswith("é") else "utf-8"))

    with contextlib.suppress(Unreadable, OSError):
        for one in found_in(SERVERS[name], [str(path)], {}):
            assert str(one).isprintable()
