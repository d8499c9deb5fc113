"""What a run shows while it goes on and afterwards: a line of JSON per row, TensorBoard's events, curves, and a sheet.

In the run's folder: `config.json`, `history.jsonl`, `progress.png` (curves, and below them what the network makes of
photos it never saw, pixel for pixel), and TensorBoard's event files where the package is installed
(requirements-training.txt): `tensorboard --logdir RUNS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from ..disk import replacing, write_whole
from ..imaging import best_window
from .config import renamed
from .validation import Sample

matplotlib.use("Agg")  # no window, wherever this runs
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

Row = Mapping[str, float]
TERMS = ("pixels", "spectrum", "output", "ipr", "perceptual", "adversarial", "discriminator")
"""What a loss is made of, in the stages' words; the sum is left out, since its terms say more."""
MOST_POINTS = 300
"""Longer curves are averaged down to as many points: noise would hide where they go."""
WIDTH, CURVES, DPI = 1280, 330, 100
"""Of the sheet, and of the curves' share in its height, in pixels."""
SIDE, GAP, CAPTION, MARGIN = 192, 6, 22, 20
"""Largest side of a crop and the spaces around it, in pixels."""
NAMES = ("damaged", "restored", "reference")


class Monitor:
    """Writes down the rows of one run. Use it as a context, or `close` it."""

    def __init__(self, folder: Path, task: str, config: Mapping[str, Any], *, headline: str) -> None:
        """task: its key, for the title; config: plain values, kept beside the rows; headline: the score in dB to draw.

        A resumed run goes on with the rows that are there already.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.task, self.config, self.headline = folder, task, dict(config), headline
        (folder / "config.json").write_text(json.dumps(self.config, indent=1) + "\n", encoding="utf-8")
        self._file = folder / "history.jsonl"
        self.history: list[Row] = list(_rows(self._file))
        self._resumed = True
        self._board: Any = None

    def add(self, row: Row) -> None:
        """row: step, minutes, and any numbers more; on the disk when this returns."""
        if self._resumed:
            self._take_up(int(row["step"]))
        self.history.append(row)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(_line(row))
        if self._board is None:
            return
        for name, value in row.items():
            if name not in ("step", "minutes"):
                group = "loss" if name in TERMS or name == "loss" else "run"
                self._board.add_scalar(f"{group}/{name}", value, int(row["step"]))
        self._board.flush()

    def sheet(self, samples: Sequence[Sample]) -> Path:
        """Draws `progress.png` anew: curves so far, and the samples at 100 %, cut where they were damaged most."""
        path = self.folder / "progress.png"
        save_sheet(self.history, self.headline, samples, self._title(), path)
        return path

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_up(self, step: int) -> None:
        """Rows from `step` on are of steps that a kill undid, or of another run in this folder: they go."""
        self._resumed = False
        self.history = [row for row in self.history if row["step"] < step]
        write_whole(self._file, "".join(map(_line, self.history)))
        self._board = _board(self.folder, step)

    def _title(self) -> str:
        title = f"{self.task}, stage {self.config['stage']}" if "stage" in self.config else self.task
        if not self.history:
            return title
        latest = self.history[-1]
        return f"{title}: step {int(latest['step']):,}, {latest['minutes']:.1f} minutes"


def _line(row: Row) -> str:
    """JSON knows no infinities: they become null."""
    return json.dumps({name: value if math.isfinite(value) else None for name, value in row.items()}) + "\n"


def _rows(file: Path) -> Iterator[Row]:
    """Rows already there, as far as they are whole: a kill may have cut the last one."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            return
        yield {name: value for name, value in renamed(values).items() if value is not None}


def _board(folder: Path, step: int) -> Any:
    """TensorBoard's writer, or None where the package is missing: it is an extra. Older events from `step` on go."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step)


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
    """Every term of the loss, on a logarithmic scale, since they lie orders of magnitude from each other."""
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


def save_sheet(history: Sequence[Row], metric: str, samples: Sequence[Sample], title: str, path: Path) -> None:
    """Writes the PNG whole or not at all. metric: the task's headline score, in dB."""
    crops = [crop(sample) for sample in samples]
    columns = max(1, (WIDTH - 2 * MARGIN + 3 * GAP) // (3 * (SIDE + GAP) + 3 * GAP))
    lines = [crops[i : i + columns] for i in range(0, len(crops), columns)]
    height = CURVES + sum(max(c[2].shape[0] for c in line) + CAPTION + 2 * GAP for line in lines) + MARGIN
    figure = plt.figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI)
    try:
        _draw_curves(figure, height, history, metric, title)
        _draw_crops(figure, height, lines)
        with replacing(path) as partial:
            figure.savefig(partial, format="png", dpi=DPI)
    finally:
        plt.close(figure)


def crop(sample: Sample, side: int = SIDE) -> Sample:
    """The same square of all three, where the damage is worst, at the reference's size: small pictures repeat
    pixels."""
    damaged, restored, reference = sample
    height, width = reference.shape[:2]
    if damaged.shape != reference.shape:
        damaged = np.asarray(Image.fromarray(damaged).resize((width, height), Image.Resampling.NEAREST))
    harm = np.abs(damaged.astype(np.float64) - reference).sum(axis=2)
    top, left = best_window(harm, side, side)
    window = slice(top, top + side), slice(left, left + side)
    return damaged[window], restored[window], reference[window]


def _draw_curves(figure: Figure, height: int, history: Sequence[Row], metric: str, title: str) -> None:
    figure.text(MARGIN / WIDTH, 1 - 8 / height, title, fontsize=11, weight="bold", va="top")
    scores = [(metric, f"validation {metric}, dB")]
    if any("st_lpips" in row for row in history):
        scores.append(("st_lpips", "ST-LPIPS, lower is better"))
    if any("swap" in row for row in history):
        scores.append(("swap", "another's IPR, dB lost"))
    bottom, top = 1 - (CURVES - 44) / height, 1 - 62 / height

    def box(left: float, right: float) -> tuple[float, float, float, float]:
        return left / WIDTH, bottom, (right - left) / WIDTH, top - bottom

    draw_terms(figure.add_axes(box(60, 480)), history)
    width = (WIDTH - MARGIN - 680) // len(scores)
    for i, (column, name) in enumerate(scores):
        left = 680 + i * width
        draw_score(figure.add_axes(box(left, left + width - 60 * (i + 1 < len(scores)))), history, column, name)


def _draw_crops(figure: Figure, height: int, lines: Sequence[Sequence[Sample]]) -> None:
    """`figimage` puts one pixel on one pixel; axes would scale and smooth."""
    top = CURVES
    for line in lines:
        left = MARGIN
        for sample in line:
            for name, picture in zip(NAMES, sample, strict=True):
                high, wide = picture.shape[:2]
                figure.text(left / WIDTH, 1 - (top + CAPTION - 4) / height, name, fontsize=9, va="bottom")
                figure.figimage(picture, left, height - top - CAPTION - high, origin="upper")
                left += wide + GAP
            left += 3 * GAP
        top += max(sample[2].shape[0] for sample in line) + CAPTION + 2 * GAP
