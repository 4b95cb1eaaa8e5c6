"""What the proxy costs, beside what else could be done: `make bench` and `make bench-quick`.

Installs the Debian packages that it needs, starts everything on loopback, measures all candidates
in turns, prints tables, writes build/bench/results.json and draws pictures beside it. `--list` says
which parts there are; a whole run takes about half an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import machine, results, system
from bench.parts import PARTS
from bench.progress import showing
from bench.run import Plan, needs_world, run
from policy_proxy.errors import ConfigurationError

FOLDER = Path("build", "bench")
ROUNDS, QUICK_ROUNDS = 5, 3
WIDTH = 160
"""Characters that the tables need; a narrower terminal breaks their lines."""
SECONDS, QUICK_SECONDS = 2, 1


def main() -> None:
    arguments = _arguments()
    if arguments.list:
        for name, part in PARTS.items():
            print(f"{name:<11}{part.words}{'' if part.quick else ' (not in --quick)'}")
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    logging.disable(logging.CRITICAL)
    os.environ["no_proxy"] = "*"  # a proxy for the web has no way to this machine's loopback
    try:
        _bench(_plan(arguments), profile=arguments.profile)
    except (ConfigurationError, RuntimeError, system.Missing) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: stopped; everything that was started is stopped, nothing is written")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer scenes, in under three minutes")
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART", help="this part; may come again"
    )
    parser.add_argument("--rounds", type=int, help=f"of each ({ROUNDS}; {QUICK_ROUNDS} if quick)")
    parser.add_argument(
        "--seconds", type=int, help=f"a round ({SECONDS}; {QUICK_SECONDS} if quick)"
    )
    parser.add_argument("--profile", action="store_true", help="flame picture of ours, by py-spy")
    parser.add_argument("--list", action="store_true", help="say which parts there are")
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    quick = arguments.quick
    chosen = arguments.only or [name for name, part in PARTS.items() if part.quick or not quick]
    return Plan(
        parts=[name for name in PARTS if name in chosen],
        rounds=arguments.rounds or (QUICK_ROUNDS if quick else ROUNDS),
        seconds=arguments.seconds or (QUICK_SECONDS if quick else SECONDS),
        quick=quick,
    )


def _bench(plan: Plan, *, profile: bool) -> None:
    console = Console(highlight=False, width=max(Console().width, WIDTH))
    if needs_world(plan):
        system.ensure()
    state = FOLDER.absolute() / "state"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = _measured(plan, state, console)
    results.show(console, found)
    results.write(FOLDER / "results.json", found)
    took, others = found["settings"]["took_seconds"], found["machine"]["others"]
    console.print(f"\nOther work took {others:.0%} of the CPUs meanwhile.")
    console.print(f"Written to {FOLDER / 'results.json'}, in {took} s")
    _draw(console, found)
    if profile:
        _profile(console, state)
    if failed := found["settings"]["failed"]:
        sys.exit("\n".join(f"bench: {name} failed: {why}" for name, why in failed.items()))


def _measured(plan: Plan, state: Path, console: Console) -> results.Document:
    """All that the plan measures, with what it depends on."""
    began = time.monotonic()
    described, others = machine.described(), machine.watched()
    failed: dict[str, str] = {}
    with (
        showing(console, len(plan.parts)) as shown,
        contextlib.closing(run(plan, state, shown, failed)) as running,
    ):
        measured = list(running)
    described["others"] = others()
    settings = {
        "parts": list(plan.parts),
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "quick": plan.quick,
        "failed": failed,
        "took_seconds": round(time.monotonic() - began),
    }
    return results.document(described, settings, _candidates(plan), measured)


def _candidates(plan: Plan) -> dict[str, str]:
    if not needs_world(plan):
        return {}
    known = importlib.import_module("bench.candidates").CANDIDATES
    return {name: candidate.words for name, candidate in known.items()}


def _draw(console: Console, found: results.Document) -> None:
    """matplotlib is installed for the benchmark alone."""
    for old in (path for end in ("svg", "png") for path in FOLDER.glob(f"*.{end}")):
        old.unlink()
    try:
        pictures = importlib.import_module("bench.pictures")
    except ModuleNotFoundError as missing:
        console.print(f"No pictures: {missing.name} is not installed")
        return
    for path in pictures.draw(found, FOLDER):
        console.print(f"Drawn: {path}")


def _profile(console: Console, state: Path) -> None:
    profile = importlib.import_module("bench.profile")
    with console.status("Sampling with py-spy"):
        path = profile.flame(state, FOLDER / "flame.svg")
    console.print(f"Drawn: {path}")


if __name__ == "__main__":
    main()
