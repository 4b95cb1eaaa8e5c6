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
    for node in ast.walk(_tree(file)):
        for name, value in _pairs(node):
            if name in known and isinstance(value, ast.Constant):
                place, words = f"{file}:{value.lineno}", tuple(str(value.value).split())
                yield Entry(place, name, words, shown=f"{name} = {value.value!r}")


def imports(file: str) -> Iterator[Entry]:
    """What the file imports, each top-level package as `import NAME`; and what it calls, by the
    last part of its name, as `call NAME`.

    :raises Unreadable: if it is no Python.
    """
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [alias.name for alias in node.names]
            for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else named:
                yield Entry(f"{file}:{node.lineno}", f"import {name.partition('.')[0]}")
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            yield Entry(f"{file}:{node.lineno}", f"call {name}")


def _tree(file: str) -> ast.Module:
    try:
        return ast.parse(Path(file).read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unreadable(f"{file}: is no Python: {error}: mend it") from None


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
