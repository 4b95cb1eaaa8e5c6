"""Says one of Placement's sentences again, with only what the client itself said first.

Upstream's text is never passed on, nor cut down to what seems harmless: it only chooses an entry
of `sentences.py`, and the answer is that entry, filled anew. A part in braces is filled with
upstream's value if the client itself sent exactly that value, otherwise with `NOT_SHOWN`.
Some parts are special:

- `{cause}` must itself be one of the `CAUSES`, or the entry does not match;
- the names in `_LISTS` are lists: each item must have been sent;
- `{actual}` and `{private}` are never filled: who may guess must not have the guess confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from policy_proxy.model import Request
from policy_proxy.placement.sent import sent_among
from policy_proxy.placement.sentences import CAUSES, REPLACED, SENTENCES

NOT_SHOWN = "(not shown)"

_SHOWN_AT_MOST = 512  # characters of one value
_LISTS = frozenset({"classes", "traits", "keys", "suffixes", "groups"})
_NEVER = frozenset({"actual", "private"})
_PART = re.compile(r"\{([a-z]+)\}")
_BETWEEN_ITEMS = re.compile(r"[\s,:'()\[\]]+")


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    template: str


def _compiled(sentence: str) -> re.Pattern[str]:
    """Matches the sentence in time linear in the text: each part ends where its literal begins.

    The atomic groups keep a part that has ended from being tried again at another length.
    """
    first, *rest = _PART.split(sentence)
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    regex = re.escape(first)
    for name, literal in pairs[:-1]:
        regex += f"(?>(?P<{name}>.*?){re.escape(literal)})"
    for name, literal in pairs[-1:]:
        regex += f"(?P<{name}>.*){re.escape(literal)}"
    return re.compile(regex, re.DOTALL)


_CAUSES = tuple(_Rule(_compiled(sentence), sentence) for sentence in CAUSES)
_RULES = (
    *(_Rule(_compiled(sentence), sentence) for sentence in SENTENCES),
    *_CAUSES,
    *(_Rule(_compiled(sentence), better) for sentence, better in REPLACED.items()),
)


def rebuilt_sentence(text: str, request: Request | None) -> str | None:
    """Upstream's `text` as one of the sentences we know, filled anew; None if it is none of them.

    :param request: where values to put back are looked for; without it none is.
    """
    return _rebuilt(text, _RULES, request)


def _rebuilt(text: str, rules: Iterable[_Rule], request: Request | None) -> str | None:
    for pattern, template in rules:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = match.groupdict()
        if "cause" not in parts:
            return _filled(template, _shown(parts, request))
        cause = _rebuilt(parts.pop("cause"), _CAUSES, request)
        if cause is not None:
            return _filled(template, {"cause": cause, **_shown(parts, request)})
    return None


def _filled(template: str, parts: Mapping[str, str]) -> str:
    return _PART.sub(lambda part: parts[part[1]], template)


def _shown(parts: Mapping[str, str], request: Request | None) -> dict[str, str]:
    """Each value if the client sent it, otherwise `NOT_SHOWN`."""
    items = {name: _items(name, value) for name, value in parts.items() if name not in _NEVER}
    sent = sent_among(frozenset().union(*items.values()), request)
    shown = {
        name: parts[name]
        for name, needed in items.items()
        if needed <= sent and len(parts[name]) <= _SHOWN_AT_MOST
    }
    return {**dict.fromkeys(parts, NOT_SHOWN), **shown}


def _items(name: str, value: str) -> frozenset[str]:
    """What must have been sent for the value to be shown; for an empty value, nothing."""
    items = _BETWEEN_ITEMS.split(value) if name in _LISTS else [value]
    return frozenset(filter(None, items))
