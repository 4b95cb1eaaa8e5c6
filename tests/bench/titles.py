"""What stands over a picture that another program drew."""

from __future__ import annotations

import re

FLAME = "A worker of ours under load: who holds the interpreter lock"
_TITLE = re.compile(r'(<text id="title"[^>]*>)[^<]*(</text>)')


def titled(svg: str) -> str:
    """With a title of ours: py-spy's is its command line, with paths of this machine in it."""
    return _TITLE.sub(rf"\g<1>{FLAME}\g<2>", svg, count=1)
