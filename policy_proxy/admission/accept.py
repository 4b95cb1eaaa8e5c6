"""Whether a client takes JSON (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from operator import itemgetter

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_RANGE = re.compile(
    rf"(?P<range>{_WORD}/{_WORD})"
    rf"(?P<parameters>(?: *; *(?!q=){_WORD}={_WORD})*)"
    rf"(?: *; *q=(?P<weight>0(?:\.[0-9]{{0,3}})?|1(?:\.0{{0,3}})?)"
    rf"(?: *; *{_WORD}(?:={_WORD})?)*)?",
    re.IGNORECASE,
)
_JSON = "application/json"
_SPECIFICITY = {"*/*": 1, "application/*": 2, _JSON: 3}


def admits_json(header: str) -> bool:
    """True if an answer in application/json would do.

    As in WebOb, which the service uses: the most specific range decides, of equals the first; a
    header that is missing or not understood excludes nothing.
    """
    if header in ("", "*/*", _JSON):
        return True
    fitting = []
    for element in filter(None, (part.strip(" ") for part in header.split(","))):
        found = _RANGE.fullmatch(element)
        if found is None:
            return True
        fitting.append((_specificity(found), float(found["weight"] or 1)))
    specificity, weight = max(fitting, key=itemgetter(0), default=(0, 0.0))
    return specificity > 0 and weight > 0


def _specificity(found: re.Match[str]) -> int:
    """Zero for a range that JSON is not in: `application/json;version=2` is something else."""
    media_range = found["range"].lower()
    if media_range == _JSON and found["parameters"]:
        return 0
    return _SPECIFICITY.get(media_range, 0)
