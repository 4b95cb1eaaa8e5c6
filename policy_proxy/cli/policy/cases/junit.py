"""JUnit's XML, as CI servers read it.

The form is that of https://github.com/testmoapp/junitxml: what pytest and Jenkins agree on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from xml.etree import ElementTree as ET

from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.cli.policy.cases.output import explanation
from policy_proxy.cli.policy.cases.run import Result
from policy_proxy.policy.snapshot import PolicySnapshot

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold: https://www.w3.org/TR/xml/#charsets"""


def document(every: Sequence[Ran]) -> bytes:
    """A test suite for each file of cases."""
    root = ET.Element("testsuites", _counts([one for ran in every for one in ran.results]))
    for ran in every:
        for file, group in groupby(ran.results, attrgetter("case.file")):
            results = list(group)
            suite = ET.SubElement(root, "testsuite", {"name": _text(file), **_counts(results)})
            for result in results:
                _case(suite, ran.suite.snapshot, result)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _counts(results: Sequence[Result]) -> dict[str, str]:
    failures = sum(bool(result.failure) for result in results)
    return {"tests": str(len(results)), "failures": str(failures), "errors": "0"}


def _case(suite: ET.Element, snapshot: PolicySnapshot, result: Result) -> None:
    case = result.case
    said = {"name": case.name, "classname": case.file, "file": case.file, "line": str(case.line)}
    attributes = {name: _text(value) for name, value in said.items()}
    element = ET.SubElement(suite, "testcase", attributes)
    if result.failure:
        failure = ET.SubElement(element, "failure", {"message": _text(result.failure)})
        failure.text = _text(f"{case.place}\n\n{explanation(snapshot, result)}")


def _text(text: str) -> str:
    return _NOT_IN_XML.sub(lambda found: repr(found[0])[1:-1], text)
