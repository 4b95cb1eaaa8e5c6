"""Runs a configuration file of gunicorn, as gunicorn does, and prints what it sets as JSON.

A process of its own: the file is Python, and may change anything.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
from importlib import import_module


def main(file: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        known = import_module("gunicorn.config").Config().settings
        assigned = runpy.run_path(file)
    given = {
        name: value if isinstance(value, bool | int | str | list) else repr(value)
        for name, value in assigned.items()
        if name in known
    }
    longest = import_module("gunicorn.http.message").MAX_REQUEST_LINE
    print(json.dumps({"given": given, "longest": longest}, default=repr))


if __name__ == "__main__":
    main(sys.argv[1])
