"""Pictures of a run, each as SVG and as PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench import results
from bench.rounds import Measured, spread
from bench.targets import MIDDLE, ONE

mpl.rcParams["svg.hashsalt"] = "bench"  # the same numbers give the same file
mpl.rcParams["svg.fonttype"] = "none"
OURS, OTHER = "#0b6e99", "#b4bcc2"
PERCENTILES = {"p50": "#9ecae1", "p90": "#4292c6", "p99": "#08519c"}
FEW = 5
"""Candidates of a picture that needs a margin."""
MANY = "load/GET 1 kB/128/100/0"


def draw(found: results.Document, folder: Path) -> list[Path]:
    """Draw what the run has measured into the folder; the files that were written."""
    scenes = {scene.name: scene for scene in results.scenes(found)}
    drawn: list[Path] = []
    for name, picture in PICTURES.items():
        figure = picture(scenes)
        if figure is not None:
            drawn += _saved(figure, folder / name)
    return drawn


def _saved(figure: Figure, path: Path) -> list[Path]:
    files = [path.with_suffix(".svg"), path.with_suffix(".png")]
    figure.savefig(files[0], metadata={"Date": None})
    figure.savefig(files[1], dpi=150)
    return files


def throughput(scenes: Mapping[str, Measured]) -> Figure | None:
    """Requests a second of all candidates, with the smallest and the largest round."""
    if MIDDLE not in scenes:
        return None
    rounds = scenes[MIDDLE].rounds
    names = sorted(rounds, key=lambda name: spread(rounds[name]["throughput"]).median)
    figure = Figure(figsize=(8, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots()
    for name in names:
        seen = spread(rounds[name]["throughput"])
        away = [[seen.median - seen.least], [seen.most - seen.median]]
        axes.barh(name, seen.median, xerr=away, color=_colour(name), ecolor="#555555", capsize=3)
        axes.annotate(f"  {seen.median:,.0f}", (seen.most, name), va="center")
    axes.margins(x=0.15)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    _title(axes, f"Requests a second: {scenes[MIDDLE].words}")
    axes.set_xlabel("medians of the rounds, with the smallest and the largest")
    return figure


def latency(scenes: Mapping[str, Measured]) -> Figure | None:
    """Percentiles of the latency over 1, 16 and 128 connections."""
    shown = [scenes[name] for name in (ONE, MIDDLE, MANY) if name in scenes]
    if not shown:
        return None
    heights = [len(scene.rounds) + 1.5 for scene in shown]
    figure = Figure(figsize=(8, 0.33 * sum(heights) + 0.5), layout="constrained")
    rows = figure.subplots(len(shown), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for axes, scene in zip(rows, shown, strict=True):
        _percentiles(axes, scene)
    rows[0].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    rows[-1].set_xlabel("milliseconds, medians of the rounds; logarithmic")
    return figure


def _percentiles(axes: Axes, scene: Measured) -> None:
    names = list(reversed(scene.rounds))
    found = [
        [spread(scene.rounds[name][quantity]).median for name in names] for quantity in PERCENTILES
    ]
    axes.hlines(names, found[0], found[-1], color=OTHER, linewidth=2, zorder=1)
    for values, (quantity, colour) in zip(found, PERCENTILES.items(), strict=True):
        axes.scatter(values, names, color=colour, label=quantity, zorder=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(axis="x", color="#e5e5e5", zorder=0)
    axes.margins(y=0.2 if len(names) < FEW else 0.08)
    _title(axes, f"Latency: {scene.words}")


def layers(scenes: Mapping[str, Measured]) -> Figure | None:
    """The CPU of a request, layer by layer, beside all that bare uses."""
    if "layers" not in scenes:
        return None
    scene = scenes["layers"]
    (name, ours), (other, bare) = scene.rounds.items()
    cost = {part: spread(values).median * 1000 for part, values in ours.items()}
    whole = cost.pop("cpu")
    parts = sorted(cost, key=lambda part: cost[part])
    figure = Figure(figsize=(8, 0.4 * len(parts) + 1.6), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(parts, [cost[part] for part in parts], color=OURS)
    axes.bar_label(bars, fmt=" %.0f")
    floor = spread(bare["cpu"]).median * 1000
    axes.axvline(floor, color="#d62728", linestyle="--", label=f"all of {other}: {floor:.0f}")
    axes.legend(loc="lower right")
    axes.margins(x=0.12)
    _title(axes, f"CPU of a request by layer, {whole:.0f} µs together: {scene.words}")
    axes.set_xlabel(f"microseconds ({name})")
    return figure


def _title(axes: Axes, words: str) -> None:
    axes.set_title(words, loc="left", fontsize="medium")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _colour(name: str) -> str:
    return OURS if name.startswith("ours") else OTHER


PICTURES: Mapping[str, Callable[[Mapping[str, Measured]], Figure | None]] = {
    "throughput": throughput,
    "latency": latency,
    "layers": layers,
}
