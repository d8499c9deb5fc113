"""Damage or picture? Two small networks weigh the figures of each part; `tools.training.scratches` fitted them.

The first sees each part for itself. The second also gets how sure the first is, of this part and of the others: in a
photo full of scratches a doubtful line is one more of them, and in a clean photo it is a twig. Prints so old
that they are damaged are mostly grey or brown: that, too, only the second gets, so a sure crack is one in any photo.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .parts import FIGURES, Parts

FILE = Path(__file__).with_name("judge.json")
SURE, LIKELY = 1.5, 0.0
"""Log odds of the first network from which a part speaks for others."""
ALONE = 0.3
"""By how much the first network must be surer to be believed without the second: the only scratch of a photo."""
FAR = 4.0
"""Standard deviations beyond which a figure says no more: hardly anything that was fitted is farther off."""
COLOURFUL = 2.254
"""Colourfulness from which more of it makes no photo less likely to be damaged, the mean of what was fitted. The limit
holds in use alone: modern photos that were fitted are hardly ever damaged, but those that are should be found."""
NEIGHBOURHOOD = 121
"""Side of the window that counts as near, pixels."""
CONTEXT = (
    "odds",
    "sure of its kind",
    "sure",
    "likely of its kind",
    "likely",
    "sure nearby",
    "sure of all",  # against everything that stands out: a few sure lines are more in a calm photo than in a busy one
    "unlike the sure",  # the distance of its tone from theirs: all cracks of a print show the same paper
    "colourfulness",
)
"""What the second network gets beside the figures; the shares are logarithms, and leave the part itself out."""
TONE = FIGURES.index("extremeness")
"""Which figure is a part's tone: from the photo's lightest or darkest on, in its range."""


@dataclass(frozen=True, eq=False)
class Network:
    """One hidden layer of tanh over standardised figures, one output: the logarithm of the odds that it is damage."""

    mean: np.ndarray
    """(figures,) float32."""
    deviation: np.ndarray
    """(figures,) float32."""
    hidden: np.ndarray
    """(units, figures + 1) float32; the last column is added."""
    last: np.ndarray
    """(units + 1,) float32; the last number is added."""

    def odds(self, figures: np.ndarray) -> np.ndarray:
        """(n, figures) float32 -> (n,) float32 log odds."""
        standard = np.clip((figures - self.mean) / self.deviation, -FAR, FAR)
        units = np.tanh(standard @ self.hidden[:, :-1].T + self.hidden[:, -1])
        return units @ self.last[:-1] + self.last[-1]


@dataclass(frozen=True, eq=False)
class Judge:
    """Both networks."""

    first: Network
    second: Network

    def odds(self, found: Sequence[Parts], height: int, width: int) -> list[np.ndarray]:
        """(count,) float32 log odds of all parts of a photo, in their order."""
        first = [self.first.odds(each.figures) for each in found]
        context = with_context(found, first, height, width)
        for figures in context:
            figures[:, -1] = np.minimum(figures[:, -1], COLOURFUL)
        second = [self.second.odds(figures) for figures in context]
        return [np.maximum(alone - ALONE, all_told) for alone, all_told in zip(first, second, strict=True)]

    def save(self, file: Path = FILE) -> None:
        """As JSON, rounded to four digits: more would mean nothing."""
        fields = {key: {name: _plain(v) for name, v in vars(network).items()} for key, network in vars(self).items()}
        text = json.dumps({"figures": FIGURES, "context": CONTEXT, **fields})
        file.write_text(text.replace("], [", "],\n[").replace("], ", "],\n").replace("}, ", "},\n") + "\n")


@cache
def shipped() -> Judge:
    """The one that is shipped."""
    fields = json.loads(FILE.read_text(encoding="utf-8"))
    assert (*fields["figures"], *fields["context"]) == (*FIGURES, *CONTEXT)  # else it was fitted to other figures
    first, second = (
        Network(**{name: np.array(values, np.float32) for name, values in fields[key].items()})
        for key in ("first", "second")
    )
    return Judge(first, second)


def with_context(found: Sequence[Parts], odds: Sequence[np.ndarray], height: int, width: int) -> list[np.ndarray]:
    """The figures of all parts of a photo and beside them `CONTEXT`: (count, figures + context) float32 each.

    odds: of the first network, (count,) each.
    """
    best = largest_odds(found, odds, height * width)
    stand = int(np.isfinite(best).sum())
    tones = [_sure_tone(found, odds, dark) for dark in (False, True)]
    window = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    sure, likely = best >= SURE, best >= LIKELY
    nearby = [
        cv2.blur(plane.reshape(height, width).astype(np.float32), window, borderType=cv2.BORDER_REFLECT).reshape(-1)
        for plane in sure
    ]
    out = []
    for part, log_odds in zip(found, odds, strict=True):
        kind, count = int(part.dark), len(log_odds)

        def total(values: np.ndarray, part: Parts = part, count: int = count) -> np.ndarray:
            return np.bincount(part.labels, values[part.places], minlength=count)

        own, own_likely = total(sure[kind]), total(likely[kind])
        near = total(nearby[kind]) / np.bincount(part.labels, minlength=count) - own / NEIGHBOURHOOD**2
        context = [
            log_odds,
            np.log((sure[kind].sum() - own) / (height * width) + 2e-4),
            np.log((sure.sum() - own) / (height * width) + 2e-4),
            np.log((likely[kind].sum() - own_likely) / (height * width) + 1e-3),
            np.log((likely.sum() - own_likely) / (height * width) + 1e-3),
            np.log(np.maximum(near, 0) + 1e-3),
            np.log((sure.sum() - own + 20) / (stand + 200)),
            np.abs(part.figures[:, TONE] - tones[kind]),
            np.full(count, part.colourfulness),
        ]
        out.append(np.column_stack([part.figures, *context]).astype(np.float32))
    return out


def _sure_tone(found: Sequence[Parts], odds: Sequence[np.ndarray], dark: bool) -> float:
    """Mean `TONE` of a kind's sure parts, weighted by their size; 0, the photo's lightest or darkest, without any."""
    total = pixels = 0.0
    for part, log_odds in zip(found, odds, strict=True):
        if part.dark == dark:
            sizes = np.bincount(part.labels, minlength=len(log_odds)) * (log_odds >= SURE)
            total, pixels = total + float(sizes @ part.figures[:, TONE]), pixels + float(sizes.sum())
    return total / pixels if pixels else 0.0


def largest_odds(found: Sequence[Parts], odds: Sequence[np.ndarray], pixels: int) -> np.ndarray:
    """(2, pixels) float32, light and dark: the largest log odds of the parts that hold a pixel, -inf without any."""
    best = np.full((2, pixels), -np.inf, np.float32)
    for part, log_odds in zip(found, odds, strict=True):
        plane = best[int(part.dark)]
        plane[part.places] = np.maximum(plane[part.places], log_odds[part.labels])
    return best


def _plain(values: np.ndarray) -> Any:
    return np.vectorize(lambda value: float(f"{value:.4g}"))(values).tolist()
