"""Training curves as a picture: loss and validation over the minutes of one or several runs in a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window, wherever this runs
from matplotlib import pyplot as plt  # noqa: E402


def draw(runs: Sequence[tuple[str, list[dict[str, float]]]], metric: str, path: Path) -> None:
    """runs: (name, `Progress.history`) in the order they were trained; metric: the task's headline score, dB."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
    before = 0.0
    for name, history in runs:
        minutes = [before + row["minutes"] for row in history]
        losses = [(m, row["pixels"]) for m, row in zip(minutes, history, strict=True) if "pixels" in row]
        if losses:
            above.plot(*zip(*losses, strict=True), label=name, linewidth=1)
        scores = [(m, row[metric]) for m, row in zip(minutes, history, strict=True) if metric in row]
        if scores:
            below.plot(*zip(*scores, strict=True), "o-", label=name, markersize=4)
        before = minutes[-1] if minutes else before
    above.set_ylabel("L1 on pixels")
    below.set_ylabel(f"validation {metric}, dB")
    below.set_xlabel("minutes")
    for axes in (above, below):
        axes.grid(alpha=0.3)
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
