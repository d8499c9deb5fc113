"""What the experiments show: pictures in a row, plots of many numbers, tables. Values in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from ...imaging import Picture
from ...lab import heat_colours
from ..component import words_of
from ..files import shown
from ..languages import number

WORDS = words_of("lab")

LONGEST = 900
"""Pixels of a picture on the page; what was measured was measured on all of them."""


def percent(share: float) -> str:
    """0.0093 -> 0.93 %; 0.277 -> 28 %"""
    value = 100 * share
    digits = 0 if value >= 9.95 or value == 0 else 1 if value >= 0.995 else 2
    return f"{number(value, f'.{digits}f')} %" if np.isfinite(value) else "∞"


def levels(value: float) -> str:
    """Levels of 255: 0.0173 -> 0.017; 4.17 -> 4.2"""
    return number(value, ".1f" if value >= 0.995 else ".2g")


def decibels(value: float) -> str:
    return number(value, ".1f") if np.isfinite(value) else "∞"


def sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def details(text: str) -> str:
    """What engineers want to know, folded away."""
    return f"<details><summary>{WORDS.details}</summary><p>{escape(text)}</p></details>"


def shots(*pictures: tuple[str, Picture]) -> str:
    """(caption, picture) side by side; one below the other on a phone."""
    found = "".join(
        f'<figure><img src="{shown(picture, LONGEST)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in pictures
    )
    return f'<div class="lab-shots">{found}</div>'


def colour_bar(top: float) -> str:
    """The scale of a heat map from 0 to `top` levels."""
    stops = ",".join(f"rgb({r},{g},{b})" for r, g, b in heat_colours(np.linspace(0, 1, 12)).tolist())
    bar = f'<span class="lab-bar" style="background:linear-gradient(90deg,{stops})"></span>'
    return f'<p class="lab-scale"><span>0</span>{bar}<span>{levels(top)} {WORDS.heat_bar}</span></p>'


def band(mean: np.ndarray, low: np.ndarray, high: np.ndarray, caption: str) -> str:
    """Bars for the mean, and a line from low to high over each; (n,) all three."""
    bound = float(max(np.abs(low).max(), np.abs(high).max(), 1e-9))
    ends = enumerate(zip(low, high, strict=True))
    lines = "".join(f"M{i + 0.5:.1f},{_y(a, bound):.2f}V{_y(b, bound):.2f}" for i, (a, b) in ends)
    return _plot(len(mean), _bars(mean, bound) + f'<path class="band" d="{lines}"/>', bound, caption)


def dots(bars: np.ndarray, points: np.ndarray, caption: str) -> str:
    """Bars for one vector and a dot for each number of another, (n,) both, on one scale."""
    bound = float(max(np.abs(bars).max(), np.abs(points).max(), 1e-9))
    marks = "".join(f'<path class="dot" d="M{i + 0.5:.1f},{_y(v, bound):.2f}h0"/>' for i, v in enumerate(points))
    return _plot(len(bars), _bars(bars, bound) + marks, bound, caption)


@dataclass(frozen=True)
class Bar:
    """A cell whose text has a bar behind it."""

    text: str
    share: float
    """0 .. 1, of the cell's width."""


def table(head: Sequence[str], rows: Sequence[Sequence[str | Bar]], strong: int | None = None) -> str:
    """strong: the row that stands out."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr class="{"strong" if number == strong else ""}">{"".join(map(_cell, row))}</tr>'
        for number, row in enumerate(rows)
    )
    return f'<div class="scores"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(content: str | Bar) -> str:
    if isinstance(content, str):
        return f"<td>{escape(content)}</td>"
    bar = f'<span class="lab-share" style="width:{100 * content.share:.1f}%"></span>'
    return f"<td>{escape(content.text)}{bar}</td>"


def _y(value: float, bound: float) -> float:
    return 50 - 48 * float(value) / bound


def _bars(values: np.ndarray, bound: float) -> str:
    """One path each for those above and below zero: 256 elements would be heavy."""
    paths = {"up": "", "down": ""}
    for i, value in enumerate(values):
        paths["up" if value >= 0 else "down"] += f"M{i + 0.5:.1f},50V{_y(value, bound):.2f}"
    return "".join(f'<path class="{name}" d="{path}"/>' for name, path in paths.items())


def _plot(count: int, inside: str, bound: float, caption: str) -> str:
    most = number(bound, ".2f" if bound >= 0.1 else ".3f")
    frame = f'<line class="zero" x1="0" x2="{count}" y1="50" y2="50"/>'
    svg = (
        f'<svg viewBox="0 0 {count} 100" preserveAspectRatio="none" role="img" aria-label="{escape(caption)}">'
        f"{frame}{inside}</svg>"
    )
    return f'<figure class="lab-plot">{svg}<figcaption>{escape(caption)}; −{most} … +{most}</figcaption></figure>'
