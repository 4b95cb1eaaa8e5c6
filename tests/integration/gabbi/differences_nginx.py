"""Where an answer through nginx and the authorizer differs, on purpose, from the suite's.

Fewer than through the proxy where Placement's own words go out, and a few of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.gabbi_suite import Difference
from integration.gabbi import differences

NO_CORS = "nginx answers browsers, not the authorizer"
NO_LENGTH = "the authorizer is not told how long the body is"
ONE_SPELLING = "what is asked about must be written in its one spelling"
RFC_3986 = "a query must have the characters of a URI"
NOT_DONE = "the request before was refused"

_405 = Difference(NO_CORS, {"status": "405", "response_headers": {"allow": "GET"}})
_BAD_QUERY = Difference(
    RFC_3986, {"response_strings": ["a character is not percent-encoded as it should be"]}
)
_ONE_LESS = {
    f"$.allocations.['{provider}'].generation": 3
    for provider in ("fcfa516a-abbe-45d1-8152-d5225d82e596", "9229b2fc-d556-4e38-9c18-443e4bc6ceae")
}


def _as_through_the_proxy(file: str, *names: str) -> dict[str, Difference]:
    return {name: differences.DIFFERENCES[file][name] for name in names}


DIFFERENCES: Mapping[str, Mapping[str, Difference]] = {
    "allocation-candidates-member-of.yaml": {"negative agg error on invalid agg": _BAD_QUERY},
    "allocations.yaml": {
        "put allocations on existing consumer with dashless UUID": Difference(
            ONE_SPELLING, {"status": "400"}
        ),
        "get allocations on existing consumer with dashed UUID": Difference(
            NOT_DONE, {"response_json_paths": _ONE_LESS}
        ),
    },
    "basic-http.yaml": {
        "post resource provider missing content-type": Difference(
            NO_LENGTH, {"status": "415", "response_strings": ["The media type None"]}
        ),
    },
    "bug-1674694.yaml": _as_through_the_proxy("bug-1674694.yaml", "404 with other accept"),
    "cors.yaml": {
        "valid options request": _405,
        "invalid options request": _405,
        "valid get request": Difference(
            NO_CORS,
            {
                "response_headers": {},
                "response_forbidden_headers": ["access-control-allow-origin"],
            },
        ),
    },
    "microversion-bug-1724065.yaml": differences.DIFFERENCES["microversion-bug-1724065.yaml"],
    "microversion.yaml": differences.DIFFERENCES["microversion.yaml"],
    "resource-classes.yaml": differences.DIFFERENCES["resource-classes.yaml"],
    "resource-provider-aggregates.yaml": {"negative agg error on invalid agg": _BAD_QUERY},
}
"""Each says why, and what is expected instead; all else in the test is expected as written."""
