"""Runs a configuration file of gunicorn, as gunicorn does, and prints what it sets as JSON.

A program of its own, that imports nothing of ours: the file is Python, and may change anything.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys

PLAIN = (bool, int, float, str, list, dict)


def main(file: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        assigned = runpy.run_path(file)
    given = {
        name: value
        for name, value in assigned.items()
        if isinstance(value, PLAIN) and not name.startswith("_")
    }
    messages = sys.modules.get("gunicorn.http.message")
    longest = getattr(messages, "MAX_REQUEST_LINE", None)
    print(json.dumps({"given": given, "longest": longest}, default=repr))


if __name__ == "__main__":
    main(sys.argv[1])
