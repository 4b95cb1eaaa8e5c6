from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from policy_proxy.cli import main

IMPORTED = """
import json, sys
from policy_proxy.cli import main
main(sys.argv[1:], standalone_mode=False)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported_by(*arguments):
    """The packages that a command imports before it does anything."""
    command = [sys.executable, "-c", IMPORTED, *arguments, "--help"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return set(json.loads(said.splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "others"),
    [
        (["serve"], {"dd", "networkx", "rich", "ruamel"}),
        (["policy", "fmt"], {"dd", "granian", "keystone", "networkx"}),
    ],
    ids=["serve", "policy fmt"],
)
def test_a_command_does_not_wait_for_the_libraries_of_others(arguments, others):
    assert imported_by(*arguments) & others == set()


def test_every_command_is_found_by_its_name():
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert {name: command.name for name, command in found.items()} == {
        name: name for name in ("audit", "check", "policy", "serve", "up")
    }
    assert main.get_command(context, "lazy") is None


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["polcy"], "there is no command 'polcy': did you mean policy?"),
        (["lint"], "there is no command 'lint': it is one of audit, check, policy, serve, up"),
        (["policy", "lnt"], "there is no command 'lnt': did you mean lint?"),
        (["policy", "explain", "GET"], "METHOD PATH"),
    ],
    ids=["polcy", "lint", "policy lnt", "policy explain GET"],
)
def test_a_command_that_is_not_there_names_those_that_are(arguments, hint):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert hint in done.output.splitlines()[-1]
