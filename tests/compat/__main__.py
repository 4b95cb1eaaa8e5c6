"""`python -m compat`: the default policies of OpenStack's services, decided by us and oslo.policy.

Installs the services into `build/compat/venv`, takes their rules from there as data, compares, and
prints what docs/compatibility.md records. Exit code 1 if a decision differs.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

from compat import environment
from compat.compare import Outcome, compare
from compat.report import report
from compat.services import DISTRIBUTIONS, Dumped, read

FOLDER = Path("build", "compat")


def main() -> None:
    arguments = _arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    dumped, log = FOLDER / "rules.json", FOLDER / "log"
    failed: list[str] = []
    if arguments.here:
        environment.dump_to(dumped, Path(sys.executable), log)
    elif not arguments.again:
        python = environment.made(FOLDER / "venv")
        failed = environment.installed(python, DISTRIBUTIONS, log)
        environment.dump_to(dumped, python, log)
    logging.disable(logging.CRITICAL)  # of what oslo.policy finds wrong, lint says more
    warnings.simplefilter("ignore")
    outcomes = _compared(read(dumped), arguments.askers)
    print(f"oslo.policy {version('oslo.policy')}, Python {sys.version.split()[0]}, {_today()}.\n")
    print(report(outcomes, failed))
    for one, outcome in outcomes:
        for difference in outcome.differences[:5]:
            print(f"{one.service}: {difference}", file=sys.stderr)
    sys.exit(any(outcome.differences or outcome.fault for _, outcome in outcomes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compat", description=__doc__)
    parser.add_argument("--askers", type=int, default=60, help="callers and targets a rule (60)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--again", action="store_true", help="with the rules of the last run")
    where.add_argument("--here", action="store_true", help="services of this environment only")
    return parser.parse_args()


def _compared(every: list[Dumped], askers: int) -> list[tuple[Dumped, Outcome]]:
    outcomes = []
    for one in every:
        print(f"comparing {one.service}", file=sys.stderr, flush=True)
        outcomes.append((one, compare(one, every, askers, FOLDER)))
    return outcomes


def _today() -> str:
    return time.strftime("%Y-%m-%d")


main()
