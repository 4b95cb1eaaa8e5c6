"""Every code of `policy lint`: what it means, what to do, an example, and what is said of it."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from policy_proxy.config.policy import PolicySettings
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.lint.code import Code
from policy_proxy.policy.lint.codes import CODES
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.source import read

from .markdown import document, origin, table

WIDTH = 100

INTRODUCTION = """
# Lint codes

Everything that `policy-proxy policy lint` finds in policy files, by its code: what happens with
such a file and why that is hardly meant, what to do, and the smallest example. [lint.md](lint.md)
says how to run it.

A code keeps its meaning: one that is no longer used is not given to something else. The examples
are policies for Placement; what is said of them is the output.
"""

ERRORS = """
## Errors

A set of files with one of these is never put in force: the service keeps the policy that it has.
"""

WARNINGS = """
## Warnings

These are put in force, and are worth a look. `--strict` has `policy lint` fail for them as well,
and a comment can silence one.
"""


def reference() -> str:
    """docs/lint-codes.md."""
    errors = {code: one for code, one in CODES.items() if code.startswith("PP1")}
    warnings = {code: one for code, one in CODES.items() if code not in errors}
    return document(
        origin("policy_proxy/policy/lint"),
        INTRODUCTION,
        ERRORS,
        _overview(errors),
        *(_section(*each) for each in errors.items()),
        WARNINGS,
        _overview(warnings),
        *(_section(*each) for each in warnings.items()),
    )


def _overview(codes: Mapping[str, Code]) -> str:
    rows = [(f"[{code}](#{code.lower()})", one.title) for code, one in codes.items()]
    return table(("Code", "Finding"), rows)


def _section(code: str, one: Code) -> str:
    title = one.title[0].upper() + one.title[1:]
    return document(
        f"### {code}",
        _filled(f"**{title}.** {one.explanation}"),
        _filled(f"*What to do:* {one.remedy}"),
        *_files(one.before, " was in force:"),
        *(_files(one.example, ":") if one.example else ["Where there is no `policy.yaml`:"]),
        _fenced("text", "\n".join(_said(one))),
    )


def _files(files: Mapping[str, str], words: str) -> Iterator[str]:
    for name, content in files.items():
        yield f"`{name}`{words}" if content else f"`{name}`, which is empty{words}"
        if content:
            yield _fenced("yaml", content)


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _fenced(language: str, content: str) -> str:
    return f"```{language}\n{content.rstrip()}\n```"


def _said(one: Code) -> Iterator[str]:
    """The findings of the example, a line each, with paths from where its files are."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {"policy.yaml": "{}\n", **one.example} if one.example else {}
        for name, content in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
        for problem in _found(root, one.before):
            yield str(problem).replace(f"{root}/", "")


def _found(root: Path, before: Mapping[str, str]) -> tuple[Problem, ...]:
    settings = PolicySettings(
        file=str(root / "policy.yaml"),
        dirs=(str(root / "policy.d"),),
        default_rule="default",
        enforce_new_defaults=True,
        watch_interval=1,
        require_file=True,
    )
    service = Service(SERVICE.defaults, SERVICE.attributes, optional=optional())
    in_force = [str(root / name) for name in before]
    return lint(read(settings), settings, service, in_force).problems
