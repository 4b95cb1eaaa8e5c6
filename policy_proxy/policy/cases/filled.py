"""Cases with parameters, and tables, written out: one case for each combination, or cell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAMED = re.compile(r"\$\{(\w+)\}")
_SIGN = re.compile(r"\$(?:\$|\{(\w+)\}|)")

Values = Mapping[str, Any]


class Unfilled(Exception):
    """A text that cannot be filled; its message says what is wrong, and what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text, remedy)
        self.text = text
        self.remedy = remedy


def with_parameters(case: Mapping[str, Any], values: Values) -> Iterator[dict[str, Any]]:
    """The cases that one with `parameters` stands for; itself, if it has none.

    :param values: what `${NAME}` stands for besides.
    :raises Unfilled: for a name that stands for nothing.
    """
    plain = {name: value for name, value in case.items() if name != "parameters"}
    if "parameters" not in case:
        yield filled(plain, values)
        return
    numbered = "name" in plain and not _NAMED.search(plain["name"])
    for chosen in _combined(filled(case["parameters"], values)):
        made = filled(plain, {**values, **chosen})
        if numbered:
            made["name"] += f" [{', '.join(map(_short, chosen.values()))}]"
        yield made


def of_table(table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each cell of a table as a case, with the name of its row.

    :raises Unfilled: if a row has more or fewer cells than there are columns.
    """
    columns = table["identities"]
    for row, cells in table["expect"].items():
        effects = [cells] * len(columns) if isinstance(cells, str) else cells
        if len(effects) != len(columns):
            text = f"{row} has {len(effects)} cells, and there are {len(columns)} identities"
            raise Unfilled(text, "write allow or deny for each of them")
        for who, expect in zip(columns, effects, strict=True):
            kind = "request" if " " in row else "operation"
            case = {kind: row, "identity": who, "expect": expect}
            if "target" in table:
                case["target"] = table["target"]
            if "name" in table:
                case["name"] = f"{table['name']}: {row} by {who}"
            yield row, case


def filled(value: Any, values: Values) -> Any:
    """The value with every `${NAME}` in its texts replaced; `$$` is a dollar sign.

    A text that is nothing but `${NAME}` becomes the value itself, a list for example.

    :raises Unfilled: for a name that stands for nothing.
    """
    if isinstance(value, str):
        whole = _NAMED.fullmatch(value)
        if whole:
            return _value(whole[1], values)
        return _text(value, values)
    if isinstance(value, dict):
        return {_text(name, values): filled(one, values) for name, one in value.items()}
    return [filled(one, values) for one in value] if isinstance(value, list) else value


def _combined(parameters: Any) -> Iterator[Values]:
    """
    :raises Unfilled: if what is combined is no list.
    """
    if isinstance(parameters, list):
        yield from parameters
        return
    for name, some in parameters.items():
        if not isinstance(some, list):
            raise Unfilled(f"the parameter {name} is no list", "write a list of its values")
    for some in itertools.product(*parameters.values()):
        yield dict(zip(parameters, some, strict=True))


def _text(text: str, values: Values) -> str:
    return _SIGN.sub(lambda found: _in_text(found, values), text) if "$" in text else text


def _in_text(found: re.Match[str], values: Values) -> str:
    if found[0] == "$$":
        return "$"
    if found[1] is None:
        raise Unfilled("a text has a single $", "write ${NAME}, or $$ for the sign itself")
    return _short(_value(found[1], values))


def _value(name: str, values: Values) -> Any:
    if name not in values:
        known = ", ".join(values) or "nothing"
        remedy = f"put it under parameters or values (there: {known}), or write $$ for a $"
        raise Unfilled(f"${{{name}}} stands for nothing", remedy)
    return values[name]


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_short, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
