"""Path parameters: what each is, its one spelling, and what is said of a wrong one.

Placement compares path parameters with its database as text, matches names with patterns that let
a newline through (`$`), and pastes the name of a resource class into JSON. Here each one is brought
to a single spelling, or refused with the status and the sentence that Placement has for it. Text
that could mean something to a terminal, a log or a browser is never repeated.

Source: `placement/handlers` and `placement/schemas` of openstack-placement.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from policy_proxy.errors import Malformed, NotFound
from policy_proxy.model import Operation

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANY_UUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MAX_NAME = MAX_ID = 255
"""Characters of a name, and of the id of a project or a user."""
NAME = re.compile(r"[A-Z0-9_]{1,255}")
CUSTOM_NAME = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")
HARMLESS = re.compile(r"[A-Za-z0-9_.-]{1,64}")

BAD_TRAIT = (
    "The trait is invalid. A valid trait must be no longer than 255 characters, start with the "
    'prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"'
)
BAD_CLASS = (
    "JSON does not validate: the name of a resource class must use the characters "
    '"A"-"Z", "0"-"9" and "_"'
)
LONG_CLASS = (
    "JSON does not validate: the name of a resource class must be no longer than 255 characters "
    "(Failed validating 'maxLength')"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path.

    :param segment: the part of the template that it belongs to, as `"collection/{name}"`.
    :param attribute: its name in check strings.
    :param check: takes the method and the text, and returns the canonical text or raises.
    """

    segment: str
    attribute: str
    check: Callable[[str, str], str]

    @property
    def name(self) -> str:
        return self.segment[self.segment.index("{") + 1 : -1]


def check_params(operation: Operation, params: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters of the operation's path, each in its one spelling.

    :param params: the decoded text between the slashes, by the names in the template.
    :raises NotFound: if a parameter can name nothing that exists.
    :raises Malformed: if a write would make something of a name that is none.
    """
    return {
        parameter.name: parameter.check(operation.method, params[parameter.name])
        for parameter in parameters_of(operation)
    }


def parameters_of(operation: Operation) -> tuple[Parameter, ...]:
    """The parameters in the operation's template."""
    return _parameters_in(operation.template)


@cache
def _parameters_in(template: str) -> tuple[Parameter, ...]:
    return tuple(parameter for parameter in PARAMETERS if parameter.segment in template)


def shown(text: str) -> str:
    """The text itself where a sentence may repeat it, else a word in its place."""
    return text if HARMLESS.fullmatch(text) else "(not shown)"


def _provider(_method: str, text: str) -> str:
    if CANONICAL_UUID.fullmatch(text):
        return text
    if not ANY_UUID.fullmatch(text):
        raise NotFound(f"No resource provider with uuid {shown(text)} found")
    return str(uuid.UUID(text))


def _consumer(method: str, text: str) -> str:
    """Only PUT knows other spellings than the canonical one, as in Placement.

    Elsewhere they name a consumer that has nothing: Placement would look for the text as it
    stands, which some databases match regardless of case and others do not.
    """
    if method == "PUT":
        if not ANY_UUID.fullmatch(text):
            raise Malformed(f"Malformed consumer_uuid: {shown(text)}")
        return str(uuid.UUID(text))
    if not CANONICAL_UUID.fullmatch(text):
        raise NotFound(f"No allocations for consumer '{shown(text)}'")
    return text


def _trait(method: str, text: str) -> str:
    if method == "PUT" and not CUSTOM_NAME.fullmatch(text):
        raise Malformed(BAD_TRAIT)
    if not NAME.fullmatch(text):
        raise NotFound(f"No such trait(s): {shown(text)}.")
    return text


def _resource_class(method: str, text: str) -> str:
    """A PUT of a standard class passes: what is wrong with it depends on the microversion."""
    if not NAME.fullmatch(text):
        if method == "PUT":
            raise Malformed(LONG_CLASS if len(text) > MAX_NAME else BAD_CLASS)
        raise NotFound(f"No such resource class {shown(text)}.")
    return text


def _inventory_class(method: str, text: str) -> str:
    if not NAME.fullmatch(text):
        if method == "PUT":
            raise NotFound(f"No such resource class {shown(text)}.")
        raise NotFound(f"No inventory of class {shown(text)} found")
    return text


PARAMETERS = (
    Parameter("resource_providers/{uuid}", "resource_provider.uuid", _provider),
    Parameter("inventories/{resource_class}", "resource_class", _inventory_class),
    Parameter("resource_classes/{name}", "resource_class", _resource_class),
    Parameter("traits/{name}", "trait", _trait),
    Parameter("allocations/{consumer_uuid}", "consumer.uuid", _consumer),
)
