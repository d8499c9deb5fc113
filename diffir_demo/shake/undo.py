"""Undoing the camera's path where there is one, and leaving the photo alone where there is none: `undo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..deconvolve import Blur, Light, deconvolve, fidelity_for
from ..imaging import noise_level
from ..messages import Message
from ..parallel import in_parallel
from ..tick import Stages, Tick, no_tick
from .find import BELIEF, LEAST_SIDE, STILL, Shake, find_shake, given_shake
from .flat import beside_flat
from .parts import RAMP, Parts, fit_parts

UNSURE, LEAST_NOISE = 1.5, 0.7
"""Noise, in levels, that is assumed at least: where a kernel is not exact, whose errors act like noise; where it is."""
SEARCH, PARTING, MOST_PARTING, SHARPEN = 2.0, 1.4e-6, 4.0, 0.55e-6
"""Seconds on 2 vCPU: finding the path; looking at the parts, per pixel and at most; and deconvolution per pixel."""
BAND = 256
"""Rows that are mixed at a time."""
FAIRLY = 0.5
"""Confidence from which on a path is called fairly sure."""
FOUND = Message("Camera path found: {length:.0f} px long, {sure} ({confidence} %)")
GIVEN = Message("Camera path as given: {length:.0f} px long")
NOT_SURE = Message("Not sure of the camera's path ({confidence} %)")
IN_PART = Message(": undone in part")
SHARP = Message("No shake found: the photo counts as sharp")
NO_PATH = Message("No path of the camera explains this photo, so none was undone")
NONE_FITS = Message("No path of the camera explains this photo ({confidence} %)")
TOO_SMALL = Message("The photo is too small to look for the camera's path: {least} x {least} pixels are the least")
SURE = Message("sure")
FAIRLY_SURE = Message("fairly sure")
ASKED = Message("; strength {strength} %, as asked")


@dataclass(frozen=True, eq=False)
class Undone:
    """A photo whose blur was looked for, or given, and undone; pictures (h, w, 3) uint8."""

    pixels: np.ndarray
    """As it came."""
    sharp: np.ndarray
    """Without its blur, as if that were sure, but for parts in which nothing is believed; `pixels` itself where
    `strength` is 0."""
    shake: Shake
    strength: float
    """Share of `sharp` in `mixed`, [0, 1]: where the photo's parts differ, in those of which most is believed."""
    parts: Parts | None = None
    """What is believed of each part; None: the same of all."""
    given: bool = False
    """Whether the blur was given, and not looked for."""

    @property
    def mixed(self) -> np.ndarray:
        """The photo without its blur, as far as it can be trusted; `pixels` itself where that is not at all."""
        return mixed(self.pixels, self.sharp, self.strength, self.parts.believed if self.parts else None)

    @property
    def shares(self) -> np.ndarray:
        """(h, w) float32: the share of `sharp` in every pixel of `mixed`."""
        whole = np.full(self.pixels.shape[:2], self.strength, np.float32)
        return whole * self.parts.believed(slice(0, len(whole)))[..., 0] if self.parts else whole


def seconds(size: int) -> float:
    """What `undo` takes for a photo of so many pixels whose blur is not known; on 2 vCPU."""
    return SEARCH + min(PARTING * size, MOST_PARTING) + SHARPEN * size


def undo(
    pixels: np.ndarray,
    blur: Blur | None = None,
    strength: float | None = None,
    found: Shake | None = None,
    tick: Tick = no_tick,
) -> Undone:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Undone`. Ticks with the share done several times a second.

    blur: what all of it was blurred with, where that is known; None: it is looked for, in the photo and then in each
    of its parts. strength: share of the deconvolved picture, [0, 1], in the parts of which most is believed; None: as
    much as is believed. Where it is 0 nothing is deconvolved. found: what `find_shake` has found in these very pixels
    before, so that it need not look again. Raises ValueError for arrays of another kind.
    """
    size = pixels.shape[0] * pixels.shape[1]
    stages = Stages(tick, SHARPEN * size if blur else seconds(size) - (SEARCH if found else 0.0))
    shake = given_shake(pixels, blur) if blur else found
    if shake is None:
        shake = find_shake(pixels, stages.stage(SEARCH))
    noise, given = noise_level(pixels[shake.window]), blur is not None
    parts = None
    if not given and shake.trust > 0 and strength != 0:
        parts = fit_parts(pixels, shake, noise, stages.stage(min(PARTING * size, MOST_PARTING)))
        if parts.most == 0:
            parts = None
    if strength is None:
        strength = 1.0 if given else parts.most if parts else 0.0
    if strength == 0:
        tick(1.0)
        return Undone(pixels, pixels, shake, strength, None, given)
    fidelity = fidelity_for(max(noise, LEAST_NOISE if blur and blur.exact else UNSURE))
    sharp = sharpened(pixels, shake, parts, fidelity, stages.stage(SHARPEN * size))
    if not (blur and blur.exact):
        sharp = mixed(pixels, sharp, 1.0, beside_flat(pixels, shake.length, noise))
    return Undone(pixels, sharp, shake, strength, parts, given)


def sharpened(
    pixels: np.ndarray, shake: Shake, parts: Parts | None, fidelity: float, tick: Tick = no_tick
) -> np.ndarray:
    """(h, w, 3) uint8, without its blur: by the photo's path, or every part by its own. Parts in which nothing is
    believed stay as they are; neighbours fade into each other."""
    if parts is None:
        return deconvolve(pixels, shake.kernel, shake.light, fidelity, tick=tick)
    grid = parts.grid
    result, columns = np.empty_like(pixels), grid.shape[1]
    stages, faded = Stages(tick, len(parts.paths)), np.zeros((0, *pixels.shape[1:]), np.float32)
    for first in range(0, len(parts.paths), columns):
        rows = grid.around(first)[0]
        sums = np.zeros((rows.stop - rows.start, *pixels.shape[1:]), np.float32)
        sums[: len(faded)] = faded
        numbers = range(first, first + columns)
        works = [partial(_part_sharpened, pixels, shake.light, parts, number, fidelity) for number in numbers]
        for number, part in zip(numbers, in_parallel(works, stages.stage(columns)), strict=True):
            sums[:, grid.around(number)[1]] += grid.weights(number) * part
        kept = len(sums) if rows.stop == len(pixels) else len(sums) - 2 * RAMP
        result[rows.start : rows.start + kept] = np.rint(sums[:kept])
        faded = sums[kept:]
    tick(1.0)
    return result


def _part_sharpened(
    pixels: np.ndarray, light: Light, parts: Parts, number: int, fidelity: float, tick: Tick
) -> np.ndarray:
    place = parts.grid.around(number)
    if not parts.strengths[number]:
        return pixels[place]
    return deconvolve(pixels, parts.paths[number], light, fidelity, place, tick)


def mixed(
    pixels: np.ndarray, sharp: np.ndarray, share: float, where: Callable[[slice], np.ndarray] | None = None
) -> np.ndarray:
    """So much of `sharp`, the rest of `pixels`; both (h, w, 3) uint8. where: rows -> (n, w, 1), to multiply it by."""
    if share == 0 or (share == 1 and where is None):
        return sharp if share else pixels
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), BAND):
        rows = slice(top, min(top + BAND, len(pixels)))
        own = np.float32(share) * (where(rows) if where else np.float32(1))
        result[rows] = np.rint(pixels[rows] + own * (sharp[rows].astype(np.float32) - pixels[rows]))
    return result


def path_in_words(undone: Undone, asked: float | None = None) -> str:
    """One sentence: what was found or given, how sure that is, and what was done. asked: a strength that was wanted."""
    shake = undone.shake
    facts = {"length": shake.length, "confidence": round(100 * shake.confidence), "least": LEAST_SIDE}
    at_will = "" if asked is None else ASKED.format(strength=round(100 * asked))
    if undone.given:
        return _sentence(GIVEN.format(**facts), at_will)
    if not shake.steps:
        return _sentence(TOO_SMALL.format(**facts))
    if shake.trust == 0:
        if shake.radius <= STILL:
            return _sentence(SHARP, at_will)
        return _sentence(NONE_FITS.format(**facts), at_will) if undone.strength else _sentence(NO_PATH)
    if shake.confidence < FAIRLY:
        return _sentence(NOT_SURE.format(**facts), at_will or IN_PART)
    return _sentence(FOUND.format(sure=SURE if shake.confidence >= BELIEF else FAIRLY_SURE, **facts), at_will)


def _sentence(found: str, done: str = "") -> Message:
    return Message("{found}{done}.", found=found, done=done)


def path_facts(undone: Undone) -> dict[str, float | bool]:
    """The same for programs: length and radius in pixels, confidence and strength in [0, 1], whether it was given."""
    shake = undone.shake
    return {
        "given": undone.given,
        "length": round(shake.length, 2),
        "radius": round(shake.radius, 3),
        "confidence": round(shake.confidence, 4),
        "strength": round(undone.strength, 4),
    }
