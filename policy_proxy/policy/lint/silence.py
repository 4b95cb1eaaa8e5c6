"""Comments that silence a warning: `# lint: allow PP203 because the dashboard needs no role`.

Such a comment stands on the line that the warning names, or on the line before. It names one code
and a reason. An error cannot be silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policy_proxy.policy.problem import Level, Problem

SILENCES = re.compile(r"(?:^|\s)#\s*lint:\s*allow\b\s*(?P<code>\S*)\s*(?P<reason>.*)")


def silenced(found: Iterable[Problem], files: Iterable[tuple[str, bytes]]) -> list[Problem]:
    """The findings that remain, and a warning for each comment that has no effect."""
    comments = {
        (file, number): comment
        for file, content in files
        if b"lint:" in content
        for number, comment in _comments(content)
    }
    kept, effective = [], set()
    for problem in found:
        places = [(problem.file, line) for line in (problem.line, problem.line - 1)]
        allowed = [place for place in places if _allows(comments.get(place), problem)]
        effective |= set(allowed)
        if not allowed:
            kept.append(problem)
    idle = [place for place in comments if place not in effective]
    return kept + [_idle(*place, comments[place]) for place in idle]


def _comments(content: bytes) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in enumerate(content.decode(errors="replace").split("\n"), start=1):
        comment = SILENCES.search(line)
        if comment:
            yield number, comment


def _allows(comment: re.Match[str] | None, problem: Problem) -> bool:
    return (
        comment is not None
        and problem.level is Level.WARNING
        and comment["code"] == problem.code
        and bool(comment["reason"].strip())
    )


def _idle(file: str, line: int, comment: re.Match[str]) -> Problem:
    code = comment["code"]
    if code.startswith("PP1"):
        text, remedy = f"would silence the error {code}", "mend the error: none can be silenced"
    elif not comment["reason"].strip():
        text, remedy = "silences a warning without a reason", "write it behind the code"
    else:
        text, remedy = f"would silence {code}, which is not found here", "take the comment away"
    return Problem("PP210", file, line, "", f"has a comment that {text}", remedy)
