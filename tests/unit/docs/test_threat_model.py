"""The threat model leaves out no layer of the chain."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

from docs_from_code import ROOT
from policy_proxy import chain

TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


ROW = re.compile(r"^\| ([STRIDE](?:, [STRIDE])*: [^|]+) \|(.+)\|$", re.MULTILINE)


def layers():
    """The files of what the chain is made of: classes whose instances are applications."""
    tree = ast.parse(Path(chain.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("policy_proxy."):
            module = importlib.import_module(node.module)
            found = [getattr(module, alias.name, None) for alias in node.names]
            if any(map(is_application, filter(inspect.isclass, found))):
                yield f"`{node.module.replace('.', '/')}.py`"


def is_application(kind):
    call = vars(kind).get("__call__")
    return call is not None and "start_response" in inspect.signature(call).parameters


def test_every_layer_of_the_chain_is_there():
    found = set(layers())

    assert len(found) >= 13
    assert {file for file in found if file not in TEXT} == set()


def test_each_row_says_what_answers_a_threat_what_shows_it_and_what_remains():
    rows = ROW.findall(TEXT)

    assert len(rows) >= 45
    for threat, more in rows:
        answer, shown, remains = (cell.strip() for cell in more.split("|"))
        assert answer, threat
        assert shown or remains, threat
