"""One look at a run: its curves, and below them what the network makes of photos it never saw, pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from ..disk import replacing
from .curves import Row, draw_score, draw_terms

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Damaged, restored, truth: (h, w, 3) uint8; the damaged one may be smaller by a whole factor."""
WIDTH, CURVES, DPI = 1280, 330, 100
"""Of the sheet, and of the curves' share in its height, in pixels."""
SIDE, GAP, CAPTION, MARGIN = 192, 6, 22, 20
"""Largest side of a crop and the spaces around it, in pixels."""
NAMES = ("damaged", "restored", "truth")


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
    """The same square of all three, where the damage is worst, at the truth's size: pixels of a small one repeated."""
    damaged, restored, truth = sample
    height, width = truth.shape[:2]
    if damaged.shape != truth.shape:
        damaged = np.asarray(Image.fromarray(damaged).resize((width, height), Image.Resampling.NEAREST))
    high, wide = min(side, height), min(side, width)
    harm = np.abs(damaged.astype(np.float64) - truth).sum(axis=2)
    sums = np.pad(harm.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    damaged, restored, truth = (each[top : top + high, left : left + wide] for each in (damaged, restored, truth))
    return damaged, restored, truth


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
