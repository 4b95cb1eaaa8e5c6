"""`make soak TIME=10m`: a mixed load on the real stack, much that goes wrong, and the figures."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
from pathlib import Path

from soak.run import soak

KEPT = Path("build/soak")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def main() -> int:
    given = _arguments()
    work = KEPT / "work"
    shutil.rmtree(work, ignore_errors=True)
    result = soak(
        work.absolute(),
        given.time,
        clients=given.clients,
        workers=given.workers,
        seed=given.seed,
    )
    text = json.dumps(result, indent=2)
    (KEPT / "result.json").write_text(f"{text}\n")
    print(text)
    if result["failed"]:
        print(f"NOT as wanted: {', '.join(result['failed'])}. See {work}.", file=sys.stderr)
        return 1
    shutil.rmtree(work)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--time", type=_seconds, default=60.0, help="of the load: 90s, 10m, 2h")
    parser.add_argument("--clients", type=int, default=8, help="that ask at the same time")
    parser.add_argument("--workers", type=int, default=2, help="of the proxy")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the same requests")
    return parser.parse_args()


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+)([smh]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 90s, 10m or 2h")
    return float(int(found[1]) * _UNITS[found[2] or "s"])


if __name__ == "__main__":
    sys.exit(main())
