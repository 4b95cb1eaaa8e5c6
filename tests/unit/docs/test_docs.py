"""The documentation says what the code does, and its links lead somewhere."""

from __future__ import annotations

import configparser
import json
import re
import secrets
import shlex
from pathlib import Path

import click
import pytest

from docs_from_code import GENERATED, ROOT
from docs_from_code.commands import every
from docs_from_code.libraries import LIBRARIES
from policy_proxy import config
from policy_proxy.audit.record import MARKS, record
from policy_proxy.cli import main
from policy_proxy.errors import ConfigurationError
from policy_proxy.model import REQUEST_ID
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.rules import list_rules
from policy_proxy.placement.targets import ATTRIBUTES

DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
SAMPLE = ROOT / "etc" / "policy-proxy.conf"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?://)([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]+\]\((?!https?://)([^)\s]+)\)")
PLACE = re.compile(r"`((?:policy_proxy|tests|policies|etc|docs)/[\w./-]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NO_MARKS = re.compile(r"[^\w\- ]")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_what_the_code_yields(name):
    assert text(name) == GENERATED[name](), "run `make docs`"


def cells(document):
    """What stands as code at the beginning of a table's row."""
    return set(re.findall(r"^\| `([^`]+)` \|", text(document), re.MULTILINE))


def test_every_option_is_documented():
    ours = {option.name for section in config.SECTIONS for option in section.OPTS}
    theirs = {name for library in LIBRARIES.values() for name in library.options}
    sections = {section.GROUP for section in config.SECTIONS} | LIBRARIES.keys()

    assert cells("docs/configuration.md") == ours | theirs
    assert (
        set(re.findall(r"^## \[(\w+)\]$", text("docs/configuration.md"), re.MULTILINE)) == sections
    )


def test_every_rule_operation_and_attribute_is_documented():
    shown = text("docs/operations.md")

    assert {rule.name for rule in list_rules() if f"`{rule.name}`" not in shown} == set()
    routes = {f"{o.method} {o.template or '(empty path)'}" for o in OPERATIONS}
    assert {route for route in routes if f"`{route}`" not in shown} == set()
    assert ATTRIBUTES.keys() <= cells("docs/operations.md")


def test_every_command_and_its_options_are_documented():
    for name, shown in every(main, "policy-proxy"):
        assert f"## {name}\n\n```text\n{shown}\n```" in text("docs/commands.md")
    assert "--state-dir" in text("docs/commands.md")


def test_every_field_of_the_audit_record_is_documented():
    entry = record({REQUEST_ID: "req-1"}, "error", 500, 1.0)

    assert cells("docs/audit.md") >= entry.keys()
    outcomes = {"allowed", "denied", "rejected", "error"}
    others = {"candidate", "chain", "seq", "mac", "intent", *MARKS}
    assert cells("docs/audit.md") - entry.keys() == outcomes | others
    example = re.search(r"```json\n(.+?)```", text("docs/audit.md"), re.DOTALL)
    assert list(json.loads(example[1])) == list(entry)


def anchors(document):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {NO_MARKS.sub("", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_is_broken(document):
    broken = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_picture_is_shown_and_every_picture_shown_is_there():
    shown = {
        (document.parent / link).resolve()
        for document in DOCUMENTS
        for link in PICTURE.findall(document.read_text(encoding="utf-8"))
    }

    assert shown == {*ROOT.glob("docs/pictures/*"), *ROOT.glob("docs/performance/*.svg")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(document):
    named = PLACE.findall(document.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_names_the_two_commands():
    lines = text("README.md").splitlines()

    assert {"    make run", "    make test"} <= set(lines)


def test_the_readme_names_the_packages_that_ci_installs():
    installing = re.compile(r"apt-get [^\n]*--no-install-recommends((?:[^\n]*\\\n)*[^\n]*)\n")
    named, installed = (
        installing.search(text(name)).group(1).replace("\\", "").split()
        for name in ("README.md", ".ci/run")
    )

    assert named == installed
    assert "wrk" in named


def linked(name):
    """The documents that this one links to."""
    folder = (ROOT / name).parent
    links = (link.partition("#")[0] for link in LINK.findall(text(name)))
    return {(folder / link).resolve() for link in links if link}


def test_the_readme_leads_to_every_document_by_way_of_its_index():
    assert ROOT / "docs" / "README.md" in linked("README.md")
    for index in ("docs/README.md", "docs/decisions/README.md"):
        folder = (ROOT / index).parent
        assert {*folder.glob("*.md")} - {ROOT / index} <= linked(index)
    for document in ("README.md", "docs/README.md", "docs/architecture.md"):
        assert ROOT / "docs" / "decisions" / "README.md" in linked(document)


def test_the_sample_configuration_has_every_option_of_ours():
    options = {(s.GROUP, option.name) for s in config.SECTIONS for option in s.OPTS}
    sections = re.split(r"^\[(\w+)\]$", text("etc/policy-proxy.conf"), flags=re.MULTILINE)[1:]
    shown = {
        (section, name)
        for section, lines in zip(sections[::2], sections[1::2], strict=True)
        for name in re.findall(r"^#?(\w+) =", lines, re.MULTILINE)
    }

    assert options <= shown


def with_settings(tmp_path, **changes):
    """The sample with some of its lines set to something else."""
    lines = text("etc/policy-proxy.conf")
    for name, value in changes.items():
        lines, count = re.subn(rf"^#?{name} =.*$", f"{name} = {value}", lines, flags=re.MULTILINE)
        assert count == 1
    path = tmp_path / "policy-proxy.conf"
    path.write_text(lines)
    return str(path)


def test_the_sample_configuration_loads_once_the_password_is_set(tmp_path):
    password = secrets.token_hex()

    settings = config.load([with_settings(tmp_path, password=password)])

    assert settings.conf.keystone_authtoken.password == password
    assert settings.backend.url == "http://127.0.0.1:8780"
    assert settings.policy.file == "/etc/policy-proxy/policy.yaml"


def test_the_password_may_come_from_the_environment(monkeypatch):
    password = secrets.token_hex()
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__PASSWORD", password)

    assert config.load([str(SAMPLE)]).conf.keystone_authtoken.password == password


@pytest.fixture
def with_password(monkeypatch):
    """The sample leaves the password to the operator; this gives it as its comment says."""
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__PASSWORD", secrets.token_hex())


@pytest.mark.usefixtures("with_password")
def test_the_commented_lines_of_the_sample_show_what_holds_without_them(tmp_path):
    """With every comment sign removed, nothing changes but what has no default."""
    as_it_is = config.load([str(SAMPLE)])
    lines = re.sub(r"^#(\w+ = .+)$", r"\1", text("etc/policy-proxy.conf"), flags=re.MULTILINE)
    path = tmp_path / "policy-proxy.conf"
    path.write_text(lines)

    uncommented = config.load([str(path)])

    for section in config.SECTIONS:
        assert dict(uncommented.conf[section.GROUP]) == dict(as_it_is.conf[section.GROUP])
    for name, library in LIBRARIES.items():
        for option in library.options:
            assert uncommented.conf[name][option] == as_it_is.conf[name][option]


@pytest.mark.parametrize("name", ["delay_auth_decision", "insecure"])
def test_what_must_stay_false_is_refused_as_the_sample_says(tmp_path, name):
    path = with_settings(tmp_path, **{name: "true"})

    with pytest.raises(ConfigurationError, match=name):
        config.load([path])


@pytest.mark.usefixtures("with_password")
def test_the_unit_runs_a_command_that_there_is():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(ROOT / "etc" / "systemd" / "policy-proxy.service")
    program, command, *options = shlex.split(unit["Service"]["ExecStart"])

    assert Path(program).name == "policy-proxy"
    found = main.get_command(click.Context(main), command)
    with found.make_context(command, options) as context:
        assert context.params["config_file"] == config.DEFAULT_FILE
    assert int(unit["Service"]["TimeoutStopSec"]) > config.load([str(SAMPLE)]).server.drain_timeout
