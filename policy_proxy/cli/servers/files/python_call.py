"""Settings that stand in a Python file, which is read and not run: `name=value` in a call,
`"name": value` in a dictionary, and the default of an argument `--name`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from policy_proxy.cli.servers.entry import Entry, Unreadable


def entries(file: str, known: Collection[str]) -> Iterator[Entry]:
    """Those of the settings in `known` whose values are written out.

    :raises Unreadable: if it is no Python.
    """
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"{file}: is no Python: {error}: mend it") from None
    for node in ast.walk(tree):
        for name, value in _pairs(node):
            if name in known and isinstance(value, ast.Constant):
                place, words = f"{file}:{value.lineno}", tuple(str(value.value).split())
                yield Entry(place, name, words, shown=f"{name} = {value.value!r}")


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.Call):
        given = {one.arg: one.value for one in node.keywords if one.arg}
        yield from given.items()
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and "default" in given:
            yield first.value.lstrip("-").replace("-", "_"), given["default"]
