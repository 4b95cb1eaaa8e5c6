"""`python -m soak.page`: the last run as a section of docs/soak.md, with its figures beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from soak.growth import ALLOWED

LAST = Path("build/soak/result.json")
PAGE = Path("docs/soak.md")
RECORDED = Path("docs/soak/result.json")
HEADING = "## The run\n"
COUNTED = ("requests", "writes done", "writes at Placement", "denied", "audit records")
WANTED = (
    "wrong decisions",
    "lost or doubled writes",
    "unrecorded requests",
    "client errors",
    "broken seals",
    "secrets in outputs",
)
"""These must be 0."""


def main() -> None:
    RECORDED.parent.mkdir(exist_ok=True)
    shutil.copyfile(LAST, RECORDED)
    PAGE.write_text(with_run(PAGE.read_text(), json.loads(RECORDED.read_text())))


def with_run(page: str, result: dict[str, Any]) -> str:
    """The page with this run as its last section."""
    return page.partition(HEADING)[0] + HEADING + section(result)


def section(result: dict[str, Any]) -> str:
    minutes = result["seconds"] / 60
    return "\n".join(
        [
            "",
            f"{minutes:g} minutes of load on {result['machine']}, which did other work meanwhile;",
            f"{result['policies put in force']} policies put in force.",
            "",
            *_table("Figure|Wanted|Found", _figures(result), numbers=2),
            "",
            *_table("What was done|Times|What clients saw of it", _troubles(result), numbers=1),
            "",
            *_table("A worker, and the main process|First third|Last third", _sizes(result)),
            "",
        ]
    )


def _figures(result: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for name in COUNTED:
        yield name[0].upper() + name[1:], "", f"{result[name]:,}"
    for name in filter(result.__contains__, WANTED):
        yield name[0].upper() + name[1:], "0", f"{result[name]:,}"


def _troubles(result: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    seen = result["explained client errors"]
    for name, times in result["troubles"].items():
        said = ", ".join(f"{status}: {count}" for status, count in seen.get(name, {}).items())
        yield name, f"{times}", said or "nothing"


def _sizes(result: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, (first, last) in result["sizes"].items():
        assert name.split()[1] in ALLOWED
        yield name, f"{first:.1f}", f"{last:.1f}"


def _table(heads: str, rows: Iterable[tuple[str, ...]], numbers: int = 2) -> list[str]:
    """
    :param numbers: how many columns after the first one are aligned right.
    """
    titles = heads.split("|")
    lines = ["---" if not 0 < at <= numbers else "---:" for at in range(len(titles))]
    return ["| " + " | ".join(row) + " |" for row in (titles, lines, *rows)]


if __name__ == "__main__":
    main()
