"""One setting of a server's configuration, wherever it stands."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN_CHARACTERS = 80
"""Of a setting in a finding: enough to find it again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    :param place: file and line, or the environment variable that holds it.
    :param name: in the one spelling that the server's reader gives it.
    :param words: what it is set to.
    :param inside: the blocks around it, outermost first, each by a name that no other block has.
    :param opens: the name of the block that it begins; empty if it begins none.
    :param shown: the setting as it is written.
    """

    place: str
    name: str
    words: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    opens: str = ""
    shown: str = ""

    @property
    def value(self) -> str:
        return " ".join(self.words)

    @property
    def block(self) -> tuple[str, ...]:
        """The place of what stands in the block that it begins."""
        return (*self.inside, self.opens)

    @property
    def text(self) -> str:
        """As it is written, in a single line of printable characters."""
        flat = " ".join((self.shown or f"{self.name} {self.value}").split())
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in flat)
        return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


class Unreadable(Exception):
    """A server's configuration cannot be looked at; the text says why, and what to do."""
