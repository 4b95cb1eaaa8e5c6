"""Characters by which a policy file says something else than what is seen of it in a review.

YAML 1.1 ends lines where neither editors, nor `git diff`, nor YAML 1.2 do, so a rule can stand in
what looks like a comment; and some characters have text shown in another order than it is read in.
https://yaml.org/spec/1.1/#id871136 and https://trojansource.codes
"""

from __future__ import annotations

import re

from policy_proxy.policy.problem import Problem

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNSEEN = re.compile("[\x85\u2028\u2029]")
_BARE_RETURN = re.compile("\r(?!\n)")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def problem(file: str, text: str) -> Problem | None:
    """The first such character. A file may end all of its lines with carriage returns."""
    unseen = _UNSEEN.search(text) or ("\n" in text and _BARE_RETURN.search(text)) or None
    turning = _TURNING.search(text)
    if unseen:
        words = "ends a line where few who look at it see an end"
        return _told(file, text, unseen, words, "end every line with a line feed")
    if turning:
        words = "has text shown in another order than it is read in"
        return _told(file, text, turning, words, "take the character away")
    return None


def _told(file: str, text: str, found: re.Match[str], words: str, remedy: str) -> Problem:
    line = len(_BREAK.findall(text, 0, found.start())) + 1
    return Problem("PP127", file, line, "", f"{words} (U+{ord(found[0]):04X})", remedy)
