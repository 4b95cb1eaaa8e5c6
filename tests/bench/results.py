"""What a run found: as a document that is kept, and as tables to read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import targets
from bench.rounds import Measured, spread
from bench.targets import Judged

UNITS = {
    "throughput": "/s",
    "refused": "/s",
    "p50": "ms",
    "p90": "ms",
    "p99": "ms",
    "cpu": "ms CPU",
    "time": "ms",
    "idle": "MiB",
    "peak": "MiB",
    "over idle": "MiB",
    "rate": "MB/s",
    "seconds": "s",
}
"""Of each quantity; `failures` has none."""
MANY = 8
"""Quantities, in a table that is not too wide to read."""
Document = dict[str, Any]


def document(
    machine: Mapping[str, Any],
    settings: Mapping[str, Any],
    candidates: Mapping[str, str],
    measured: Sequence[Measured],
) -> Document:
    """All of it as JSON can hold it. `candidates` say in words what each is."""
    return {
        "machine": dict(machine),
        "settings": dict(settings),
        "candidates": dict(candidates),
        "units": UNITS,
        "scenes": [dataclasses.asdict(scene) for scene in measured],
        "targets": [_judged(one) for one in targets.judge(measured, machine["cpus"])],
        "pictures": [],
    }


def _judged(judged: Judged) -> dict[str, Any]:
    target = judged.target
    return {
        "target": target.words,
        "sense": target.sense,
        "bound": target.bound,
        "unit": target.unit,
        "reached": dataclasses.asdict(judged.reached) if judged.reached else None,
        "share": judged.share,
        "good": judged.good,
        "why": judged.why,
    }


def scenes(found: Document) -> list[Measured]:
    return [Measured(**scene) for scene in found["scenes"]]


def write(path: Path, found: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Document:
    """:raises OSError: if there has been no run."""
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found


def show(console: Console, found: Document) -> None:
    """Every scene, then the targets."""
    for scene in scenes(found):
        console.print(f"\n[bold]{scene.name.partition('/')[0]}: {scene.words}[/bold]")
        console.print(_scene_table(scene))
    console.print("\n[bold]What it must reach[/bold]")
    console.print(_target_table(found))


def number(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def with_spread(values: Sequence[float]) -> str:
    """The median, and the smallest and largest if there are several rounds."""
    seen = spread(list(values))
    if seen.least == seen.most:
        return number(seen.median)
    return f"{number(seen.median)} ({number(seen.least)}-{number(seen.most)})"


def columns(scene: Measured) -> list[str]:
    """The quantities of a scene, in the order of `UNITS`; others, such as layers, after them."""
    seen = {quantity for found in scene.rounds.values() for quantity in found}
    known = [quantity for quantity in UNITS if quantity in seen]
    return [*known, *sorted(seen - set(known) - {"failures"})]


def _scene_table(scene: Measured) -> Table:
    """Candidates downwards and quantities across; a scene with many quantities the other way."""
    found = columns(scene)
    cells = [[_cell(values, one) for one in found] for values in scene.rounds.values()]
    names = [_named(name, values) for name, values in scene.rounds.items()]
    headings = [f"{one}, {UNITS.get(one, 'ms CPU')}" for one in found]
    if len(found) > MANY:
        names, headings, cells = headings, names, [list(row) for row in zip(*cells, strict=True)]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in zip(names, cells, strict=True):
        table.add_row(name, *row)
    return table


def _cell(values: Mapping[str, list[float]], quantity: str) -> str:
    return with_spread(values[quantity]) if quantity in values else ""


def _named(name: str, values: Mapping[str, list[float]]) -> str:
    failed = sum(values.get("failures", ()))
    return f"{name} ({failed:.0f} failed)" if failed else name


def _target_table(found: Document) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for heading in ("wanted", "reached", "of the bound"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in found["targets"]:
        table.add_row(*target_cells(row))
    return table


def target_cells(row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Words, bound, what was reached, how much of the bound, and the verdict."""
    unit = f" {row['unit']}" if row["unit"] else ""
    wanted = f"{row['sense']} {row['bound']:g}{unit}"
    reached = ""
    if row["reached"]:
        seen = row["reached"]
        spread_out = f"({number(seen['least'])}-{number(seen['most'])})"
        reached = f"{number(seen['median'])}{unit} {spread_out}"
    share = "" if row["share"] is None else f"{row['share']:,.0%}"
    verdict = row["why"] if row["good"] is None else "reached" if row["good"] else "missed"
    words = f"{row['target']}; {row['day']}" if "day" in row else row["target"]
    return words, wanted, reached, share, verdict
