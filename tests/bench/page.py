"""Keeps a run: `python -m bench.page` writes docs/performance.md and docs/performance/ from it.
`python -m bench.page --add` adds what a run of some parts measured to the run that is kept.

Everything in them is taken from build/bench/results.json and the pictures beside it. What that run
did not measure is said to be so; before there is one, the page has no numbers. What people have to
say of the numbers stands in docs/performance/notes.md, and is put after the targets.
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
KEPT = DOCS / "performance"
BUSY = 0.1
"""Share of the CPUs that other work may take before a run is one to keep."""

HEAD = """\
# Performance

    make bench          # everything; about half an hour
    make bench-quick    # the main comparisons; under three minutes

installs what it needs (wrk, nginx-light and memcached from Debian, if it runs as root), starts all
of it on loopback, measures the candidates in turns, so that whatever else the machine does falls on
all of them alike, and prints tables. Numbers and pictures lie in `build/bench/`. Ctrl-C stops all
that was started.

- `make bench ARGS=--list` says which parts there are, `make bench ARGS="--only load"` runs one.
- `make bench ARGS=--profile` also draws a flame picture of a worker under load.
- `PYTHONPATH=tests .venv/bin/python -m bench.page` writes this page from the last run; with `--add`
  it adds the parts that the last run measured to the run that is kept. Then `make docs`.

A real Keystone issues the tokens, and all who check tokens remember them for an hour, so that no
round measures how fast Keystone is. The backend is nginx with canned answers. Load generator,
candidate and backend share the CPUs of one machine, so ratios say more than numbers.
"""
NO_RUN = """\
## The run

None has been kept yet: the numbers of a machine that does other work at the same time say little.
"""


def render(found: results.Document | None, notes: str = "") -> str:
    """The page; None if no run is kept. A picture is shown if the run has it."""
    if found is None:
        return f"{HEAD}\n{NO_RUN}"
    parts = [HEAD, _conditions(found), _targets(found), *([notes] if notes else [])]
    parts += [_pictures(found), _candidates(found)]
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
        f"## The run\n\n{machine['date']}, {where}, {machine['system']}. Meanwhile other work "
        f"took {machine['others']:.0%} of the CPUs. {settings['rounds']} rounds of "
        f"{settings['seconds']} s each. Every round is in `docs/performance/results.json`.\n\n"
        f"{versions}.\n"
    )


def _targets(found: results.Document) -> str:
    rows = [list(results.target_cells(row)) for row in found["targets"]]
    heading = ["", "Wanted", "Reached (rounds)", "Of the bound", ""]
    return f"## What it must reach\n\n{table(heading, rows)}\n"


def _candidates(found: results.Document) -> str:
    rows = [[name, words] for name, words in found["candidates"].items()]
    return f"## The candidates\n\n{table(['Name', 'What it is'], rows, rule='---')}\n"


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


def table(heading: list[str], rows: list[list[str]], rule: str = "---:") -> str:
    """A Markdown table; all columns but the first are numbers, unless `rule` says otherwise."""
    rules = ["---", *[rule] * (len(heading) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rules, *rows))


def problems(found: results.Document, *, whole: bool = True) -> Iterator[str]:
    """Why the run is not one to keep; of a part of one, what it leaves out is no reason."""
    if found["settings"]["quick"]:
        yield "it is a quick run"
    others = found["machine"]["others"]
    if others > BUSY:
        yield f"other work took {others:.0%} of the CPUs meanwhile"
    for name, why in found["settings"]["failed"].items():
        yield f"{name} failed: {why}"
    for row in found["targets"] if whole else ():
        if row["reached"] is None:
            yield f"{row['target']}: {row['why']}"


def added(before: results.Document, found: results.Document) -> results.Document:
    """The run that is kept, with the scenes of another one and the targets that it could judge.
    They say of which day they are.
    """
    day = found["machine"]["date"].partition("T")[0]
    more = [{**scene, "words": f"{scene['words']}; {day}"} for scene in found["scenes"]]
    names = {scene["name"] for scene in more}
    scenes = [scene for scene in before["scenes"] if scene["name"] not in names]
    candidates = {**found["candidates"], **before["candidates"]}
    kept = {row["target"]: row for row in before["targets"]}
    judged = {
        row["target"]: {**row, "day": day} for row in found["targets"] if row["reached"] is not None
    }
    return {
        **before,
        "scenes": [*scenes, *more],
        "candidates": candidates,
        "targets": [*(kept | judged).values()],
    }


def kept() -> str:
    """The page of the run that is kept, below the current directory."""
    run, notes = KEPT / "results.json", KEPT / "notes.md"
    return render(
        results.read(run) if run.exists() else None,
        # a link there leads from one folder further down
        notes.read_text(encoding="utf-8").replace("](../", "](") if notes.exists() else "",
    )


def main() -> None:
    """Copy and write, unless the run is not one to keep; `--anyway` does it all the same."""
    try:
        found = results.read(FOLDER / "results.json")
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is not there: run `make bench` first")
    adding = "--add" in sys.argv[1:]
    against = list(problems(found, whole=not adding))
    if against and "--anyway" not in sys.argv[1:]:
        sys.exit("\n".join([*against, "not kept; --anyway keeps it all the same"]))
    KEPT.mkdir(exist_ok=True)
    if adding:
        found = added(results.read(KEPT / "results.json"), found)
    else:
        _copy_pictures(found)
    results.write(KEPT / "results.json", found)
    (DOCS / "performance.md").write_text(kept(), encoding="utf-8")
    print(
        f"Written: {DOCS / 'performance.md'} and {KEPT}; `make docs` writes what else tells of it"
    )


def _copy_pictures(found: results.Document) -> None:
    files = [FOLDER / f"{name}{end}" for name in CAPTIONS for end in (".svg", ".png")]
    there = [path for path in files if path.exists()]
    found["pictures"] = [name for name in CAPTIONS if FOLDER / f"{name}.svg" in there]
    for path in there:
        shutil.copy(path, KEPT)


if __name__ == "__main__":
    main()
