"""Grain: the noise of a photo, measured in its flat places, and drawn anew for what a network made.

A network makes the mean of what may be there, and noise has the mean zero: in a grainy photo its fill looks polished.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 8
"""Pixels of the blocks that are looked at, either way; a plane is taken off each, so that a slope is no noise."""
MOST, FEWEST = 4000, 40
"""Blocks that are looked at, evenly spread over what is known; and below which a photo counts as free of grain."""
FLAT = 0.1
"""Share of the blocks that counts as flat: those whose 2 x 2 means differ least. Noise is mostly left out of these
means, so that hardly anything is chosen by how little noise it has."""
INVISIBLE, VISIBLE = 1.0, 2.5
"""Levels of 255, standard deviation: grain up to the first is left out, from the second on it is drawn in full. The
rounding to whole levels alone is 0.3."""
FAINT, BRIGHT = 3, 252
"""Blocks whose darkest or brightest number is beyond show nothing of their noise: it was cut off."""


@dataclass(frozen=True, eq=False)
class Grain:
    """Gaussian noise, alike in its deviation, its colours and how coarse it is."""

    covariance: np.ndarray
    """(3, 3) float64 of red, green and blue, squared levels of 255."""
    coarseness: float
    """Standard deviation of the Gaussian that white noise is blurred with, pixels."""

    @property
    def deviation(self) -> float:
        """Levels of 255, root mean square over the channels."""
        return float(np.sqrt(np.trace(self.covariance) / 3))

    @property
    def strength(self) -> float:
        """Share of it that is drawn, in [0, 1]: what is too faint to see is left out."""
        return float(np.clip((self.deviation - INVISIBLE) / (VISIBLE - INVISIBLE), 0, 1))


def grain_of(pixels: np.ndarray, known: np.ndarray) -> Grain | None:
    """The grain of pixels (h, w, 3) uint8 where known (h, w) bool; None where too little of it is whole blocks.

    The median over the flattest blocks, so that texture in a few of them does not count. Where all of a photo is
    texture, what is finest in it passes for grain.
    """
    blocks = _blocks(pixels, known)
    if len(blocks) < FEWEST:
        return None
    rest = _without_planes(blocks)
    means = rest.reshape(-1, SIDE // 2, 2, SIDE // 2, 2, 3).mean(axis=(2, 4))
    unevenness = means.var(axis=(1, 2)).sum(axis=1)
    flat = rest[np.argsort(unevenness, kind="stable")[: max(FEWEST, round(FLAT * len(rest)))]]
    freedom = SIDE**2 - 3  # the plane's three numbers
    each = np.einsum("nyxc,nyxd->ncd", flat, flat, dtype=np.float64) / freedom
    typical = float(np.median(np.trace(each, axis1=1, axis2=2)))
    pooled = each.mean(axis=0)
    covariance = pooled * (typical / max(float(np.trace(pooled)), 1e-9))
    return Grain(covariance, _coarseness(flat))


def drawn(grain: Grain, lack: np.ndarray, seed: int) -> np.ndarray:
    """(h, w, 3) float32, levels of 255: new noise, times its `strength` and lack (h, w) float32 in [0, 1].

    The same seed draws the same noise.
    """
    mix = np.linalg.cholesky(grain.covariance + 1e-6 * np.eye(3)).T.astype(np.float32) * np.float32(grain.strength)
    noise = np.random.default_rng(seed % 2**63).standard_normal((*lack.shape, 3), np.float32)
    if grain.coarseness:
        noise = cv2.GaussianBlur(noise, (0, 0), grain.coarseness, borderType=cv2.BORDER_REFLECT)
        kernel = cv2.getGaussianKernel(2 * round(4 * grain.coarseness) + 1, grain.coarseness)
        noise /= np.float32((kernel**2).sum())  # the deviation that the blur has left
    return noise @ mix * lack[..., None]


def _blocks(pixels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(n, SIDE, SIDE, 3) float32: whole known blocks of a grid, nothing in them cut off."""
    rows, columns = (side // SIDE for side in known.shape)
    whole = known[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).all(axis=(1, 3))
    places = np.argwhere(whole)
    places = places[:: max(1, len(places) // MOST)]
    grid = pixels[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, 3).swapaxes(1, 2)
    blocks = grid[places[:, 0], places[:, 1]]
    clear = (blocks.min(axis=(1, 2, 3)) >= FAINT) & (blocks.max(axis=(1, 2, 3)) <= BRIGHT)
    return blocks[clear].astype(np.float32)


def _without_planes(blocks: np.ndarray) -> np.ndarray:
    """Minus the plane that fits each channel of each block best."""
    ramp = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    ramp /= np.sqrt(SIDE * (ramp**2).sum())
    rest = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    for plane in (ramp[:, None] + np.zeros((1, SIDE), np.float32), ramp[None] + np.zeros((SIDE, 1), np.float32)):
        rest = rest - np.einsum("nyxc,yx->nc", rest, plane)[:, None, None] * plane[..., None]
    return rest


def _coarseness(rest: np.ndarray) -> float:
    """From how alike neighbours are: white noise blurred by s pixels has the correlation exp(-1 / (4 s^2)).

    rest: (n, SIDE, SIDE, 3), as from `_without_planes`.
    """
    alike = [(rest[:, 1:] * rest[:, :-1]).mean(), (rest[:, :, 1:] * rest[:, :, :-1]).mean()]
    correlation = float(np.mean(alike)) / max(float((rest**2).mean()), 1e-9)
    # Below a tenth of it is the sampling of so narrow a Gaussian that counts, and above 0.9 there is no fine noise.
    return 0.0 if correlation < 0.1 else float(np.sqrt(-1 / (4 * np.log(min(correlation, 0.9)))))
