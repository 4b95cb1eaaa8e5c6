"""A large body: strict parsing beside the standard library's."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench import work
from bench.parts import Setting
from bench.parts.decisions import timed
from bench.rounds import Run, Scene
from policy_proxy.admission import strict_json

MAX_DEPTH = 32


def scenes(setting: Setting) -> Iterator[Scene]:
    """The body of `POST /allocations` with 10,000 consumers."""
    del setting
    body = work.POST.body
    yield Scene(
        "parsing",
        f"{work.POST.method} {work.POST.path}, {len(body):,} bytes",
        (
            Run("strict_json.loads", timed(lambda: strict_json.loads(body, MAX_DEPTH), 1)),
            Run("json.loads", timed(lambda: json.loads(body), 1)),
        ),
    )
