"""docs/hardening.md: its commands, typed as they stand, on a proxy that is set up as it says."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from docs_from_code import ROOT
from harness.certificates import DAY, Certificate, self_signed, signed
from harness.programs import missing
from harness.proxy import ADMIN, configuration
from harness.serve import COMMAND, serving
from harness.stack import eventually

TEXT = (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8")
COMMANDS = [
    pair
    for block in re.findall(r"```console\n(.+?)```", TEXT, re.DOTALL)
    for pair in re.findall(r"^\$ (.+)\n((?:[^$\n].*\n)*)", block, re.MULTILINE)
]
IN_A_CLOUD = "openstack"
"""What begins so needs Keystone itself."""
OPTIONS = """
[server]
tls_certfile = {etc}/proxy.crt
tls_keyfile = {etc}/proxy.key
tls_client_ca = {authority}
"""
MODES = re.findall(r"^\| `(/etc/policy-proxy\S*)`[^|]*\| [^|]+ \| (\d{4}) \|", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def etc(tmp_path_factory, keystone_url, password, backend):
    """A folder as /etc/policy-proxy is to be."""
    etc = tmp_path_factory.mktemp("etc")
    etc.chmod(0o755)
    self_signed(etc, "proxy", expires=30 * DAY)
    authority = self_signed(etc.parent, "authority")
    key = subprocess.run([COMMAND, "audit", "key"], capture_output=True, text=True, check=True)
    (etc / "audit.key").write_text(key.stdout)
    (etc / "environment").write_text("")
    options = OPTIONS.format(etc=etc, authority=authority.cert)
    path = configuration(
        etc, backend=backend.url, keystone=keystone_url, password=password, options=options
    )
    strict = f"file = {etc}/audit.jsonl\nstrict = writes\nkey_file = {etc}/audit.key"
    path.write_text(path.read_text().replace(f"file = {etc}/audit.jsonl", strict))
    for name, mode in MODES:
        (etc / Path(name).relative_to("/etc/policy-proxy")).chmod(int(mode, 8))
    return etc


@pytest.fixture(scope="module")
def typed(etc, tmp_path_factory, keystone):
    """Gives what a command says."""
    work = tmp_path_factory.mktemp("work")
    (work / "etc").symlink_to(ROOT / "etc")
    shutil.copy(etc / "proxy.crt", work / "ca.crt")
    authority = Certificate(*(str(etc.parent / f"authority.{kind}") for kind in ("crt", "key")))
    client = signed(work, "nova", authority)
    with serving(etc / "policy-proxy.conf", wait=False) as served:
        here = {
            "/etc/policy-proxy": str(etc),
            "/var/log/policy-proxy": str(etc),
            "PROXY:8778": f"127.0.0.1:{served.port}",
            ":8778": f":{served.port}",
            "PLACEMENT:8780": "127.0.0.1:1",
            "runuser -u policy-proxy -- ": "",
        }
        environment = {**os.environ, "PATH": f"{Path(COMMAND).parent}:{os.environ['PATH']}"}

        def type_in(command):
            for shown, own in here.items():
                command = command.replace(shown, own)
            said = subprocess.run(
                ["/bin/bash", "-c", command],
                cwd=work,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            return said.stdout + said.stderr

        curl = f"curl --silent --cacert ca.crt --cert {client.cert} --key {client.key}"
        eventually(lambda: "ready" in type_in(f"{curl} https://PROXY:8778/healthcheck"))
        token = keystone.issue(ADMIN)
        type_in(f"{curl} -X PUT -H 'X-Auth-Token: {token}' https://PROXY:8778/traits/CUSTOM_A")
        type_in.here = here
        yield type_in


@pytest.mark.parametrize(
    ("command", "shown"),
    [pair for pair in COMMANDS if not pair[0].startswith(IN_A_CLOUD)],
    ids=[
        f"{number}-{command.split()[0]}"
        for number, (command, _) in enumerate(COMMANDS)
        if not command.startswith(IN_A_CLOUD)
    ],
)
def test_a_command_says_what_is_shown(typed, command, shown):
    program = re.match(r"(?:[A-Z_]+=\S+ )?(?:runuser -u policy-proxy -- )?(\S+)", command)[1]
    if program != "policy-proxy" and shutil.which(program) is None:
        missing(f"{program} is not here: apt-get install it")
    for name, own in typed.here.items():
        shown = shown.replace(name, own)

    assert typed(command).rstrip("\n") == shown.rstrip("\n")


def test_the_files_are_as_the_table_says(etc):
    assert len(MODES) >= 5
    for name, mode in MODES:
        path = etc / Path(name).relative_to("/etc/policy-proxy")
        assert stat.S_IMODE(path.stat().st_mode) == int(mode, 8)


def test_a_file_that_others_may_write_or_read_is_shown(typed, etc):
    writable, readable = [c for c, shown in COMMANDS if c.startswith("find ") and not shown]
    (etc / "policy.yaml").chmod(0o666)
    (etc / "environment").chmod(0o644)
    try:
        assert typed(writable) == f"{etc}/policy.yaml\n"
        assert typed(readable) == f"{etc}/environment\n"
    finally:
        (etc / "policy.yaml").chmod(0o644)
        (etc / "environment").chmod(0o600)


def test_the_service_user_of_the_embedded_stack_has_one_role(stack):
    ((command, shown),) = [pair for pair in COMMANDS if pair[0].startswith(IN_A_CLOUD)]
    environment = {name: value for name, value in os.environ.items() if name[:3] != "OS_"}
    cloud = {"OS_CLIENT_CONFIG_FILE": str(stack.clouds_file), "OS_CLOUD": "admin"}
    words = command.replace(IN_A_CLOUD, str(Path(COMMAND).with_name(IN_A_CLOUD)), 1)

    said = subprocess.run(
        ["/bin/sh", "-c", words],
        env=environment | cloud,
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )

    assert said.stdout.split() == shown.split()
