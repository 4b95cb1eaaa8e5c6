"""docs/guide.md, typed in from its beginning to its end: every output in it is a real one.

How outputs are compared is told in harness/session.py. Behind ```` ```console ```` stands `exit=1`
where the commands of a block fail, and `eventually` where a person would look again.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from docs_from_code import ROOT
from harness.session import Likeness, Shell, blocks, commands, shell
from harness.stack import Stack, eventually, running

GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
PATIENCE = 20.0
"""Seconds until what happens within two seconds should be seen."""
STATE = Path(".local", "state", "policy-proxy")
PERSON = {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "operator" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "operator@example.org" for who in ("AUTHOR", "COMMITTER")},
}


@pytest.mark.xdist_group("guide")
def test_the_guide_leads_where_it_says(tmp_path: Path) -> None:
    state, alike = tmp_path / STATE, Likeness()
    state.parent.mkdir(parents=True)
    with ExitStack() as opened:
        typed = opened.enter_context(shell(str(ROOT), {**PERSON, "HOME": str(tmp_path)}))
        for language, more, block in blocks(GUIDE):
            if language == "yaml":
                write(state, block)
                continue
            assert language == "console"
            for command, shown in commands(block):
                if command.startswith("make run "):
                    started = opened.enter_context(running(state, *options(command)))
                    eventually(partial(says, started, alike, shown))
                else:
                    look(typed, alike, alike.now(command), shown, more)


def options(command: str) -> list[str]:
    """What `make run` hands to `policy-proxy up`."""
    return shlex.split(shlex.split(command)[2].removeprefix("ARGS="))


def says(started: Stack, alike: Likeness, shown: str) -> bool:
    return alike.fits(shown, started.output.read_text())


def write(folder: Path, block: str) -> None:
    """A file is named in its first line."""
    path = folder / block.partition("\n")[0].removeprefix("# ")
    path.parent.mkdir(exist_ok=True)
    path.write_text(block, encoding="utf-8")


def look(typed: Shell, alike: Likeness, command: str, shown: str, more: str) -> None:
    deadline = time.monotonic() + (PATIENCE if more == "eventually" else 0.0)
    said, code = typed.run(command)
    while not alike.fits(shown, said):
        assert time.monotonic() < deadline, f"$ {command}\n{said}"
        time.sleep(0.2)
        said, code = typed.run(command)
    assert code == (more == "exit=1"), command
