"""Which operation a method and a path name: the path is matched once, as it is, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from policy_proxy.errors import ConfigurationError, Malformed, MethodNotAllowed, NotFound
from policy_proxy.model import Operation

_NO_SUCH = "The resource could not be found."
_PLAIN_METHOD = re.compile(r"[A-Z]{1,20}")

# One segment in visible ASCII or spaces; `.` and `..` are steps in a path, never names.
_PARAMETER = r"(?P<{name}>(?!\.{{1,2}}(?:/|\Z))[ -.0-~]+)"
# RFC 3986, section 2.3: these mean the same to everyone, encoded or not.
_UNRESERVED = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]+")

_RAW_PATH = re.compile(r"/(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*")
_AMBIGUOUS = re.compile(
    r"%2f|%5c|%[01][0-9a-f]|%7f"  # a separator or a control character in disguise
    r"|//|/(?:\.|%2e){1,2}(?:/|\Z)",  # what servers normalise away
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Route:
    template: str
    pattern: re.Pattern[str]
    operations: Mapping[str, Operation]


class Router:
    """Knows the operations of a service by method and path.

    Where two templates fit a path, the one with the literal segment wins.

    :raises ConfigurationError: if two operations claim one method and template, or two templates
        fit one path and neither is the more literal one.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        by_template: dict[str, dict[str, Operation]] = {}
        problems = []
        for operation in operations:
            methods = by_template.setdefault(operation.template, {})
            if operation.method in methods:
                problems.append(
                    f"{operation.method} {operation.template} is declared twice, as "
                    f"{methods[operation.method].rule} and as {operation.rule}: remove one."
                )
            methods[operation.method] = operation
        problems += [
            f"A path can fit both {one} and {other}, and neither is the more literal: change one."
            for one, other in combinations(by_template, 2)
            if _ambiguous(one, other)
        ]
        if problems:
            raise ConfigurationError(problems)
        self._routes: dict[int, list[_Route]] = {}
        for template in sorted(by_template, key=_shape):
            route = _Route(template, _compiled(template), by_template[template])
            self._routes.setdefault(template.count("/"), []).append(route)

    def match(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """The operation and its path parameters as they came.

        :param path: PATH_INFO: decoded once, by the server, and never again.
        :raises NotFound: no template fits.
        :raises MethodNotAllowed: a template fits, for other methods: `Allow` names them in the
            order in which they were declared.
        """
        for route in self._routes.get(path.count("/"), ()):
            if found := route.pattern.fullmatch(path):
                break
        else:
            raise NotFound(_NO_SUCH)
        if method not in route.operations:
            named = f" {method}" if _PLAIN_METHOD.fullmatch(method) else ""
            raise MethodNotAllowed(
                f"The method{named} is not allowed for this resource.",
                headers=(("Allow", ", ".join(route.operations)),),
            )
        return route.operations[method], found.groupdict()


def rebuilt(template: str, params: Mapping[str, str]) -> str:
    """The one spelling of the path: the template with its checked parameters in it.

    :raises NotFound: for a parameter that would need an encoding: nothing has such a name.
    """
    for value in params.values():
        if not _UNRESERVED.fullmatch(value):
            raise NotFound(_NO_SUCH)
    return template.format_map(params)


def check_raw(target: str) -> None:
    """Refuse a request target that the server may have understood differently than others would.

    :param target: as sent, from a server that shows it (`RAW_URI` or `REQUEST_URI`).
    :raises Malformed: if its path is not in origin form (RFC 9112, section 3.2.1), has a broken
        escape, or hides a separator, a control character or a dot segment.
    """
    path = target.partition("?")[0]
    if not _RAW_PATH.fullmatch(path) or _AMBIGUOUS.search(path):
        raise Malformed("The path of the request is not written plainly.")


def _segments(template: str) -> list[str]:
    return template.split("/")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _shape(template: str) -> list[bool]:
    """Sorts a more literal template before a less literal one."""
    return [_is_parameter(segment) for segment in _segments(template)]


def _compiled(template: str) -> re.Pattern[str]:
    return re.compile(
        "/".join(
            _PARAMETER.format(name=segment[1:-1]) if _is_parameter(segment) else re.escape(segment)
            for segment in _segments(template)
        )
    )


def _ambiguous(one: str, other: str) -> bool:
    pairs = list(zip(_segments(one), _segments(other), strict=False))
    if len(_segments(one)) != len(_segments(other)):
        return False
    if any(a != b and not _is_parameter(a) and not _is_parameter(b) for a, b in pairs):
        return False
    preferred = {_is_parameter(b) for a, b in pairs if _is_parameter(a) is not _is_parameter(b)}
    return len(preferred) != 1
