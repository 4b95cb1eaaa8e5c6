"""Where an answer through Envoy, Caddy or Traefik differs, on purpose, from the suite's.

What differs is what differs through nginx, but for the following.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.gabbi_suite import Difference
from integration.gabbi import differences_nginx
from integration.gabbi.differences_nginx import ONE_SPELLING

MISSING = "where bodies come along, a write without one is refused before its microversion is tried"
_400 = {"status": "400", "response_strings": []}

_ONES_OWN: Mapping[str, Mapping[str, Mapping[str, Difference | None]]] = {
    "caddy": {"cors.yaml": {"valid get request": None}},
    "envoy": {
        "aggregate.yaml": {
            "aggregates 404 for out of date microversion put": Difference(
                MISSING, {**_400, "response_json_paths": {"$.errors[0].title": "Bad Request"}}
            )
        },
        "allocations-post.yaml": {"404 on older 1.12 microversion post": Difference(MISSING, _400)},
        "basic-http.yaml": {"post resource provider missing content-type": None},
        "reshaper.yaml": {"reshaper not there old": Difference(MISSING, _400)},
        "traits.yaml": {
            "set traits for resource provider earlier version": Difference(MISSING, _400)
        },
        "unicode.yaml": {"get an encoded snowman": Difference(ONE_SPELLING, _400)},
    },
    "traefik": {"cors.yaml": {"valid get request": None}},
}
"""None: as it is written."""

_ERRORS_AS_THEY_ARE = {"microversion.yaml": {"other accept header bad version": None}}


def of(name: str, file: str) -> dict[str, Difference]:
    """What is expected instead in a file of the suite, by the name of the test."""
    found: dict[str, Difference | None] = dict(differences_nginx.DIFFERENCES.get(file, {}))
    found |= _ERRORS_AS_THEY_ARE.get(file, {})
    found |= _ONES_OWN[name].get(file, {})
    return {test: difference for test, difference in found.items() if difference is not None}
