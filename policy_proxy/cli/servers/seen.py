"""What there is to look at: the settings of a server, and those of the proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.config import Settings

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """
    :param file: the server's configuration file; empty if none was named. Only with one does it
        mean anything that a setting is absent.
    :param version: of the server that is installed here; None if that is not known.
    """

    entries: tuple[Entry, ...]
    ours: Settings
    file: str
    version: Version | None = None

    def all(self, *names: str) -> Iterator[Entry]:
        """The settings with one of these names, in the order of the file."""
        return (entry for entry in self.entries if entry.name in names)

    def last(self, *names: str) -> Entry | None:
        """The one that counts where the last one wins."""
        return next(reversed(list(self.all(*names))), None)

    def within(self, block: tuple[str, ...]) -> Iterator[Entry]:
        """What stands in this block, at any depth."""
        return (entry for entry in self.entries if entry.inside[: len(block)] == block)

    def inherited(self, block: tuple[str, ...], name: str) -> Entry | None:
        """What is in force in this block: set in it, or else in the nearest one around it."""
        around = [e for e in self.all(name) if e.inside == block[: len(e.inside)]]
        return max(around, key=lambda entry: len(entry.inside), default=None)

    def absent(self, name: str, *, inside: Entry | None = None) -> Entry:
        """What to blame where a setting is missing: the file, or the block that lacks it."""
        place = inside.place if inside else self.file
        where = f" in {inside.text}" if inside else ""
        return Entry(place, name, shown=f"{name} is not set{where}")
