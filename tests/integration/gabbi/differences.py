"""Where an answer through the proxy differs, on purpose, from the one that the suite expects.

Each entry says why, and what is expected instead; all else in the test is expected as written.
docs/decisions/gabbi-differences.md has the reasons at length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.gabbi_suite import Difference

NOT_SENT = "a sentence shows only values that the client itself sent"
ALWAYS_JSON = "an error has one form, whatever else the client would take"
FORM_FIRST = "what is badly formed is refused before anybody is asked about it"
POLICY_FIRST = "policy is asked before the microversion is tried"
NOT_NEGOTIATED = "in an answer of the proxy's own no microversion was negotiated"


def _says(reason: str, *strings: str) -> Difference:
    return Difference(reason, {"response_strings": list(strings)})


def _answers(reason: str, status: int, title: str, **more: Any) -> Difference:
    paths = {"$.errors[0].status": status, "$.errors[0].title": title}
    return Difference(reason, {"status": str(status), "response_json_paths": paths, **more})


_IN_USE = _says(
    NOT_SENT, "Inventory for '(not shown)' on resource provider '$ENVIRON['RP_UUID']' in use"
)
_JSON = Difference(ALWAYS_JSON, {"response_headers": {"content-type": "application/json"}})

DIFFERENCES: Mapping[str, Mapping[str, Difference]] = {
    "allocations-post.yaml": {
        "fail incorrect consumer generation >= 1.28": _says(
            NOT_SENT, "consumer generation conflict - expected (not shown) but got 1"
        ),
    },
    "bug-1674694.yaml": {"404 with other accept": _JSON},
    "microversion-bug-1724065.yaml": {
        "no accept header and out of range microversion": _answers(
            POLICY_FIRST, 403, "Forbidden", response_strings=[]
        ),
    },
    "microversion.yaml": {
        "other accept header bad version": _JSON,
        "error in application produces microversion headers": Difference(
            NOT_NEGOTIATED,
            {
                "response_headers": {"allow": "GET"},
                "response_forbidden_headers": ["openstack-api-version"],
            },
        ),
    },
    "reshaper.yaml": {
        "bad rp gen": _says(
            NOT_SENT, "resource provider generation conflict", "actual: (not shown), given: 4"
        ),
    },
    "resource-classes.yaml": {
        "test microversion mask when wrong content type": _answers(
            FORM_FIRST, 415, "Unsupported Media Type"
        ),
    },
    "with-allocations.yaml": {
        "fail to delete all inventory": _IN_USE,
        "fail to delete all inventory 1.23": _IN_USE,
    },
}
