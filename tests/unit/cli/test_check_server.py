"""`policy-proxy check --server`: what it says, and what it does not claim."""

from __future__ import annotations

import secrets

import pytest
from click.testing import CliRunner

from docs_from_code import ROOT
from docs_from_code.check_server import UNDER_32
from harness import proxy
from policy_proxy.cli import main

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def configuration(tmp_path):
    limits = "\n".join(["[limits]", *(f"{name} = {value}" for name, value in UNDER_32.items())])
    return str(
        proxy.configuration(
            tmp_path,
            backend=NOWHERE,
            keystone=NOWHERE,
            password=secrets.token_hex(),
            options=limits,
        )
    )


def check(*arguments, **environment):
    return CliRunner(env=environment).invoke(main, ["check", "--offline", *arguments])


def test_a_good_file_is_called_good_and_what_was_not_looked_at_is_told(configuration):
    file = str(ROOT / "etc" / "gunicorn.conf.py")

    done = check("--config-file", configuration, "--server", "gunicorn", "--server-config", file)

    assert done.exit_code == 0
    first, second, *others = done.output.splitlines()
    assert (first, second) == (f"{configuration}: good", f"{file}: good")
    assert others[-1].startswith("not looked at: gunicorn's command line")


def test_a_bad_file_is_told_with_line_option_remedy_and_code(configuration, tmp_path):
    file = tmp_path / "uwsgi.ini"
    file.write_text(
        "[uwsgi]\nmodule = policy_proxy.wsgi\nbuffer-size = 65535\nbuffer-size = 4096\n"
    )

    done = check("--config-file", configuration, "--server", "uwsgi", "--server-config", str(file))

    assert done.exit_code == 1
    assert f"error: {file}:4: buffer-size = 4096: uWSGI drops requests" in done.output
    assert ": buffer-size = 65535 [uwsgi-buffer-size]\n" in done.output
    assert ": good" not in done.output


def test_the_proxys_own_limits_are_what_a_servers_are_compared_with(configuration, tmp_path):
    file = tmp_path / "policy.conf"
    file.write_text("WSGIScriptAlias / /etc/app.py\nLimitRequestLine 70000\n")
    arguments = ("--config-file", configuration, "--server", "apache", "--server-config", str(file))
    assert "apache-request-line" not in check(*arguments).output

    done = check(*arguments, OS_LIMITS__MAX_TARGET_BYTES="80000")

    assert "LimitRequestLine 70000" in done.output
    assert "[apache-request-line]" in done.output


@pytest.mark.parametrize("server", ["apache", "caddy", "envoy", "nginx", "traefik", "waitress"])
def test_without_a_file_nothing_of_the_server_is_called_good(configuration, server):
    done = check("--config-file", configuration, "--server", server)

    assert ": good" not in done.output.replace(f"{configuration}: good", "")
    assert "not looked at: " in done.output
    assert "name it with --server-config" in done.output


def test_without_a_file_the_environment_is_looked_at(configuration):
    done = check(
        *("--config-file", configuration, "--server", "gunicorn"),
        GUNICORN_CMD_ARGS="--forwarded-allow-ips=* --header-map dangerous",
    )

    assert done.exit_code == 1
    assert "error: GUNICORN_CMD_ARGS: header_map = 'dangerous': " in done.output
    assert "[gunicorn-forwarded]" in done.output
    assert "limit_request_line" not in done.output


def test_the_built_in_server_has_the_proxys_own_file(configuration, tmp_path):
    with (tmp_path / "policy-proxy.conf").open("a") as file:
        file.write("[limits]\nmax_target_bytes = 100000\n")

    for name in ("serve", "granian"):
        done = check("--config-file", configuration, "--server", name)
        assert done.exit_code == 1
        assert "max_target_bytes = 100000: granian refuses" in done.output


def test_in_placements_process_no_backend_is_asked_for(configuration, tmp_path):
    path = tmp_path / "policy-proxy.conf"
    path.write_text(path.read_text().replace(f"url = {NOWHERE}\n", "", 1))
    module = str(ROOT / "etc" / "wsgi" / "guarded_placement.py")
    given = ("--config-file", configuration, "--server-config", module, "--server")

    done = check(*given, "in-process")
    assert done.exit_code == 0, done.output

    assert "[backend] url is not set" in check("--config-file", configuration).output


@pytest.mark.parametrize(
    ("server", "name", "text", "why"),
    [
        ("nginx", "nginx.conf", "server {", "unexpected end of file"),
        ("nginx", "nginx.conf", "include nowhere.conf;", "nowhere.conf"),
        ("envoy", "envoy.yaml", "a: [", "is no YAML"),
        ("envoy", "other.yaml", "a: 1", "nothing in it is for --server envoy"),
        ("nginx", "empty.conf", "", "nothing in it is for --server nginx"),
        ("traefik", "traefik.toml", "", "only YAML is read"),
        ("uwsgi", "uwsgi.xml", "", "only INI files"),
        ("gunicorn", "gunicorn.conf.py", "1 / 0", "ZeroDivisionError"),
        ("gunicorn", "gunicorn.conf.py", "threads = 'many'", "threads: "),
        ("gunicorn", "gunicorn.service", "ExecStart=/bin/true", "gunicorn is started nowhere"),
        ("waitress", "server.py", "def", "is no Python"),
        ("apache", "apache.conf", None, "No such file or directory"),
        ("nginx", "nginx.conf", None, "nginx.conf: No such file or directory"),
        ("nginx", "nginx.conf", "listen 80", "ends within a directive"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_not_good(
    configuration, tmp_path, server, name, text, why
):
    file = tmp_path / name
    if text is not None:
        file.write_text(text)

    done = check("--config-file", configuration, "--server", server, "--server-config", str(file))

    assert done.exit_code == 1
    (told,) = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert str(file) in told or name in told
    assert why in told
    assert ": good" not in done.output


def test_a_unit_shows_what_stands_on_the_command_line(configuration, tmp_path):
    unit = tmp_path / "proxy.service"
    unit.write_text(
        "[Service]\nExecStart=/opt/policy-proxy/bin/gunicorn --threads 32 \\\n"
        "  --header-map dangerous --limit-request-line 0 policy_proxy.wsgi:application\n"
    )

    done = check(
        "--config-file", configuration, "--server", "gunicorn", "--server-config", str(unit)
    )

    assert f"error: {unit}:2: header_map = 'dangerous': " in done.output
    assert "[gunicorn-threads]" not in done.output


def test_a_unit_leads_to_the_file_that_it_names(configuration, tmp_path):
    file = tmp_path / "gunicorn.conf.py"
    file.write_text("threads = 1\nlimit_request_line = 0\n")
    unit = tmp_path / "proxy.service"
    unit.write_text(f"ExecStart=/bin/gunicorn --config {file} --limit-request-fields 10 app\n")

    done = check(
        "--config-file", configuration, "--server", "gunicorn", "--server-config", str(unit)
    )

    assert f"error: {file}:1: threads = 1: " in done.output
    assert f"error: {unit}:1: limit_request_fields = 10: " in done.output
    assert "[gunicorn-request-line]" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [("--server", "nothing"), ("--server-config", "gunicorn.conf.py")],
    ids=["unknown server", "no server"],
)
def test_wrong_usage(configuration, arguments):
    assert check("--config-file", configuration, *arguments).exit_code == 2
