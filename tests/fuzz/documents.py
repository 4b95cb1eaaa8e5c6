"""Documents by a grammar: JSON, policies, errors, lines of a log, tokens as Keystone gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from policy_proxy.model import Identity, UpstreamError
from policy_proxy.placement.service import SERVICE

NOBODY = Identity(user_id="u", project_id="p", roles=("reader",))
_WORDS = st.sampled_from(
    [
        "",
        "a",
        "name",
        "alpha",
        "None",
        "null",
        "é",
        "\u2028",
        "\x00",
        "\ud800",
        "a,b",
        "%(x)s",
        "1.39",
    ]
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), _WORDS, st.text(max_size=8)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=12,
)


def _mangled(texts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """The same with a few bytes taken out, put in or doubled."""
    cut = st.builds(
        lambda text, at, many, new: text[:at] + new + text[at + many :],
        texts,
        st.integers(0, 200),
        st.integers(0, 4),
        st.sampled_from(
            [b"", b'"', b"{", b"}", b"[", b",", b":", b"\\", b"\x00", b"\xff", b"1e999"]
        ),
    )
    doubled = st.builds(
        lambda text, at, many: text[: at + many] + text[at:],
        texts,
        st.integers(0, 99),
        st.integers(0, 30),
    )
    return texts | cut | doubled | st.binary(max_size=40)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


JSON = _mangled(_VALUES.map(_encoded))

_CHECKS = st.sampled_from(
    [
        "@",
        "!",
        "",
        "role:admin",
        "role:admin or role:reader",
        "not rule:helper",
        "rule:helper",
        "rule:x",
        "project_id:%(project_id)s",
        "user_id:%(user_id)s",
        "(role:a and not role:b) or is_admin:True",
        "'a':%(name)s",
        "None:%(x)s",
        "role:%(x)d",
        "http://a/%(x)s",
        "roles:a",
        "system_scope:all",
        "role:admin and",
        "((role:a)",
        "no",
        "~",
        "[]",
        '[["role:a"]]',
        "*a",
        "&a role:b",
        "!!null x",
    ]
)
_QUOTES = st.sampled_from(['"{}"', "'{}'", "{}", "|\n  {}", "> {}"])
_LINES_OF_POLICY = st.builds(
    lambda name, quote, check: f"{name}: {quote.format(check)}",
    st.sampled_from(
        ['"helper"', "helper", "<<", "? a", *(f'"{o.rule}"' for o in SERVICE.operations[:6])]
    ),
    _QUOTES,
    _CHECKS,
)


def policies(_: Mapping[str, str]) -> st.SearchStrategy[bytes]:
    texts = st.lists(
        _LINES_OF_POLICY | st.sampled_from(["# x", "---", "...", "%YAML 1.2"]), max_size=6
    )
    return _mangled(texts.map("\n".join).map(str.encode))


def errors(secret: str) -> st.SearchStrategy[UpstreamError]:
    """What the service may answer, with something in it that must stay inside."""
    told = st.sampled_from(
        [
            secret,
            f"No resource provider with uuid {secret} found",
            f"(sqlite3.Error) {secret} [SQL: x]",
            f"Inventory for '{secret}' on resource provider '{secret}' in use.",
            f"\n\n{secret}\n\n   ",
            f"JSON does not validate: '{secret}' is a required property",
            f"<b>{secret}</b>",
        ]
    )
    fields = st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from([400, 404, 409, "404", None]),
            "title": told | _WORDS,
            "detail": told | _VALUES,
            "code": st.sampled_from(["placement.concurrent_update", f"x.{secret}", None, 3]),
            "request_id": told,
            "max_version": st.sampled_from(["1.39", secret, 1.39]),
            "min_version": st.sampled_from(["1.0", secret, None]),
        },
    )
    bodies = st.one_of(
        st.builds(lambda one: _encoded({"errors": [one]}), fields),
        st.builds(lambda value: _encoded({"errors": value}), _VALUES),
        told.map(str.encode),
    )
    return st.builds(
        UpstreamError,
        st.sampled_from(
            [400, 401, 403, 404, 405, 406, 409, 415, 418, 429, 500, 501, 502, 503, 599]
        ),
        st.sampled_from(["application/json", "text/html; charset=UTF-8", "", "text/plain", "x"]),
        _mangled(bodies),
    )


RECORD = {
    "version": 2,
    "time": "2026-11-25T10:17:05.120+00:00",
    "request_id": "req-a",
    "outcome": "denied",
    "status": 403,
    "duration_ms": 1.0,
    "operation": "placement:traits:list",
    "method": "GET",
    "path": "/traits",
    "microversion": "1.39",
    "client": "127.0.0.1",
    "revision": "r",
    "reason": "",
    "target": {},
    "user_id": "u",
    "user_domain_id": "d",
    "project_id": "p",
    "project_domain_id": "d",
    "domain_id": "",
    "system_scope": "",
    "roles": ["reader"],
    "is_admin_project": False,
    "service_user_id": "",
    "service_user_domain_id": "",
    "service_project_id": "",
    "service_project_domain_id": "",
    "service_roles": [],
    "credentials": "",
}
_RECORDS = st.builds(
    lambda changed, gone: {k: v for k, v in {**RECORD, **changed}.items() if k not in gone},
    st.dictionaries(st.sampled_from(sorted(RECORD)), _VALUES, max_size=2),
    st.sets(st.sampled_from(sorted(RECORD)), max_size=1),
)
LINES = st.builds(
    lambda before, line: before + line,
    st.sampled_from([b"", b"", b"2026-11-25 INFO policy_proxy.audit ", b"\xff", b'{"version":']),
    _mangled(_RECORDS.map(_encoded)),
)

_ROLES = st.lists(
    st.fixed_dictionaries({"id": _WORDS, "name": st.just("reader") | _LEAVES}), max_size=2
)
_TOKEN = {
    "methods": ["password"],
    "audit_ids": ["a"],
    "issued_at": "2026-11-25T10:00:00.000000Z",
    "expires_at": "2126-11-25T10:00:00.000000Z",
    "catalog": [],
    "is_domain": False,
    "user": {
        "id": "u",
        "name": "n",
        "domain": {"id": "default", "name": "Default"},
        "password_expires_at": None,
    },
    "project": {"id": "alpha", "name": "alpha", "domain": {"id": "default", "name": "Default"}},
    "roles": [{"id": "reader", "name": "reader"}],
}
_CHANGES = st.one_of(
    st.fixed_dictionaries({"roles": _ROLES | _VALUES}),
    st.dictionaries(
        st.sampled_from(
            [
                *sorted(_TOKEN),
                "system",
                "domain",
                "OS-TRUST:trust",
                "access_rules",
                "application_credential",
                "oauth2_credential",
                "bind",
            ]
        ),
        _VALUES,
        max_size=2,
    ),
)
TOKENS = st.builds(
    lambda changed, gone: _encoded(
        {"token": {k: v for k, v in {**_TOKEN, **changed}.items() if k not in gone}}
    ),
    _CHANGES,
    st.sets(st.sampled_from(sorted(_TOKEN)), max_size=2),
) | _mangled(st.just(_encoded({"token": _TOKEN})))
"""What Keystone may answer to the question whose token it is."""
