"""What the person who waits sees: which part, which scene, which candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Shown:
    """A line for the part, and one for its scene with a bar of its rounds."""

    def __init__(self, progress: Progress, parts: int) -> None:
        self._progress = progress
        self._whole = progress.add_task("", total=parts)
        self._scene = progress.add_task("", total=1, visible=False)

    def part(self, words: str) -> None:
        self._progress.update(self._whole, description=words)
        self._progress.update(self._scene, visible=False)

    def part_done(self) -> None:
        self._progress.advance(self._whole)

    def scene(self, words: str, rounds: int) -> Callable[[str], None]:
        """A new bar; call what is returned with the candidate before each of the rounds."""
        self._progress.reset(self._scene, total=rounds, visible=True)
        begun = 0

        def tick(candidate: str) -> None:
            nonlocal begun
            self._progress.update(
                self._scene, completed=begun, description=f"  {words}: {candidate}"
            )
            begun += 1

        return tick


@contextmanager
def showing(console: Console, parts: int) -> Iterator[Shown]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        yield Shown(progress, parts)
