"""The outputs in docs/promote.md are those of the commands, in front of a real proxy."""

from __future__ import annotations

import re
import shlex

from docs_from_code import ROOT
from harness.command import invoked
from harness.proxy import configuration
from harness.serve import serving
from policy_proxy.policy.promotion.history import KINDS, Entry

DOCUMENT = (ROOT / "docs" / "promote.md").read_text(encoding="utf-8")
CHANGING = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME"),
    (r"(?m)^(  by +).*$", r"\1SOMEBODY"),
    (r"worker \d+", "worker N"),
    (r"\n {12}(?=\w)", " "),  # a long text, wherever it is wrapped
)


def blocks(language):
    return re.findall(rf"^```{language}\n(.+?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def steady(text):
    for pattern, name in CHANGING:
        text = re.sub(pattern, name, text)
    return text


def test_the_outputs_are_real(tmp_path, monkeypatch, keystone_url, password, backend):
    """One after the other: each finds what the one before has left."""
    monkeypatch.chdir(tmp_path)
    for block in blocks("yaml"):
        (tmp_path / block.partition("\n")[0].removeprefix("# ")).write_text(f"{block}\n")
    conf = configuration(
        tmp_path,
        backend=backend.url,
        keystone=keystone_url,
        password=password,
        options="[server]\nworkers = 2",
    )
    with serving(conf) as served:
        conf.write_text(f"{conf.read_text()}port = {served.port}\n")
        for block in blocks("console"):
            command, _, expected = block.partition("\n")
            prompt, name, *arguments = shlex.split(command)

            result = invoked(*arguments)

            said = result.output.replace(served.url, "http://127.0.0.1:8778")
            assert (prompt, name) == ("$", "policy-proxy")
            assert steady(said) == steady(f"{expected}\n")
            assert result.exit_code == ("error:" in expected)


def test_every_field_and_kind_of_the_history_is_documented():
    names = set(re.findall(r"`(\w+)`", DOCUMENT))

    assert {*Entry.__dataclass_fields__, *KINDS} <= names
