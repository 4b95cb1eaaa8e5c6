"""The form of a file of cases, by its JSON schema; editors complete and check by the same one.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from policy_proxy.policy.cases.case import Fault
from policy_proxy.policy.cases.located import Located, Path
from policy_proxy.policy.nearest import nearest

_SHOWN = 60
_OF_A_LIST = 2
_TO_BE_FILLED, _NEVER = '"^\\\\$\\\\{\\\\w+\\\\}$"', '"(?!)"'
"""The pattern of `${NAME}` in the place of something else: there are none any more in a case that
was made from parameters.
"""


def text() -> str:
    """The schema as it is published."""
    return resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")


def faults(file: str, document: Located) -> list[Fault]:
    """What in a document is not as the schema says, by line."""
    found = [
        Fault(file, document.line(path), *said)
        for path, *said in _problems(_validator(""), document.value, ())
    ]
    return sorted(dict.fromkeys(found), key=lambda fault: fault.line)


def faults_of(kind: str, file: str, document: Located, path: Path, made: Any) -> list[Fault]:
    """The same of what was made from what is at the path, by filling in values.

    :param kind: `case`, `identity` or `target`.
    """
    found = (
        Fault(file, document.line(where), *said)
        for where, *said in _problems(_validator(kind), made, path)
    )
    return list(dict.fromkeys(found))


@cache
def _validator(kind: str) -> Draft202012Validator:
    if not kind:
        return Draft202012Validator(json.loads(text()))
    filled = json.loads(text().replace(_TO_BE_FILLED, _NEVER))
    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": filled["$defs"]})


def _problems(
    validator: Draft202012Validator, value: Any, within: Path
) -> Iterator[tuple[list[str | int], str, str]]:
    """Where, what is wrong, and what to do."""
    for error in validator.iter_errors(value):
        path = [*within, *error.absolute_path]
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            for name in error.instance.keys() - known.keys():
                yield [*path, name], *_unknown(path, name, known)
        else:
            yield path, *_said(path, error)


def _unknown(path: Path, name: str, known: Mapping[str, Any]) -> tuple[str, str]:
    near = nearest(name, known)
    remedy = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
    return f"{_at(path)} has no {name!r}", remedy


def _said(path: Path, error: Any) -> tuple[str, str]:
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        meant = [_meant(error.schema["properties"][name]) for name in missing]
        return f"{_at(path)} has no {' and no '.join(missing)}", f"add {', and '.join(meant)}"
    if error.validator == "oneOf":
        return f"{_at(path)} has not one of operation and request", "write one of them"
    if error.validator == "anyOf" and isinstance(error.instance, dict):
        return f"{_at(path)} has no cases", "write cases, or tables"
    unquoted = _wants_text(error) and not isinstance(error.instance, str | dict | list)
    remedy = f"write {_meant(error.schema)}{', in quotes' if unquoted else ''}"
    return f"{_at(path)} is {_shown(error.instance)}", remedy


def _meant(schema: Mapping[str, Any]) -> str:
    """What belongs there, as the schema describes it."""
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    described: Mapping[str, Any] = json.loads(text())["$defs"][name] if name else schema
    return str(described.get("description", "something else"))


def _wants_text(error: Any) -> bool:
    return error.validator == "type" and "string" in error.validator_value


def _shown(value: Any) -> str:
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _at(path: Path) -> str:
    """Such as `identity.project`, or `the case`: which one it is, the line says."""
    names = list(path)
    places = [n for n, step in enumerate(names) if isinstance(step, int)]
    below = names[places[-1] + 1 :] if places else names
    if below:
        return ".".join(map(str, below))
    if not places:
        return "the file"
    holder = str(names[places[-1] - 1])
    return f"the {holder.removesuffix('s')}" if len(names) == _OF_A_LIST else f"a value of {holder}"
