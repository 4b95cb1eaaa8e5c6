"""What the two sides of a check look at: attributes of the caller and of the target, by name.

In one thing this differs from oslo.policy, on purpose: an attribute that is absent matches nothing,
on neither side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

Credentials = Mapping[str, Any]
Attributes = Mapping[str, str]

ABSENT = (None, "")
"""What an attribute that is absent may look like, if it is there at all."""


@dataclass(frozen=True, slots=True)
class Text:
    """The right side of a check: text in which attributes of the target may be named.

    :param form: as written, for example `%(project_id)s`.
    :param names: the attributes that it names.
    """

    form: str
    names: tuple[str, ...] = ()

    def filled(self, target: Attributes) -> str | None:
        """The text with the attributes in their places; None if one of them is absent."""
        for name in self.names:
            if target.get(name) in ABSENT:
                return None
        return self.form % target if "%" in self.form else self.form


def found(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value at the path. A list stands for each of its entries; what is absent for none.

    :raises TypeError: if the path leads into something that has no attributes, such as a text.
    """
    if not path:
        if value not in ABSENT:
            yield value
        return
    within = value.get(path[0]) if isinstance(value, Mapping) else _no_attributes(value)
    for entry in within if isinstance(within, list) else [within]:
        if entry is not None:
            yield from found(entry, path[1:])


def _no_attributes(value: Any) -> NoReturn:
    raise TypeError(f"a check names an attribute of a {type(value).__name__}, which has none")
