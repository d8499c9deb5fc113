"""Photos as they lie in drawers: faded, grainy prints with cracks, folds, dust and hairs, and a mask of what to mend.

Everything is drawn several times as fine as the pixels and averaged, as a scanner sees it. What was laid over the print
is in the mask where it is visible, stains and fading are not: those are for other tools.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .masks import Mask

VISIBLE = 12.0
"""Levels of 255 by which damage must change a pixel to count."""
FINE = 3
"""How much finer than the pixels damage is drawn, each way; less on large photos, whose damage is wider."""
MOST_FINE = 40e6
"""Pixels of the fine canvas: bounds the memory."""
SIDE = 512
"""Shorter side of the photos that widths and counts below are meant for, pixels."""
SEPIA = np.array([1.06, 0.98, 0.82], np.float32)
"""Colour of a yellowed print, as factors of its grey."""
ORANGE = np.array([255, 140, 50], np.float32)
"""A date back's light-emitting digits."""
IN_COLOUR = 0.25
"""Share of the prints that are not grey or sepia, but in faded colours."""


def aged(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Mask]:
    """The photo as an old, damaged print, and what of the damage is to be found.

    pixels: (h, w, 3) uint8, any size. Gives the print, grey, sepia or in faded colours, (h, w, 3) uint8, and a mask
    (h, w) bool of every pixel that cracks, folds, dust, hairs or a date stamp change by `VISIBLE` levels or more: white
    on white is not in it.
    """
    printed = _print(pixels, rng)
    return _scanned(printed, _scratched(printed, rng), rng)


def faded(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo as an old print that was kept well, `aged` without what its mask is for: (h, w, 3) uint8."""
    printed = _print(pixels, rng)
    return _scanned(printed, printed, rng)[0]


def touched(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Mask]:
    """A photo that is not old with a little damage, light or dark, or a date stamp; the rest as `aged`."""
    printed = pixels.astype(np.float32)
    if rng.random() < 0.2:
        return _scanned(printed, _stamped(printed, rng), rng)
    level = rng.uniform(225, 252) if rng.random() < 0.7 else rng.uniform(8, 40)
    return _scanned(printed, _laid(printed, level, rng.uniform(0.1, 0.5), rng), rng)


def _scanned(printed: np.ndarray, damaged: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Mask]:
    """What a scanner makes of the damaged print, (h, w, 3) uint8, and a mask of the damage that can be seen in it."""
    blur = rng.uniform(0.3, 0.6)
    printed, damaged = (cv2.GaussianBlur(each, (0, 0), blur) for each in (printed, damaged))
    mask = np.abs(damaged - printed).max(axis=2) >= VISIBLE
    damaged += rng.normal(0, rng.uniform(0.5, 2), (*mask.shape, 1)).astype(np.float32)
    return np.rint(np.clip(damaged, 0, 255)).astype(np.uint8), mask


def _print(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) float32: soft, faded, stained and grainy, without anything that the mask is for."""
    unit = _unit(*pixels.shape[:2])
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.3, 0.9) * unit)
    black, white = rng.uniform(10, 50), rng.uniform(190, 240)
    grey = black + grey * (white - black) / 255
    grey += rng.uniform(2, 8) * _clouds(grey.shape, 0.15, rng)
    for _ in range(int(rng.integers(0, 4))):
        grey -= _stain(grey.shape, rng)
    grain = rng.normal(0, 1, grey.shape).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 0.8) * unit)
    grey += grain / max(float(grain.std()), 1e-3) * rng.uniform(2, 7)
    if rng.random() < IN_COLOUR:
        colour = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 1.2 * unit)
        colour -= cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)[..., None]
        return np.clip(grey[..., None] + rng.uniform(0.3, 0.7) * colour, 0, 255)
    tint = SEPIA if rng.random() < 0.5 else np.ones(3, np.float32)
    return np.clip(grey, 0, 255)[..., None] * (1 + rng.uniform(0.4, 1) * (tint - 1))


def _scratched(printed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The print (h, w, 3) float32 with everything that the mask is for."""
    out = printed.copy()
    for _ in range(int(rng.choice(3, p=[0.4, 0.45, 0.15]))):
        out = _folded(out, rng)
    paper, ink = rng.uniform(225, 252), rng.uniform(8, 40)
    for level, share in ((paper, rng.uniform(0.5, 1.2)), (ink, rng.uniform(0.2, 0.7))):
        out = _laid(out, level * _tone(printed), share, rng)
    if rng.random() < 0.25:
        out = _stamped(out, rng)
    return out


def _laid(out: np.ndarray, colour: np.ndarray | float, share: float, rng: np.random.Generator) -> np.ndarray:
    """Under cracks, hairs and dust of one colour, levels of 255; share: how much of it, 1 on a print in a bad state."""
    layer = _Layer(*out.shape[:2])
    layer.cracks(round(share * rng.integers(1, 7)), rng)
    layer.hairs(round(share * rng.integers(0, 7)), rng)
    layer.specks(round(share * rng.integers(5, 50)), rng)
    return out + layer.cover()[..., None] * (colour - out)


def _tone(printed: np.ndarray) -> np.ndarray:
    """(3,) float32: the paper's colour, as its lightest parts show it, brightest channel 1."""
    few = printed[::4, ::4].reshape(-1, 3)
    levels = few.mean(axis=1)
    mean = few[levels >= np.percentile(levels, 98)].mean(axis=0) + 1e-3
    return mean / mean.max()


@dataclass
class _Layer:
    """A canvas on which damage of one tone is drawn, `fine` times as fine as the photo."""

    height: int
    width: int

    def __post_init__(self) -> None:
        self.fine = int(np.clip(np.sqrt(MOST_FINE / (self.height * self.width)), 1, FINE))
        self.canvas = np.zeros((self.height * self.fine, self.width * self.fine), np.uint8)
        self.unit = _unit(self.height, self.width)

    def cover(self) -> np.ndarray:
        """(h, w) float32 in [0, 1]: how much of each pixel is hidden."""
        small = cv2.resize(self.canvas, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255

    def cracks(self, count: int, rng: np.random.Generator) -> None:
        """Jagged, branching lines of varying width and strength."""
        for _ in range(count):
            start = rng.uniform(0, 1, 2) * (self.width, self.height)
            if rng.random() < 0.5:  # cracks of the emulsion begin at the border, as a rule
                side = int(rng.integers(2))
                start[side] = rng.integers(2) * (self.width, self.height)[side]
            length = rng.uniform(0.1, 0.8) * min(self.width, self.height)
            self._crack(start, rng.uniform(0, 2 * np.pi), length, rng.uniform(0.9, 3.5), rng)

    def _crack(self, at: np.ndarray, heading: float, length: float, wide: float, rng: np.random.Generator) -> None:
        jagged, strength, gone = rng.uniform(0.05, 0.4), rng.uniform(0.45, 1), 0.0
        gap = rng.uniform(0, 0.15)
        path, branches = [at], []
        while gone < length:
            step = rng.uniform(2, 9) * self.unit
            turned = heading + rng.normal(0, jagged)
            heading += 0.3 * (turned - heading)
            at = at + step * np.array([np.cos(turned), np.sin(turned)])
            gone += step
            path.append(at)
            if wide > 0.8 and length > 30 and rng.random() < 0.02:
                branches.append((at, heading + rng.choice([-1, 1]) * rng.uniform(0.4, 1.2), (length - gone) * 0.5))
        profile = _smooth_noise(len(path), 6, rng)
        taper = np.minimum(1, 4 * (1 - np.linspace(0, 1, len(path))) + 0.35)
        widths = np.clip(wide * taper * (1 + 0.4 * profile), 0.6, 4)
        opacity = np.clip(strength * (1 + 0.3 * _smooth_noise(len(path), 8, rng)), 0.25, 1)
        opacity[_smooth_noise(len(path), 4, rng) < -2 + 8 * gap] *= 0.5
        self._stroke(np.array(path), widths, opacity)
        for place, angle, rest in branches:
            self._crack(place, angle, rest, 0.7 * wide, rng)

    def hairs(self, count: int, rng: np.random.Generator) -> None:
        """Fibres: thin, evenly wide, evenly bent."""
        for _ in range(count):
            number = int(rng.integers(12, 40))
            bend = rng.normal(0, 0.08) + 0.1 * _smooth_noise(number, 10, rng)
            angle = rng.uniform(0, 2 * np.pi) + np.cumsum(bend)
            steps = rng.uniform(1.5, 3) * self.unit * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            path = rng.uniform(0, 1, 2) * (self.width, self.height) + np.cumsum(steps, axis=0)
            self._stroke(path, np.full(number, rng.uniform(0.8, 1.6)), np.full(number, rng.uniform(0.5, 1)))

    def specks(self, count: int, rng: np.random.Generator) -> None:
        """Dust: small, irregular, more small ones than large ones; often in clusters."""
        centre = rng.uniform(0, 1, 2) * (self.width, self.height)
        for _ in range(count):
            place = rng.uniform(0, 1, 2) * (self.width, self.height)
            if rng.random() < 0.3:
                place = centre + rng.normal(0, 0.08, 2) * (self.width, self.height)
            radius = (0.6 + rng.exponential(0.7)) * self.unit
            angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
            outline = rng.uniform(0.6, 1.2, (9, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            outline *= min(radius, 3.5 * self.unit) * np.array([1, rng.uniform(0.5, 1)])
            points = np.rint((place + outline) * self.fine).astype(np.int32)
            cv2.fillPoly(self.canvas, [points.reshape(-1, 1, 2)], int(255 * rng.uniform(0.5, 1)))

    def _stroke(self, path: np.ndarray, widths: np.ndarray, opacity: np.ndarray) -> None:
        points = np.rint(path * self.fine).astype(np.int32)
        thick = np.maximum(1, np.rint(widths * self.unit * self.fine)).astype(int)
        for i in range(len(points) - 1):
            start, end = tuple(points[i].tolist()), tuple(points[i + 1].tolist())
            cv2.line(self.canvas, start, end, int(255 * opacity[i]), int(thick[i]))


def _folded(out: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fold: the emulsion is broken along a nearly straight line, and the paper throws a soft shadow beside it."""
    height, width = out.shape[:2]
    unit = _unit(height, width)
    centre = np.array([width, height]) * rng.uniform(0.15, 0.85, 2)
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.12) if rng.random() < 0.8 else rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    reach = float(np.hypot(height, width))
    start, end = (-reach, reach) if rng.random() < 0.7 else (-reach, rng.uniform(0, 0.3) * reach)
    number = max(8, round((end - start) / (6 * unit)))
    away = np.linspace(start, end, number)[:, None] * along
    path = centre + away + 0.8 * unit * _smooth_noise(number, 12, rng)[:, None] * np.array([-along[1], along[0]])
    core, shadow = _Layer(height, width), _Layer(height, width)
    broken = np.clip(rng.uniform(0.4, 0.9) * (1 + 0.5 * _smooth_noise(number, 3, rng)), 0.05, 1)
    widths = np.clip(rng.uniform(1, 2.8) * (1 + 0.4 * _smooth_noise(number, 3, rng)), 0.6, 4)
    core._stroke(path, widths, broken)
    aside = rng.choice([-1, 1]) * rng.uniform(1.5, 3) * unit * np.array([-along[1], along[0]])
    shadow._stroke(path + aside, np.full(number, 2.5), np.ones(number))
    dark = cv2.GaussianBlur(shadow.cover(), (0, 0), rng.uniform(1.2, 2.5) * unit)
    out = out * (1 - rng.uniform(0.1, 0.35) * dark[..., None])
    return out + core.cover()[..., None] * (rng.uniform(215, 250) * _tone(out) - out)


def _stamped(out: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A date in a lower corner, orange or white, a little out of focus."""
    height, width = out.shape[:2]
    unit = _unit(height, width)
    layer = _Layer(height, width)
    text = f"{int(rng.integers(1, 32)):2d} {int(rng.integers(1, 13)):2d} '{int(rng.integers(60, 100))}"
    size, thick = rng.uniform(0.6, 1.0) * unit * layer.fine, max(1, round(rng.uniform(1, 2) * unit * layer.fine))
    (long, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    left = (0.95 * width * layer.fine - long) if rng.random() < 0.7 else 0.05 * width * layer.fine
    place = (round(left), round(rng.uniform(0.9, 0.96) * height * layer.fine))
    cv2.putText(layer.canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, int(255 * rng.uniform(0.7, 1)), thick)
    colour = ORANGE if rng.random() < 0.6 else np.full(3, 240, np.float32)
    cover = cv2.GaussianBlur(layer.cover(), (0, 0), rng.uniform(0.4, 0.8) * unit)
    return out + cover[..., None] * (colour - out)


def _unit(height: int, width: int) -> float:
    """What lengths made for photos of `SIDE` pixels are multiplied with: scans of more pixels show wider damage."""
    return max(1.0, (min(height, width) / SIDE) ** 0.6)


def _clouds(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> np.ndarray:
    """(h, w) float32, standard deviation about 1: smooth noise, `size` the patches over the shorter side."""
    cells = max(2, round(1 / size))
    coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _stain(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(h, w) float32, levels that a dried drop takes away: a blotch with a soft, uneven border."""
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre, radius = rng.uniform(0, 1, 2) * (height, width), rng.uniform(0.05, 0.25) * min(height, width)
    away = np.hypot(y - centre[0], x - centre[1]) / max(radius, 1) + 0.15 * _clouds(shape, 0.1, rng)
    return (rng.uniform(5, 30) / (1 + np.exp(np.clip(12 * (away - 1), -50, 50)))).astype(np.float32)


def _smooth_noise(count: int, reach: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) with a standard deviation of about 1; neighbours within `reach` are alike."""
    noise = rng.normal(0, 1, count + 2 * reach)
    return np.convolve(noise, np.ones(reach) / np.sqrt(reach), mode="same")[reach : reach + count]
