"""Comments that silence a warning: `# lint: allow PP203 because the dashboard needs no role`.

Such a comment names one code and a reason. It stands behind the rule that the warning is about, or
above it with nothing but comments between; for a warning about a whole file, on its first line. An
error cannot be silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from policy_proxy.policy.problem import Problem

SILENCES = re.compile(r"(?:^|\s)#\s*lint:\s*allow\b\s*(?P<code>\S*)\s*(?P<reason>.*)")

_CODE = re.compile(r"PP\d{3}")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML 1.1, so that the numbers are those of the findings:
https://yaml.org/spec/1.1/#id871136
"""

Place = tuple[str, int]
Lines = Mapping[str, list[str]]


def silenced(
    found: Iterable[Problem], files: Iterable[tuple[str, bytes]], *, complete: bool
) -> list[Problem]:
    """The findings that remain, and a warning for each comment that has no effect.

    :param complete: whether everything was looked at. If not, a comment may be about what was not.
    """
    lines = {file: _lines(content) for file, content in files if b"lint:" in content}
    comments = {
        (file, number): comment
        for file, texts in lines.items()
        for number, text in enumerate(texts, start=1)
        if (comment := SILENCES.search(text))
    }
    kept, effective = [], set()
    for problem in found:
        allowed = [
            place
            for place in _places(problem, lines)
            if place in comments and _allows(comments[place], problem.code)
        ]
        effective |= set(allowed)
        if not allowed:
            kept.append(problem)
    for place, comment in comments.items():
        if place not in effective and (complete or not _could_allow(comment)):
            kept.append(_idle(*place, comment))
    return kept


def _lines(content: bytes) -> list[str]:
    return _BREAK.split(content.decode(errors="replace").removeprefix("\ufeff"))


def _places(problem: Problem, lines: Lines) -> Iterator[Place]:
    """Where a comment about a finding may stand: on its line, and on lines of comments above it."""
    texts, number = lines.get(problem.file, []), max(problem.line, 1)
    yield problem.file, number
    while number > 1 and texts[number - 2 : number - 1] and _is_comment(texts[number - 2]):
        number -= 1
        yield problem.file, number


def _is_comment(text: str) -> bool:
    return text.lstrip().startswith("#")


def _allows(comment: re.Match[str], code: str) -> bool:
    return comment["code"] == code and _could_allow(comment)


def _could_allow(comment: re.Match[str]) -> bool:
    return comment["code"].startswith("PP2") and bool(comment["reason"].strip())


def _idle(file: str, line: int, comment: re.Match[str]) -> Problem:
    code = comment["code"]
    if not code:
        text, remedy = "silences nothing, as it names no code", "write it behind the word allow"
    elif not _CODE.fullmatch(code):
        text, remedy = f"silences nothing, as {code} is no code", "name one code a comment"
    elif code.startswith("PP1"):
        text, remedy = f"would silence the error {code}", "mend the error: none can be silenced"
    elif not comment["reason"].strip():
        text, remedy = "silences a warning without a reason", "write it behind the code"
    else:
        text, remedy = f"would silence {code}, which is not found here", "take the comment away"
    return Problem("PP210", file, line, "", f"has a comment that {text}", remedy)
