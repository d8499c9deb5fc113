"""Training curves as a picture: loss and validation over the minutes of one or several runs in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window, wherever this runs
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

Row = Mapping[str, float]
TERMS = ("pixels", "spectrum", "output", "ipr", "perceptual", "adversarial", "critic")
"""What a loss is made of, in the stages' words; the sum is left out, since its terms say more."""
MOST_POINTS = 300
"""Longer curves are averaged down to as many points: noise would hide where they go."""


def draw(runs: Sequence[tuple[str, list[dict[str, float]]]], metric: str, path: Path) -> None:
    """runs: (name, `Progress.history`) in the order they were trained; metric: the task's headline score, dB."""
    shown = {"pixels": "L1 on pixels", metric: f"validation {metric}, dB"}
    if any("swap" in row for _, history in runs for row in history):
        shown["swap"] = "another's IPR, dB lost"
    figure, panels = plt.subplots(len(shown), 1, figsize=(8, 3 * len(shown)), sharex=True, layout="constrained")
    before = 0.0
    for name, history in runs:
        for axes, column in zip(panels, shown, strict=True):
            curve = [(before + minutes, value) for minutes, value in points(history, column)]
            if curve:
                style = {"linewidth": 1.0} if column == "pixels" else {"marker": "o", "markersize": 4.0}
                axes.plot(*zip(*curve, strict=True), label=name, **style)  # pyright: ignore[reportArgumentType]
        before += history[-1]["minutes"] if history else 0.0
    panels[-1].set_xlabel("minutes")
    for axes, label in zip(panels, shown.values(), strict=True):
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def points(history: Sequence[Row], column: str) -> list[tuple[float, float]]:
    """(minutes, value) of the rows that have the column, averaged in groups where there are too many."""
    found = [(row["minutes"], row[column]) for row in history if column in row]
    size = -(-len(found) // MOST_POINTS) or 1
    return list(_means(found, size))


def _means(found: list[tuple[float, float]], size: int) -> Iterator[tuple[float, float]]:
    for start in range(0, len(found), size):
        minutes, values = zip(*found[start : start + size], strict=True)
        yield sum(minutes) / len(minutes), sum(values) / len(values)


def draw_terms(axes: Axes, history: Sequence[Row]) -> None:
    """Every term of the loss, on a logarithmic scale, since they lie orders of magnitude apart."""
    for term in TERMS:
        curve = [(minutes, value) for minutes, value in points(history, term) if value > 0]
        if curve:
            axes.plot(*zip(*curve, strict=True), label=f"{term} {curve[-1][1]:.3g}", linewidth=1.2)
    axes.set_yscale("log")
    _finish(axes, "loss, by term")


def draw_score(axes: Axes, history: Sequence[Row], column: str, title: str) -> None:
    """One validation score with its latest value."""
    curve = points(history, column)
    if curve:
        axes.plot(*zip(*curve, strict=True), "o-", color="tab:green", markersize=3, linewidth=1.2)
        title = f"{title}: {curve[-1][1]:.4g}"
    _finish(axes, title)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("minutes", fontsize=9)
    axes.tick_params(labelsize=8, which="both")
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        # Beside the curves, not over them.
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0.0)
