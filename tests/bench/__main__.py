"""What the proxy costs, as ratios measured in one run: `make bench`.

Prints a table and writes build/bench/results.json below the current directory.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import platform
import tempfile
from collections.abc import Generator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import bodies, decision, forwarding
from bench.measure import Comparison, Result, compared

RESULTS = Path("build", "bench", "results.json")


def comparisons(folder: Path) -> Generator[Comparison, None, None]:
    yield from decision.comparisons(folder)
    yield from bodies.comparisons()
    yield from forwarding.comparisons(folder)


def write(results: list[Result], rounds: int) -> None:
    """The results, with what they depend on."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "python": platform.python_version(),
        "rounds": rounds,
        "unit": "microseconds a call",
        "results": [dataclasses.asdict(result) for result in results],
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def show(results: list[Result]) -> None:
    table = Table("What", "Ours", "µs", "Beside", "µs", "Ratio", box=None, padding=(0, 2, 0, 0))
    for result in results:
        ours, other = result.ours, result.other
        table.add_row(
            result.question,
            ours.name,
            f"{ours.median:,.1f}",
            other.name,
            f"{other.median:,.1f}",
            f"{result.ratio:.2f}",
        )
    Console(highlight=False, width=130).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each (default: 15)")
    rounds = parser.parse_args().rounds
    logging.disable(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(comparisons(Path(folder))) as found,
    ):
        results = [compared(comparison, rounds) for comparison in found]
    show(results)
    write(results, rounds)
    print(f"\nWritten to {RESULTS}")


if __name__ == "__main__":
    main()
