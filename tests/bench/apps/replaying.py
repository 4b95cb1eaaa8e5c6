"""Replay so many records that are unlike each other, and print the most MiB that it took.

`python -m bench.apps.replaying FOLDER COUNT`.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from bench import logs
from policy_proxy.audit.reading import record_of
from policy_proxy.policy.replay.replay import Replay


def main(folder: Path, count: int) -> None:
    replay = Replay(logs.policy(folder, logs.LOOKS_AT_ALL), logs.BODIES)
    for number, line in enumerate(logs.unlike(count), start=1):
        replay.take("audit.jsonl", number, record_of(line))
    if replay.flips.lost != count:
        raise RuntimeError(f"{replay.flips.lost} of {count} records were newly denied")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
