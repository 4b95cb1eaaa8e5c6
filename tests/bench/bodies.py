"""A large body: strict parsing beside the standard library's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

from bench.measure import Candidate, Comparison
from policy_proxy.admission import strict_json

SIZE = 2_000_000
MAX_DEPTH = 32


def comparisons() -> Iterator[Comparison]:
    """`POST /allocations` with as many consumers as fit into `SIZE` bytes."""
    body = _allocations()
    yield Comparison(
        f"POST /allocations, {len(body):,} bytes",
        Candidate("strict_json.loads", lambda: strict_json.loads(body, MAX_DEPTH), 1),
        Candidate("json.loads", lambda: json.loads(body), 1),
    )


def _allocations() -> bytes:
    one = {
        "allocations": {str(uuid.uuid4()): {"resources": {"VCPU": 2, "MEMORY_MB": 4096}}},
        "project_id": uuid.uuid4().hex,
        "user_id": uuid.uuid4().hex,
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }
    count = SIZE // len(json.dumps({str(uuid.uuid4()): one}))
    return json.dumps({str(uuid.uuid4()): one for _ in range(count)}).encode()
