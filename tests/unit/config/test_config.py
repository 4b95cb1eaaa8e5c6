from __future__ import annotations

import errno
import re

import pytest
from oslo_config import cfg
from oslo_policy import opts

from harness.certificates import self_signed
from policy_proxy import config
from policy_proxy.config import server
from policy_proxy.errors import ConfigurationError

GOOD = """
[backend]
url = http://127.0.0.1:8780
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:5000/v3
www_authenticate_uri = http://127.0.0.1:5000/v3
username = placement-proxy
password = generated
project_name = service
user_domain_name = Default
project_domain_name = Default
http_connect_timeout = 5
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "policy-proxy.conf"
        path.write_text(text)
        return config.load([str(path)])

    return load


def refused(load, text):
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    return caught.value.problems


def test_a_good_configuration_is_read_whole(load, tmp_path):
    settings = load(GOOD)
    assert settings.backend.url == "http://127.0.0.1:8780"
    assert settings.backend.credentials == "caller"
    assert settings.limits.max_body_bytes == 8 * 1024 * 1024
    assert settings.policy.file == str(tmp_path / "policy.yaml")
    assert settings.policy.dirs == (str(tmp_path / "policy.d"),)


def test_every_problem_is_said_at_once(load):
    problems = refused(load, "[DEFAULT]\n")
    for option in ("[backend] url", "auth_type", "www_authenticate_uri", "http_connect_timeout"):
        assert any(option in problem for problem in problems), option
    assert all("policy-proxy.conf" in problem for problem in problems)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("delay_auth_decision = true", "delay_auth_decision"),
        ("service_token_roles_required = false", "service_token_roles_required"),
        ("insecure = true", "insecure"),
        ("http_connect_timeout = 0", "http_connect_timeout"),
        ("memcached_servers = 127.0.0.1:11211", "ENCRYPT"),
        (
            (
                "memcached_servers = 127.0.0.1:11211\nmemcache_security_strategy = MAC\n"
                "memcache_secret_key = k"
            ),
            "ENCRYPT",
        ),
        ("memcache_security_strategy = ENCRYPT", "memcache_secret_key"),
        ("auth_type = nonsense", "nonsense"),
        ("auth_type = none", "auth_type"),
        ("password = a$b", "$$"),
        ("password =", "password is not set"),
    ],
)
def test_a_dangerous_value_refuses_the_start(load, line, named):
    key = line.split(" ")[0]
    kept = "\n".join(line for line in GOOD.splitlines() if not line.startswith(key + " "))
    problems = refused(load, f"{kept}\n{line}\n")
    assert any(named in problem for problem in problems)


def test_an_encrypted_shared_cache_is_accepted(load):
    load(
        GOOD + "memcached_servers = 127.0.0.1:11211\nmemcache_security_strategy = ENCRYPT\n"
        "memcache_secret_key = k\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("http://127.0.0.1:8780", "ftp://127.0.0.1", "url"),
        ("http://127.0.0.1:8780", "http://user@127.0.0.1", "url"),
        ("http://127.0.0.1:8780", "http://127.0.0.1/?x=1", "url"),
        ("http://127.0.0.1:8780\n", "http://127.0.0.1\ntotal_timeout = 1\n", "total_timeout"),
        ("http://127.0.0.1:8780\n", "http://127.0.0.1\ncredentials = both\n", "credentials"),
        ("http://127.0.0.1:8780\n", "http://127.0.0.1\nread_timeout = soon\n", "read_timeout"),
        ("[backend]", "[server]\ntls_certfile = /x\n[backend]", "tls_keyfile"),
    ],
)
def test_a_wrong_value_names_its_option(load, old, new, named):
    problems = refused(load, GOOD.replace(old, new))
    assert any(named in problem for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[backend]\n", "[backend]\ncredential = service\n", "no option credential: write creden"),
        ("[backend]\n", "[backend]\nq = 1\n", "[backend] has no option q: write one of auth_sec"),
        ("[backend]\n", "[limit]\nmax_headers = 9\n[backend]\n", "section [limit]: write [limits]"),
        ("http://127.0.0.1:8780", "localhost:8780", "[backend] url is not valid: write a URL"),
        (
            "[backend]",
            "[server]\nport = x\n[backend]",
            "port is not valid: write a whole number from 0 to 65535",
        ),
        ("[backend]\n", "[backend]\ncredentials = both\n", "write caller or service"),
        ("[backend]\n", "[backend]\nread_timeout = soon\n", "write a number from 0.1 to 86400"),
        ("[backend]\n", "[backend]\nread_timeout = 1e308\n", "write a number from 0.1 to 86400"),
        ("[backend]", "[identity_cache]\nttl = nan\n[backend]", "write a number from 0 to 300"),
        ("[backend]", "[audit]\ntimeout = inf\n[backend]", "write a number, 0.1 or more"),
        ("[backend]", "[policy]\nwatch_interval = nan\n[backend]", "a number, 0.05 or more"),
        ("[backend]", "[identity_cache]\nttl = 301\n[backend]", "write a number from 0 to 300"),
        ("[backend]", "[policy]\nrequire_file = maybe\n[backend]", "write true or false"),
        (
            "_timeout = 5",
            "_timeout = x\nusername = $b",
            "[keystone_authtoken] http_connect_timeout",
        ),
        ("= generated", "= generat$$$ed", "[keystone_authtoken] password cannot be read: write $$"),
    ],
)
def test_a_slip_is_told_with_what_to_write(load, old, new, sentence):
    problems = refused(load, GOOD.replace(old, new))
    assert any(sentence in problem for problem in problems), problems
    assert not any("generat" in problem or "LocationInfo" in problem for problem in problems)


def test_every_slip_is_told_at_once(load):
    slips = "[server]\nprt = 1\nport = x\nthreads = none\n"
    assert len(refused(load, GOOD + slips)) == 3


def test_slips_hide_nothing_else(load):
    """A slip is told once: its option is not called missing as well."""
    old = {"http://127.0.0.1:8780": "localhost:8780", "_timeout = 5": "_timeout = x"}
    text = GOOD + "insecure = true\n[backend]\ncredentials = both\n[limit]\nmax_headers = 9\n"
    for before, after in old.items():
        text = text.replace(before, after)
    problems = refused(load, text + "[server]\nprt = 1\ntls_certfile = /x\n")
    for begin in (
        "there is no section [limit]",
        "[server] has no option prt",
        "[backend] url is not valid",
        "[backend] credentials is not valid",
        "[keystone_authtoken] http_connect_timeout is not valid",
        "[keystone_authtoken] insecure = true",
        "[server] tls_certfile and tls_keyfile go together",
        "[server] tls_certfile = /x cannot be read",
    ):
        assert [p for p in problems if f"policy-proxy.conf: {begin}" in p], (begin, problems)
    assert len(problems) == 8


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[backend]\n", "[backend]\nauth_section = $x\n"),
        ("[backend]\n", "[backend]\ncredentials = service\nauth_section =\n"),
        ("= password\n", "= $x\n"),
        ("username = ", "auth_section = a$b\nusername = "),
    ],
)
def test_a_name_of_a_login_that_cannot_be_read_hides_nothing_else(load, old, new):
    problems = refused(load, GOOD.replace(old, new) + "insecure = true\n")
    assert len(problems) == 2
    assert re.search(r"auth_\w+ (cannot be read|is not valid): write ", problems[0])
    assert "insecure" in problems[1]


def test_a_value_of_any_section_that_cannot_be_used_is_looked_past(load, monkeypatch):
    monkeypatch.setenv("OS_OSLO_POLICY__REMOTE_TIMEOUT", "soon")
    slips = """
memcache_security_strategy = FOO
[oslo_policy]
policy_file = a$b
policy_dirs = c$d
[health]
trusted_addresses = here
[cors]
max_age = old
"""
    assert len(refused(load, GOOD + slips)) == 6


def test_other_sections_and_the_older_names_of_libraries_are_let_be(load):
    load(GOOD + "tenant_name = service\n[service_user]\nnobody = 1\n[DEFAULT]\ndebug = true\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_what_is_no_text_file_is_one_clear_sentence(tmp_path, content):
    path = tmp_path / "policy-proxy.conf"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        config.load([str(path)])
    (problem,) = caught.value.problems
    assert problem.startswith(str(path))


@pytest.mark.parametrize("text", ["[backend\n", "url = http://x\n", "[backend]\nurl\n"])
def test_a_broken_file_is_one_clear_sentence(load, text):
    (problem,) = refused(load, text)
    assert problem.count("policy-proxy.conf") == 1
    assert problem.endswith(": write [SECTION], or NAME = VALUE")


def test_a_missing_file_is_one_clear_sentence(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        config.load([str(tmp_path / "nowhere.conf")])
    assert caught.value.problems == [
        f"{tmp_path / 'nowhere.conf'}: no such file: name it with --config-file"
    ]


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "policy-proxy.conf"
    path.write_text(GOOD)

    def closed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", closed)  # to root, no mode of a file says no
    with pytest.raises(ConfigurationError) as caught:
        config.load([str(path)])
    (problem,) = caught.value.problems
    assert problem == (
        f"{path}: cannot be read (Permission denied): let the user that this runs as read it, and "
        "enter its folder"
    )


@pytest.mark.parametrize(
    ("public_url", "itself"),
    [
        ("http://127.0.0.1:8780", True),
        ("http://127.0.0.1:8780/", True),
        ("https://127.0.0.1:8780", True),
        ("http://127.0.0.1:8778", False),
        ("http://127.0.0.1:8780/placement", False),
        ("http://controller:8780", False),
    ],
)
def test_a_proxy_that_would_ask_itself_does_not_start(load, public_url, itself):
    text = f"{GOOD}\n[server]\npublic_url = {public_url}\n"
    if not itself:
        load(text)
        return
    (problem,) = refused(load, text)
    assert "[backend] url is the proxy's own [server] public_url" in problem
    load(text.replace("[backend]", "[backend]\nunix_socket = /run/placement.sock"))


def test_the_backend_is_not_needed_in_the_services_own_process(tmp_path):
    path = tmp_path / "policy-proxy.conf"
    path.write_text(GOOD.replace("url = http://127.0.0.1:8780\n", "", 1))
    config.load([str(path)], with_backend=False)
    with pytest.raises(ConfigurationError):
        config.load([str(path)])


SERVICE_USER = """
[service_user]
auth_type = password
auth_url = http://127.0.0.1:5000/v3
username = placement-proxy
password = generated
project_name = service
timeout = 5
"""


def with_service_user(section):
    mode = "[backend]\ncredentials = service\nauth_section = service_user\n"
    return GOOD.replace("[backend]\n", mode) + section


def test_a_section_of_its_own_may_hold_the_service_user(load):
    assert load(with_service_user(SERVICE_USER)).backend.auth_section == "service_user"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (SERVICE_USER, "", "[service_user] auth_type is not set"),
        ("= password\n", "= nonsense\n", "[service_user] auth_type = nonsense"),
        ("auth_url = http://127.0.0.1:5000/v3", "", "[service_user] auth_url is not set"),
        ("timeout = 5", "", "[service_user] timeout is not set"),
        ("timeout = 5", "timeout = 5\ninsecure = true", "[service_user] insecure"),
    ],
)
def test_the_section_of_the_service_user_must_be_as_safe(load, old, new, named):
    problems = refused(load, with_service_user(SERVICE_USER.replace(old, new)))
    assert any(named in problem for problem in problems), problems


def test_a_section_that_nobody_uses_need_not_be_there(load):
    load(with_service_user("").replace("credentials = service", "credentials = caller"))


def test_the_login_may_stand_in_a_section_of_its_own(load):
    names = ("auth_type", "auth_url", "username", "password", "project_name", "user_domain_name")
    login = [line for line in GOOD.splitlines() if line.split(" ")[0] in names]
    rest = [line for line in GOOD.splitlines() if line not in login]
    text = "\n".join([*rest, "auth_section = login", "[login]", *login])
    assert load(text).conf["login"].username == "placement-proxy"
    assert any("[login] auth_url" in p for p in refused(load, text.replace("auth_url", "#")))


def test_what_others_in_the_process_set_as_defaults_of_oslo_policy_is_not_ours():
    theirs = {"enforce_new_defaults": False, "policy_file": "theirs.yaml", "policy_dirs": []}
    options = {option.name: option for option in opts._options}
    before = {name: options[name].default for name in theirs}
    opts.set_defaults(cfg.ConfigOpts(), **theirs)
    try:
        ours = config.parse([]).oslo_policy
        assert ours.enforce_new_defaults is True
        assert (ours.policy_file, ours.policy_dirs) == ("policy.yaml", ["policy.d"])
    finally:
        opts.set_defaults(cfg.ConfigOpts(), **before)


@pytest.mark.parametrize(
    ("text", "requests", "validations"),
    [
        ("", 128, 16),
        ("[server]\nthreads = 4\n", 4, 1),
        ("[server]\nthreads = 1\n", 1, 1),
        ("[limits]\nmax_requests = 20\nmax_validations = 7\n", 20, 7),
    ],
)
def test_as_many_requests_as_threads_and_a_quarter_asks_keystone_unless_it_is_said(
    load, text, requests, validations
):
    limits = load(GOOD + text).limits
    assert (limits.max_requests, limits.max_validations) == (requests, validations)


@pytest.mark.parametrize(
    ("text", "threads", "sentence"),
    [
        ("max_requests = 8", 8, None),
        ("max_requests = 9", 8, "max_requests = 9 is above [server] threads = 8"),
        (
            "max_requests = 4\nmax_validations = 4",
            8,
            "max_validations = 4 is not below max_requests = 4",
        ),
        ("max_requests = 1\nmax_validations = 1", 8, None),
    ],
)
def test_limits_that_make_no_sense_together_are_told(load, text, threads, sentence):
    settings = load(f"{GOOD}[limits]\n{text}\n")
    found = config.limits.problems(settings.limits, threads)
    assert [problem.partition(":")[0] for problem in found] == (
        [f"[limits] {sentence}"] if sentence else []
    )


def test_serve_has_a_thread_for_each_that_works_or_waits(load):
    text = "max_queued = 2\nmax_streams = 3\nmax_body_readers = 4\nmax_small_bodies = 5\n"
    assert load(f"{GOOD}[limits]\n{text}").limits.threads(10) == 24


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("tls_client_ca = /", "[server] tls_client_ca needs tls_certfile"),
        ("unix_socket = proxy.sock", "must be an absolute path"),
        (f"unix_socket = /{'x' * 120}", "of at most 107 bytes"),
        ("unix_socket_group = no-such-group-here", "there is no such group"),
        ("unix_socket_mode = 999", "[server] unix_socket_mode is not valid: write three octal"),
        ("unix_socket_mode = 0660x", "[server] unix_socket_mode is not valid: write three octal"),
        ("workers = many", "[server] workers is not valid: write auto or a number"),
        ("workers = 0", "[server] workers is not valid: write auto or a number"),
        (
            "trusted_proxies = 10.0.0.0/8",
            "trusted_proxies and forwarded_header go together",
        ),
        (
            "trusted_proxies = 0.0.0.0/0\nforwarded_header = forwarded",
            "[server] trusted_proxies has everybody in it",
        ),
        (
            "forwarded_header = forwarded",
            "trusted_proxies and forwarded_header go together",
        ),
        ("trusted_proxies = unix\nforwarded_header = forwarded", "= unix needs unix_socket"),
        (
            "trusted_proxies = nginx\nforwarded_header = forwarded",
            "[server] trusted_proxies is not",
        ),
    ],
    ids=range(13),
)
def test_what_cannot_be_served_is_one_sentence(load, lines, said):
    (problem,) = refused(load, f"{GOOD}[server]\n{lines}\n")
    assert said in problem


def test_a_certificate_and_a_key_that_do_not_belong_together_are_one_sentence(load, tmp_path):
    a, b = self_signed(tmp_path, "a"), self_signed(tmp_path, "b")
    tls = f"{GOOD}[server]\ntls_certfile = {a.cert}\ntls_keyfile = "
    (problem,) = refused(load, tls + b.key)
    assert "are not certificate and key of each other" in problem
    (problem,) = refused(load, f"{tls}{a.key}\ntls_client_ca = {a.key}")
    assert "holds no certificates" in problem
    assert load(f"{tls}{a.key}\ntls_client_ca = {b.cert}").server.tls_client_ca == b.cert


def test_how_many_workers_and_which_mode(load, monkeypatch):
    settings = load(GOOD).server
    assert (settings.workers, settings.unix_socket_mode) == (1, 0o660)
    monkeypatch.setattr(server, "usable", lambda: 6)
    settings = load(f"{GOOD}[server]\nworkers = auto\nunix_socket_mode = 600\n").server
    assert (settings.workers, settings.unix_socket_mode) == (6, 0o600)
