"""Keeps a run: `python -m bench.page` writes docs/performance.md and docs/performance/ from it.

Everything in them is taken from build/bench/results.json and the pictures beside it. What that run
did not measure is said to be so.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import results
from bench.__main__ import FOLDER
from bench.rounds import Measured

DOCS = Path("docs")
CAPTIONS = {
    "throughput": "Requests a second of each candidate",
    "latency": "Latency percentiles of each candidate",
    "layers": "CPU of a request by layer of the chain",
    "flame": "Where the interpreter is, as a flame picture",
}
BUSY = 0.1
"""Share of the CPUs that other work may take before a run is one to keep."""

HEAD = """\
# Performance

Written by `python -m bench.page` from a run of `make bench`; the numbers are in
`docs/performance/results.json`.

    make bench          # everything; about half an hour
    make bench-quick    # the main comparisons; under three minutes

installs what it needs (wrk, nginx and memcached from Debian, if it runs as root), starts all of it
on loopback, and measures the candidates in turns, so that whatever else the machine does falls on
all alike. `make bench ARGS=--list` says which parts there are, `ARGS="--only load"` runs one, and
`ARGS=--profile` draws a flame picture. Ratios say more than the numbers, which depend on the
machine. The load generator, the candidate and the backend share its CPUs.
"""


def render(found: results.Document) -> str:
    """The page. A picture is named if the run has what it shows."""
    parts = [HEAD, _conditions(found), _targets(found), _pictures(found), _candidates(found)]
    scenes = "\n".join(_scene(scene) for scene in results.scenes(found))
    return "\n".join([*parts, f"## All that was measured\n\n{_LEGEND}\n", scenes])


_LEGEND = """\
Medians of the rounds, with the smallest and the largest. `cpu` is the CPU time of the candidate's
own processes for one request, the kernel's work for them included."""


def _conditions(found: results.Document) -> str:
    machine, settings = found["machine"], found["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    where = f"{machine['cpus']} CPUs ({machine['cpu']}), {machine['memory_gib']} GiB"
    return (
        f"## The run\n\n{machine['date']}, {where}, {machine['system']}. Before it, other work "
        f"took {machine['busy_before']:.0%} of the CPUs. {settings['rounds']} rounds of "
        f"{settings['seconds']} s each.\n\n{versions}.\n"
    )


def _targets(found: results.Document) -> str:
    rows = [list(results.target_cells(row)) for row in found["targets"]]
    heading = ["", "Wanted", "Reached (rounds)", "Of the bound", ""]
    return f"## What it must reach\n\n{table(heading, rows)}\n"


def _candidates(found: results.Document) -> str:
    rows = [[name, words] for name, words in found["candidates"].items()]
    return f"## The candidates\n\n{table(['Name', 'What it is'], rows)}\n"


def _pictures(found: results.Document) -> str:
    return "\n".join(f"![{CAPTIONS[name]}](performance/{name}.svg)\n" for name in found["pictures"])


def _scene(scene: Measured) -> str:
    names = results.columns(scene)
    heading = ["", *(f"{one}, {results.UNITS.get(one, 'ms CPU')}" for one in names)]
    rows = [
        [name, *(results.with_spread(values[one]) if one in values else "" for one in names)]
        for name, values in scene.rounds.items()
    ]
    if len(names) > results.MANY:
        heading, *rows = [list(cells) for cells in zip(heading, *rows, strict=True)]
    return f"### {scene.name.partition('/')[0]}: {scene.words}\n\n{table(heading, rows)}\n"


def table(heading: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows))


def problems(found: results.Document) -> Iterator[str]:
    """Why the run is not one to keep."""
    if found["settings"]["quick"]:
        yield "it is a quick run"
    busy = found["machine"]["busy_before"]
    if busy > BUSY:
        yield f"other work took {busy:.0%} of the CPUs before it"
    for row in found["targets"]:
        if row["reached"] is None:
            yield f"{row['target']}: {row['why']}"


def main() -> None:
    """Copy and write, unless the run is not one to keep; `--anyway` does it all the same."""
    found = results.read(FOLDER / "results.json")
    against = list(problems(found))
    if against and "--anyway" not in sys.argv[1:]:
        sys.exit("\n".join([*against, "not kept; --anyway keeps it all the same"]))
    kept = DOCS / "performance"
    kept.mkdir(exist_ok=True)
    files = [FOLDER / f"{name}{end}" for name in CAPTIONS for end in (".svg", ".png")]
    there = [path for path in files if path.exists()]
    found["pictures"] = [name for name in CAPTIONS if FOLDER / f"{name}.svg" in there]
    for path in there:
        shutil.copy(path, kept)
    results.write(kept / "results.json", found)
    (DOCS / "performance.md").write_text(render(found), encoding="utf-8")
    print(f"Written: {DOCS / 'performance.md'} and {kept}")


if __name__ == "__main__":
    main()
