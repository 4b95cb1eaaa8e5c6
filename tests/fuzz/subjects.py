"""What is fuzzed: for each subject what is made up for it, and what must hold of it.

A check raises for a finding. A subject may need something that runs: it is opened first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz import documents
from fuzz.grammar import GOOD, REQUESTS
from fuzz.requested import requests_checked
from fuzz.tokens import tokens_checked
from policy_proxy.admission import strict_json
from policy_proxy.audit.reading import Unread, record_of
from policy_proxy.config.policy import PolicySettings
from policy_proxy.errors import Refusal
from policy_proxy.model import PublicError, UpstreamError
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.source import read

Check = Callable[[Any], None]
SECRET = "s3cr3t-inside"
"""What an error of the backend holds, and no client may see."""
DEPTH = 32
_SETTINGS = PolicySettings(
    file="/fuzz/policy.yaml",
    dirs=(),
    default_rule="default",
    enforce_new_defaults=True,
    watch_interval=1.0,
    require_file=True,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """
    :param values: what it is given.
    :param opened: gives the check, for as long as the `with` block lasts.
    :param pure: whether nothing but our code in this process is asked.
    """

    name: str
    values: st.SearchStrategy[Any]
    opened: Callable[[], AbstractContextManager[Check]]
    pure: bool = True


def always(check: Check) -> Callable[[], AbstractContextManager[Check]]:
    @contextmanager
    def opened() -> Iterator[Check]:
        yield check

    return opened


def json_read(body: bytes) -> None:
    """What is taken means what Python's own reader makes of it, without a doubled name."""
    try:
        document = strict_json.loads(body, DEPTH)
    except Refusal:
        return

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        assert len(found) == len(pairs), "a name came twice"
        return found

    assert document == json.loads(body, object_pairs_hook=once)


def policy_read(content: bytes) -> None:
    """A policy, or a list of problems; nobody who asks breaks it."""
    sources = read(_SETTINGS, {_SETTINGS.file: content})
    try:
        snapshot = build(sources, _SETTINGS, SERVICE.defaults, SERVICE.attributes)
    except PolicyError:
        return
    for operation in SERVICE.operations:
        if operation.rule in snapshot.rules:
            verdict = snapshot.authorize(operation.rule, {}, documents.NOBODY)
            assert isinstance(verdict, bool)


def error_rebuilt(error: UpstreamError) -> None:
    """An error for the client, of the same status, in which nothing of the inside is left."""
    public = SERVICE.public_error(error, None)
    assert isinstance(public, PublicError)
    assert SECRET not in f"{public.title}{public.detail}{public.code}{public.min_version}"
    assert f"{public.title}{public.detail}".replace("\n", "").isprintable()


def record_read(line: bytes) -> None:
    """A record, or why there is none."""
    found = record_of(line)
    assert found is None or isinstance(found, Unread | Mapping)


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("requests", REQUESTS, requests_checked, pure=False),
        Subject("policy", documents.policies(GOOD), always(policy_read)),
        Subject("json", documents.JSON, always(json_read)),
        Subject("errors", documents.errors(SECRET), always(error_rebuilt)),
        Subject("audit", documents.LINES, always(record_read)),
        Subject("tokens", documents.TOKENS, tokens_checked, pure=False),
    )
}
