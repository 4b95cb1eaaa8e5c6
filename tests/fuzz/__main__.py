"""`make fuzz TIME=10m`: every subject for its share of the time; what is found is kept."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import yaml

from fuzz.run import Result, tried
from fuzz.subjects import SUBJECTS, Subject

KEPT = Path("build/fuzz")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def main() -> int:
    given = _arguments()
    subjects = [SUBJECTS[name] for name in given.subject or SUBJECTS]
    guided = [subject for subject in subjects if subject.pure and find_spec("atheris")]
    share = given.time / (len(subjects) + len(guided))
    found = 0
    for subject in subjects:
        print(f"{subject.name}: {share:.0f} s", flush=True)
        result = tried(subject, seed=given.seed, seconds=share)
        print(
            f"  {result.examples} examples, {result.examples / result.seconds:.0f} a second",
            flush=True,
        )
        if result.finding:
            found += 1
            print(f"  FOUND, kept as {_kept(result, given.seed)}\n{result.finding}", flush=True)
    found += sum(not _guided(subject, share) for subject in guided)
    print(f"{found} found in {len(subjects)} subjects, seed {given.seed}")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--time", type=_seconds, default=60.0, help="in all: 90s, 10m, 2h")
    parser.add_argument("--subject", action="append", choices=[*SUBJECTS], help="only these")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the same again")
    return parser.parse_args()


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+)([smh]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 90s, 10m or 2h")
    return int(found[1]) * _UNITS[found[2] or "s"]


def _guided(subject: Subject, seconds: float) -> bool:
    """Try it with atheris, in a process of its own; whether nothing was found."""
    print(f"{subject.name}, guided by coverage: {seconds:.0f} s", flush=True)
    command = [
        sys.executable,
        "-m",
        "fuzz.coverage_guided",
        subject.name,
        str(max(1, int(seconds))),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    executed = re.search(r"stat::number_of_executed_units: *(\d+)", said.stderr)
    print(f"  {executed[1] if executed else 'no'} examples", flush=True)
    if said.returncode:
        print(said.stdout[-3000:] + said.stderr[-3000:])
    return said.returncode == 0


def _kept(result: Result, seed: int) -> Path:
    """The finding as a file: of a request one that needs but `guards` and `source` to be a case."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{result.subject}-{seed}.yaml"
    if result.subject == "requests":
        who, raw = result.value
        document = {"who": who, "raw": raw, "outcome": "refused", "status": [400]}
    else:
        document = {"value": repr(result.value)}
    path.write_text(yaml.safe_dump({**document, "found": result.finding}, sort_keys=False))
    return path


if __name__ == "__main__":
    sys.exit(main())
