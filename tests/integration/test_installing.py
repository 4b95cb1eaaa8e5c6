"""docs/installing.md, typed as it stands, with its paths under a folder of the test."""

from __future__ import annotations

import re
import subprocess

import pytest

from docs_from_code import ROOT
from harness.serve import COMMAND

STEPS = re.split(r"^## ", (ROOT / "docs" / "installing.md").read_text(), flags=re.MULTILINE)
OWNERS = re.compile(r" -[og] policy-proxy\b")
CONFIGURATION = "etc/policy-proxy/policy-proxy.conf"


@pytest.fixture
def typed(tmp_path):
    """Runs the commands of a step as they are shown: each with what it says, if anything."""

    def here(text):
        own = text.replace("runuser -u policy-proxy -- policy-proxy", COMMAND)
        return re.sub(r"(?<![\w.])/(etc|var)/", rf"{tmp_path}/\1/", OWNERS.sub("", own))

    def run(step):
        (text,) = (part for part in STEPS if part.startswith(f"{step}. "))
        for block in re.findall(r"```console\n(.+?)```", text, re.DOTALL):
            for command, shown in re.findall(
                r"^[#$] (.+)\n((?:[^#$\n].*\n)*)", block, re.MULTILINE
            ):
                said = subprocess.run(
                    ["/bin/sh", "-c", here(command)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                yield said.stdout + said.stderr, here(shown)

    return run


@pytest.fixture
def filled_in(tmp_path, typed, keystone_url, password, backend):
    """Step 3 done, and every line without a `#` made one's own; gives the file's text."""
    assert [said for said, _ in typed(3)] == ["", "", "", ""]
    text = (tmp_path / CONFIGURATION).read_text().replace(" /etc/", f" {tmp_path}/etc/")
    for option, value in {
        "url": backend.url,
        "file": tmp_path / "var/log/policy-proxy/audit.jsonl",
        "auth_url": f"{keystone_url}/v3",
        "#password": f"{password}\n",
    }.items():
        text = re.sub(rf"(?m)^{option} =.*$", f"{option.removeprefix('#')} = {value}", text)
    environment = tmp_path / "etc/policy-proxy/environment"
    environment.write_text(f"OS_KEYSTONE_AUTHTOKEN__PASSWORD='{password}'\n")
    return text


def test_what_step_3_makes_is_found_good_in_step_4(tmp_path, typed, filled_in):
    (tmp_path / CONFIGURATION).write_text(filled_in)

    assert list(typed(4)) == [
        (f"{tmp_path / CONFIGURATION}: good\n", f"{tmp_path / CONFIGURATION}: good\n"),
        (f"{tmp_path / CONFIGURATION}: good\n", ""),
    ]


def test_the_password_may_stand_in_the_environment_file(tmp_path, typed, filled_in):
    (tmp_path / CONFIGURATION).write_text(re.sub(r"(?m)^password = .+$", "", filled_in))

    (without, _), (with_it, _) = typed(4)

    assert "[keystone_authtoken] password is not set" in without
    assert with_it == f"{tmp_path / CONFIGURATION}: good\n"
