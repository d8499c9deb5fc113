"""Contact sheets: crops at 100 %, side by side, each under the name of its method and its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from diffir_demo.imaging import best_window

from .measure import Measured, Row
from .tables import decibels

CROP = 160
"""Side of a crop, pixels of the result."""
GAP, STRIP = 4, 16
"""Pixels between crops, and of the line of text above each."""
PAPER, INK = (255, 255, 255), (20, 20, 20)


@dataclass(frozen=True)
class Spot:
    """A place in one photo."""

    photo: int
    top: int
    left: int


def typical(measured: Measured, count: int = 3) -> list[Spot]:
    """Photos spread evenly over our first network's ranking, from bad to good: neither the worst nor the best.

    The crop lies where the clean photo has most detail (inside the hole, where there is one), whatever became of it.
    """
    order = _ranking(measured)
    chosen = sorted({(2 * i + 1) * len(order) // (2 * count) for i in range(count)})
    return [Spot(order[i], *_peak(_detail(measured, order[i]), measured)) for i in chosen]


def worst(measured: Measured, count: int = 3) -> list[Spot]:
    """The photos that our first network restores worst by the headline score, each where its error is largest."""
    method = _first(measured).method
    return [Spot(i, *_peak(_error(measured, method, i), measured)) for i in _ranking(measured)[:count]]


def columns(measured: Measured) -> list[str]:
    """Methods to show: the best classical one, peers, ours."""
    table = measured.table
    classical = table.best("classical")
    rest = [row.method for kind in ("peer", "ours") for row in table.rows if row.kind == kind]
    return [*([classical.method] if classical else []), *rest]


def sheet(measured: Measured, spots: Sequence[Spot], methods: Sequence[str]) -> Image.Image:
    """A row per spot: damaged, the methods, the reference."""
    width = (len(methods) + 2) * (CROP + GAP) - GAP
    page = Image.new("RGB", (width, len(spots) * (CROP + STRIP + GAP) - GAP), PAPER)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(11)
    table = measured.table
    photos = {row.method: row.photos for row in table.rows}
    for number, spot in enumerate(spots):
        y = number * (CROP + STRIP + GAP)
        cells = [(f"{table.names[spot.photo]}: damaged", _damaged(measured, spot.photo))]
        for method in methods:
            score = photos[method][spot.photo].get(table.headline, float("nan"))
            cells.append((f"{method.removeprefix('DiffIR ')}: {decibels(score)}", measured.results[method][spot.photo]))
        cells.append(("reference", measured.cases[spot.photo].reference.pixels))
        for column, (label, pixels) in enumerate(cells):
            x = column * (CROP + GAP)
            pen.text((x + 1, y + 1), label, INK, font)
            crop = pixels[spot.top : spot.top + CROP, spot.left : spot.left + CROP]
            page.paste(Image.fromarray(np.ascontiguousarray(crop)), (x, y + STRIP))
    return page


def _first(measured: Measured) -> Row:
    row = measured.table.first("ours")
    assert row is not None  # `methods_for` puts a network of ours first
    return row


def _ranking(measured: Measured) -> list[int]:
    """The photos by our first network's headline score, worst first; those without the score come last."""
    scores = [photo.get(measured.table.headline, float("inf")) for photo in _first(measured).photos]
    return sorted(range(len(scores)), key=scores.__getitem__)


def _damaged(measured: Measured, photo: int) -> np.ndarray:
    """The input, in the size of the result: small pictures show their pixels as squares."""
    case = measured.cases[photo]
    scale = case.reference.height // case.request.picture.height
    return case.request.picture.pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def _detail(measured: Measured, photo: int) -> np.ndarray:
    case = measured.cases[photo]
    grey = case.reference.pixels.mean(axis=2)
    steps = np.abs(np.gradient(grey, axis=0)) + np.abs(np.gradient(grey, axis=1)) if min(grey.shape) > 1 else grey
    return steps if case.request.mask is None else steps * case.request.mask


def _error(measured: Measured, method: str, photo: int) -> np.ndarray:
    result, reference = measured.results[method][photo], measured.cases[photo].reference.pixels
    return np.square(result.astype(np.float32) - reference).sum(axis=2)


def _peak(weights: np.ndarray, measured: Measured) -> tuple[int, int]:
    """(top, left) of the crop that collects most of (h, w) weights, on the small picture's grid where there is one."""
    case = measured.cases[0]
    scale = case.reference.height // case.request.picture.height
    return best_window(weights, CROP, CROP, scale)
