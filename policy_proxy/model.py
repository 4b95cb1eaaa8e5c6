"""The values that a request gains on its way: all frozen, all typed, none knowing how it was made.

A request becomes a `Request`, gains an `Identity`, gets a `Decision`, and only then meets the
backend. Each layer of the chain leaves its value in the WSGI environ under one of the keys below
and takes what earlier layers left there as it is. (The body joins its `Request` a few layers later,
when it is known who sends it.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

# Keys in the WSGI environ, in the order in which they appear.
REQUEST_ID = "policy_proxy.request_id"
CLIENT = "policy_proxy.client"
ORIGINAL = "policy_proxy.original"
REQUEST = "policy_proxy.request"
IDENTITY = "policy_proxy.identity"
SNAPSHOT = "policy_proxy.snapshot"
CANDIDATE = "policy_proxy.candidate"
DECISION = "policy_proxy.decision"
CREDENTIALS_SENT = "policy_proxy.credentials_sent"
TOKENS_SENT = "policy_proxy.tokens_sent"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = tuple[tuple[str, str], ...]
Pairs = tuple[tuple[str, str], ...]
Target = Mapping[str, str]


class Effect(Enum):
    """What a decision says. The zero value denies."""

    DENY = 0
    ALLOW = 1


class BodyRule(Enum):
    """Whether an operation takes a JSON body."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the service, named by its oslo.policy rule.

    `template` is the path with its parameters in braces. `public` operations need no token (and
    have no rule). `body_attributes` are those of its target that come from the body: it is read
    before policy is asked only if the rule in force looks at one of them. `negotiates` tells
    whether the service looks at `Accept` for this operation.
    """

    rule: str
    method: str
    template: str
    body: BodyRule = BodyRule.NONE
    public: bool = False
    negotiates: bool = True
    body_attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """What the client asked, understood once: there is one spelling of everything in it.

    `path` is rebuilt from the operation's template and the checked parameters; `query` is the
    list of decoded pairs in the client's order; `microversion` is `"1.39"`, `"latest"`, or
    `""` when none was asked for. `body` holds the bytes as received and `document` the same bytes
    parsed strictly; both are None until the caller is known, and without a body.
    """

    operation: Operation
    method: str
    path: str
    params: Mapping[str, str]
    query: Pairs
    microversion: str
    body: bytes | None = None
    document: Any = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as the validated token says. Anything absent is the empty value."""

    user_id: str = ""
    user_name: str = ""
    user_domain_id: str = ""
    project_id: str = ""
    project_name: str = ""
    project_domain_id: str = ""
    domain_id: str = ""
    system_scope: str = ""
    roles: tuple[str, ...] = ()
    is_admin_project: bool = False
    service_user_id: str = ""
    service_user_domain_id: str = ""
    service_project_id: str = ""
    service_project_domain_id: str = ""
    service_roles: tuple[str, ...] = ()
    expires_at: str = ""
    token: str = field(default="", repr=False)
    service_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy said of one request. It travels into the audit record.

    There is no truth value: compare `effect`, so that no accident of spelling reads as consent.
    """

    operation: str
    effect: Effect = Effect.DENY
    reason: str = ""
    revision: str = ""
    target: Target = field(default_factory=dict)

    def __bool__(self) -> bool:
        raise TypeError("a Decision has no truth value: compare its effect")


@dataclass(frozen=True, slots=True)
class PublicError:
    """An error as a client may see it."""

    status: int
    title: str
    detail: str
    code: str
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """An error as the service gave it: the status, its content type and the raw body."""

    status: int
    content_type: str
    body: bytes


class Snapshot(Protocol):
    """A policy in force: immutable, taken once by each request and kept by it to its end."""

    @property
    def revision(self) -> str: ...

    def authorize(self, rule: str, target: Target, identity: Identity) -> bool: ...

    def looks_at(self, rule: str, attributes: frozenset[str]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Service:
    """An inventory API, as values: all that the layers may know of the service they guard.

    `type` is its service type (as in the microversion header). `defaults` makes fresh oslo.policy
    rule defaults (oslo.policy changes the ones it is given). `check_params` returns the canonical
    path parameters or raises; `check_query` and `check_body` raise a `Refusal` for what the
    service is known to misread. `target` gives the attributes that check strings may name.
    `public_error` rebuilds an error of the service from what may be said. `attributes` says for the
    rule of each operation which attributes `target` can give; empty if that is not known.
    """

    type: str
    default_code: str
    operations: tuple[Operation, ...]
    defaults: Callable[[], list[Any]]
    check_params: Callable[[Operation, Mapping[str, str]], Mapping[str, str]]
    check_query: Callable[[Operation, Pairs], None]
    check_body: Callable[[Operation, Any], None]
    target: Callable[[Request, Identity], Target]
    public_error: Callable[[UpstreamError, Request | None], PublicError]
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
