"""The CPU that a body of 2 MB costs ours beyond forwarding it, beside one `json.loads` of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench import loaded, work
from bench.parts import Setting
from bench.parts.decisions import timed
from bench.rounds import Run, Scene

REQUESTS = 10
"""Of a round."""
CASES = (
    ("bodies/not looked into", work.POST, "ours"),
    ("bodies/looked into", work.PUT_ONE, "ours, looking"),
)


def scenes(setting: Setting) -> Iterator[Scene]:
    """One where no rule looks into the body, one where a rule does."""
    names = ("bare", *(name for _, _, name in CASES))
    with loaded.started(setting.world, names) as running:
        for scene, kind, name in CASES:
            forwarded, ours = (
                loaded.counted(setting.world, one, running[one], kind, REQUESTS)
                for one in ("bare", name)
            )
            parsed = Run("json.loads", timed(lambda body=kind.body: json.loads(body), REQUESTS))
            words = f"{kind.method} {kind.path[:12]}, {len(kind.body):,} bytes"
            yield Scene(scene, words, (forwarded, ours, parsed))
