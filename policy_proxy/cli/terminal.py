"""How answers look in a terminal: without idle blanks, with short paths."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text


def print_stripped(console: Console, shown: RenderableType) -> None:
    """Print it without the blanks with which rich fills lines up."""
    for segments in console.render_lines(shown, pad=False):
        line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
        line.rstrip()
        console.print(line, soft_wrap=True)


def printable(text: str) -> str:
    """What comes from outside, without what would mean something to a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def from_here(path: str) -> str:
    """Relative to the current directory, if it lies there."""
    with suppress(OSError):  # that directory may be gone
        here = Path.cwd()
        if Path(path).is_relative_to(here):
            return str(Path(path).relative_to(here))
    return path
