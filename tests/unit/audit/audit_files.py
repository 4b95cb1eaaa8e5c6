"""Audit files as a writer leaves them."""

from __future__ import annotations

import json
import time
from pathlib import Path

from policy_proxy.audit import keys
from policy_proxy.audit.destination import Destination
from policy_proxy.audit.keys import Key
from policy_proxy.audit.line import encoded
from policy_proxy.audit.rotation import Rotation
from policy_proxy.audit.seal import Seal

PATIENCE = 0.2
"""Seconds."""


def new_key(path: Path) -> Key:
    """A key, in a file that only we can read."""
    path.write_text(f"{keys.made()}\n")
    path.chmod(0o600)
    return keys.read(str(path))[0]


class Writer:
    """Writes records one after the other, as one worker does."""

    def __init__(self, path, key=None, max_bytes=0, keep=3, **more):
        seal = Seal(key) if key else None
        rotation = Rotation(str(path), max_bytes, keep) if max_bytes else None
        self.to = Destination(str(path), seal, rotation, **more)
        self.lost = 0

    def put(self, *numbers, **more):
        for number in numbers:
            self.write({"number": number, **more})

    def write(self, entry):
        self.to.begin(time.monotonic(), PATIENCE, self.lost)
        self.to.put(encoded(entry))

    def close(self):
        self.to.close(time.monotonic(), PATIENCE, self.lost)


def numbers(*paths):
    """What was written, without marks."""
    entries = [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]
    return [entry["number"] for entry in entries if "number" in entry]
