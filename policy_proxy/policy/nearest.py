"""The name that was probably meant by one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONG = 200
"""Names longer than this are no slips of the pen, and comparing them takes long."""


def nearest(name: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The known name that is most like this one; the empty text if none is.

    Case counts for nothing: `Admin_API` is as near to `admin_api` as can be.

    :param alike: how much they must have in common, from 0 to 1.
    """
    if len(name) > _LONG:
        return ""
    folded = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=alike)
    return folded[near[0]] if near else ""
