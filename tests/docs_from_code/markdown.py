"""The little Markdown that the generated files need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def origin(place: str) -> str:
    """A comment at the top of a generated file: where to change what it says."""
    return f"<!-- Written by `make docs` from {place}: change it there. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A bar within a cell would end the cell, so it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: object) -> str:
    """Text as it is typed, or nothing for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def document(*blocks: str) -> str:
    """The blocks with an empty line between each two, and a line end."""
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
