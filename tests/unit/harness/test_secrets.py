"""The search for secrets in what a run of the tests wrote finds them, however they are written."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from harness import secrets
from harness.certificates import self_signed

TESTS = Path(__file__).parents[2]


@pytest.fixture
def elsewhere():
    """A folder in which the run that these tests are part of does not search."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


WAYS = {
    "plain": lambda secret: f"token {secret} refused",
    "in JSON": lambda secret: f'{{"path":"/{secret}"}}',
    "cut off": lambda secret: secret[:24],
    "the end of it": lambda secret: secret[-24:],
    "in a URL": lambda secret: quote(secret, safe=""),
    "as bytes": lambda secret: repr(secret.encode()),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in base64, behind a name": lambda secret: base64.b64encode(f"me:{secret}".encode()).decode(),
    "in base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"u:{secret}".encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found(elsewhere, way):
    log = elsewhere / "proxy.log"
    secret = secrets.made()
    log.write_bytes(b"first \xff line\n" + WAYS[way](secret).encode())
    assert secrets.search([log], [secrets.made(), secret], elsewhere) == [secrets.Hit(log, 2)]
    assert secrets.search([log], [secrets.made()], elsewhere) == []
    assert [*elsewhere.iterdir()] == [log]


@pytest.mark.parametrize(
    "text",
    [
        Fernet(Fernet.generate_key()).encrypt(b"somebody").decode(),
        "-----BEGIN EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
    ],
    ids=["token", "EC key", "key"],
)
def test_what_nobody_registered_is_found_by_its_form(elsewhere, text):
    log = elsewhere / "proxy.log"
    log.write_text(f"with {text}\n")
    assert secrets.search([log], [], elsewhere) == [secrets.Hit(log, 1)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("policy-proxy.conf", "[keystone_authtoken]\npassword = {}\n"),
        ("policy-proxy.conf", "memcache_secret_key = {}\n"),
        ("passwords.json", '{{\n  "alice-admin": "{}",\n}}'),
        ("clouds.yaml", "clouds:\n  a:\n    auth:\n      password: {}\n"),
    ],
)
def test_secrets_are_read_where_they_must_be(elsewhere, name, text):
    path, secret = elsewhere / name, secrets.made()
    path.write_text(text.format(secret))
    assert secrets.holds(path)
    assert [*secrets.in_holder(path)] == [secret]


def test_what_a_client_has_put_into_its_query_may_be_in_the_log_of_a_front_end(elsewhere):
    secret = secrets.made()
    line = f'first\n"GET /traits?X-Auth-Token={secret} HTTP/1.1" 401\n'
    (elsewhere / "access.log").write_text(line)
    assert secrets.search([elsewhere / "access.log"], [secret], elsewhere) == []
    for name, text in {"policy-proxy.log": line, "error.log": f"X-Auth-Token: {secret}"}.items():
        (elsewhere / name).write_text(text)
        assert secrets.search([elsewhere / name], [secret], elsewhere)


def test_a_certificate_is_no_secret_though_half_of_it_stands_in_the_file_of_its_key(elsewhere):
    made = self_signed(elsewhere, "proxy")
    assert [*secrets.in_holder(Path(made.key))]
    assert [*secrets.in_holder(Path(made.cert))] == []
    assert secrets.searched(elsewhere).hits == []
    (elsewhere / "proxy.log").write_text(Path(made.key).read_text())
    assert secrets.searched(elsewhere).hits


@pytest.mark.parametrize(
    "name", ["policy-proxy.log", "audit.jsonl", "audit.jsonl.1", "state-1.out", "policy.yaml"]
)
def test_outputs_are_searched(name):
    assert not secrets.holds(Path(name))


def test_what_is_too_short_to_be_searched_for_is_no_secret():
    with pytest.raises(ValueError, match="too short"):
        secrets.register("secret")


RUN = """
import logging
from harness import secrets
def test_it(tmp_path, caplog):
    secret = secrets.made()
    (tmp_path / "policy-proxy.conf").write_text(f"password = {{secret}}")
    {does}
"""
LEAKS = {
    "log of a child": '(tmp_path / "policy-proxy.log").write_text(f"\\n{secret}")',
    "printed": "print(secret)",
    "logged": 'logging.getLogger("policy_proxy").warning("with %s", secret)',
    "nothing": 'print("nothing")',
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_run_with_a_secret_in_its_outputs_fails(elsewhere, leak):
    (elsewhere / "test_run.py").write_text(RUN.format(does=LEAKS[leak]))
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environment.pop(secrets.ENVIRONMENT, None)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "harness.secrets_searched", "-p", "no:xdist"),
            *("-p", "no:cacheprovider", "--rootdir", elsewhere, "--basetemp", elsewhere / "base"),
            elsewhere / "test_run.py",
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(TESTS)},
        cwd=elsewhere,
    )
    assert "1 secrets searched for in" in done.stdout, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert ("A SECRET in line" in done.stdout) is (leak != "nothing")
    assert done.returncode == (leak != "nothing")
