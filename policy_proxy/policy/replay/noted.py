"""What could not be done with some lines of a log: how often, why, and where first."""

from __future__ import annotations

from dataclasses import dataclass, field

PLACES = 3
"""Of each reason, the first ones."""
MOST = 100
"""Reasons that are told apart."""
OTHERS = "for other reasons"


@dataclass(slots=True)
class Note:
    """
    :param places: `file:line`.
    """

    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Noted:
    """By the reason, the first one first."""

    notes: dict[str, Note] = field(default_factory=dict)

    def add(self, why: str, file: str, number: int) -> None:
        if why not in self.notes and len(self.notes) >= MOST:
            why = OTHERS
        note = self.notes.setdefault(why, Note())
        note.count += 1
        if note.count <= PLACES:
            note.places.append(f"{file}:{number}")

    @property
    def count(self) -> int:
        return sum(note.count for note in self.notes.values())
